"""Fakes against reals in their pixels: smoothness, sharpness, grids, values and borders."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.metrics import (
    border_distance,
    high_frequency_share,
    laplacian_variance,
    neighbour_correlation,
    outside,
    power_spectrum,
    spectral_slope,
    unreached,
    upsampling_peaks,
    value_distance,
)
from gan_doctor.sampling.null import DRAWS, FRESH, halves

FEW_DRAWS = 8  # of what takes all pixels anew at each draw, and is far from any limit on reals
BLOCKS = 32  # in which what one set shows by itself is taken, to draw halves of the reals from
IMAGES = 128  # whose values are counted: a million pixels say no more than a hundred thousand

_BETWEEN = {
    "value_distance": value_distance,
    "border_distance": border_distance,
    "outside": outside,
    "unreached": unreached,
}


class InPixels:
    """The real images, prepared once.

    Args:
        real: (2n, C, H, W) in random order; the first half is held against fakes.
    """

    def __init__(self, real: Tensor) -> None:
        self._real = real

    def measure(self, fake: Tensor) -> dict[str, Tensor]:
        """(n, C, H, W) fakes to a number a measure."""
        real, few = self._real[:IMAGES].float(), fake[:IMAGES].float()
        return _alone(fake.float()) | {name: f(real, few) for name, f in _BETWEEN.items()}

    def null(self, generator: torch.Generator) -> dict[str, Tensor]:
        """(draws,) what each gives on as many fresh reals."""
        real = self._real.float()
        whole = _alone(real)
        size = len(real) // BLOCKS
        blocks = _alone(real[: size * BLOCKS].unflatten(0, (BLOCKS, size)))
        half = halves(BLOCKS, DRAWS, generator)
        drawn = {}
        for name, value in whole.items():
            off = (half.float() @ blocks[name]) / half.sum(1) - blocks[name].mean()
            drawn[name] = value + FRESH * off
        chosen = halves(len(self._real), FEW_DRAWS, generator)
        pairs = [(self._real[h][:IMAGES].float(), self._real[~h][:IMAGES].float()) for h in chosen]
        for name, between in _BETWEEN.items():
            drawn[name] = torch.stack([between(a, b) for a, b in pairs])
        return drawn


def _alone(images: Tensor) -> dict[str, Tensor]:
    """What each set of images (..., N, C, H, W) shows by itself."""
    power = power_spectrum(images)
    return {
        "neighbour_correlation": neighbour_correlation(images),
        "spectral_slope": spectral_slope(power),
        "high_frequency": high_frequency_share(power),
        "laplacian_variance": laplacian_variance(images),
        "checkerboard": upsampling_peaks(power),
    }
