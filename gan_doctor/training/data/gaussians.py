"""Mixtures of equal, narrow Gaussians in the plane, whose modes can be counted exactly."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_doctor.training.data.dataset import Dataset

_RING_POINTS, _RING_SD = 50_000, 0.01
_GRID_POINTS, _GRID_SD = 100_000, 0.05


def ring(n: int, generator: torch.Generator, modes: int = 8, sd: float = _RING_SD) -> Tensor:
    """Points of equal Gaussians on the unit circle (Lin 2018, section 4.1).

    Args:
        n: Number of points.
        generator: Draws them.
        modes: Number of Gaussians.
        sd: Their standard deviation.

    Returns:
        (n, 2).
    """
    return _drawn(n, _circle(modes), sd, generator)[0]


def ring_data() -> Dataset:
    """The ring of eight with its modes as classes, as Lin 2018 has it."""
    return _mixture(_RING_POINTS, _circle(8), _RING_SD)


def grid_data() -> Dataset:
    """25 Gaussians at {-4, -2, 0, 2, 4}^2, their number as classes (Lin 2018, section 4.1)."""
    line = torch.arange(-4.0, 5, 2)
    return _mixture(_GRID_POINTS, torch.cartesian_prod(line, line), _GRID_SD)


def _circle(modes: int) -> Tensor:
    # The angles leave the full turn out, or the first would count twice.
    angle = torch.arange(modes) * (2 * math.pi / modes)
    return torch.stack([angle.cos(), angle.sin()], 1)


def _mixture(n: int, means: Tensor, sd: float) -> Dataset:
    x, y = _drawn(n, means, sd, torch.Generator().manual_seed(0))
    return Dataset(x, y, classes=len(means), means=means, sd=sd)


def _drawn(n: int, means: Tensor, sd: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(n, 2) points, and the Gaussian (n,) that each is of."""
    y = torch.randint(len(means), (n,), generator=generator)
    return means[y] + sd * torch.randn(n, 2, generator=generator), y
