"""The reference GAN: data, networks, one loop, and presets that go well or wrong on purpose."""

from gan_doctor.training.config import TrainConfig, read_setting
from gan_doctor.training.data import DATA
from gan_doctor.training.faults import FAULTS, Fault
from gan_doctor.training.grids import grids_into
from gan_doctor.training.loop import Trained, train
from gan_doctor.training.presets import PRESETS, Case, Preset
from gan_doctor.training.treatment import Attempt, treat, treated

__all__ = [
    "DATA",
    "FAULTS",
    "PRESETS",
    "Attempt",
    "Case",
    "Fault",
    "Preset",
    "TrainConfig",
    "Trained",
    "grids_into",
    "read_setting",
    "train",
    "treat",
    "treated",
]
