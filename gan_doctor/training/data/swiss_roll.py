"""A spiral in the plane: one curved piece, where no mode can be counted or lost."""

from __future__ import annotations

import torch

from gan_doctor.training.data.dataset import Dataset

_POINTS = 50_000


def swiss_roll() -> Dataset:
    """The swiss roll seen from its end, divided by 7.5: about 0.9 of sd on each axis.

    Noise, axes and divisor are those of the toy trainings of Gulrajani 2017 (`gan_toy.py`).
    """
    from sklearn.datasets import make_swiss_roll

    rolled, _ = make_swiss_roll(_POINTS, noise=0.25, random_state=0)  # (N, 3)
    return Dataset(torch.from_numpy(rolled[:, [0, 2]]).float() / 7.5)
