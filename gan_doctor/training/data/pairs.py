"""A paired task: a digit is to be restored from a small copy of it."""

from __future__ import annotations

from torch.nn.functional import avg_pool2d

from gan_doctor.training.data.dataset import Dataset
from gan_doctor.training.data.digits import digits


def pairs() -> Dataset:
    """The digits of 8x8 as outputs, their means over 2x2 pixels (N, 16) as inputs."""
    x = digits().x
    return Dataset(x, avg_pool2d(x, 2).flatten(1), paired=True)
