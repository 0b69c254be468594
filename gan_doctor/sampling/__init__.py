"""Samples measured against real data, live and afterwards, in one way."""

from gan_doctor.sampling.reference import MIN_SAMPLES, Reference

__all__ = ["MIN_SAMPLES", "Reference"]
