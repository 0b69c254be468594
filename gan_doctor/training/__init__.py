"""The reference GAN: data, networks, one loop, and presets that go well or wrong on purpose."""

from gan_doctor.training.config import TrainConfig, read_setting
from gan_doctor.training.loop import Trained, train
from gan_doctor.training.presets import PRESETS, Preset

__all__ = ["PRESETS", "Preset", "TrainConfig", "Trained", "read_setting", "train"]
