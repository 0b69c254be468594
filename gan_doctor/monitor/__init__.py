"""What sits inside a training loop."""

from gan_doctor.monitor.monitor import Monitor

__all__ = ["Monitor"]
