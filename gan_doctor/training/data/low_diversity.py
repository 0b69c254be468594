"""Real data of little spread, on which a doctor must not see a collapse."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.training.data.dataset import Dataset

_IMAGES, _SIDE = 5_000, 16
_SHIFT = 1.5  # pixels, each way
_DIMMEST = 0.8  # of the brightest
_RADIUS = 3.0  # pixels: the sd of the blob


def low_diversity() -> Dataset:
    """One bright blob on black (N, 1, 16, 16), moved a little and a little brighter or dimmer.

    It is ours; nothing but position and brightness differs.
    """
    random = torch.Generator().manual_seed(0)
    shift = _SHIFT * (2 * torch.rand(2, _IMAGES, 1, generator=random) - 1)
    brightness = _DIMMEST + (1 - _DIMMEST) * torch.rand(_IMAGES, 1, 1, generator=random)
    rows, columns = (_bump(by) for by in shift)  # (N, 16) each
    blob = brightness * rows[:, :, None] * columns[:, None, :]
    return Dataset((2 * blob - 1).unsqueeze(1))


def _bump(shift: Tensor) -> Tensor:
    """(N, 1) shifts from the middle to (N, 16) heights of up to 1."""
    at = torch.arange(_SIDE) - (_SIDE - 1) / 2 - shift
    return (-at.square() / (2 * _RADIUS**2)).exp()
