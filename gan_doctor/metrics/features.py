"""The space in which samples are compared."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, conv2d, leaky_relu

from gan_doctor.core import ConfigError

_WIDTHS = (16, 32, 32, 32)  # filters of each layer
_SLOPE = 0.2
_GRID = 4
_FEATURES = 128
_WORKING_SIDE = 32


class Features(Protocol):
    """Maps samples to the vectors that the measures compare.

    Attributes:
        name: What stands beside every number measured in this space.
    """

    name: str

    def __call__(self, samples: Tensor) -> Tensor:
        """(N, ...) samples to (N, F) float32 features."""


class RandomConv:
    """A small fixed random network for images: no weights to download, the same on every machine.

    Strided convolutions with orthonormal filters and leaky ReLU halve the image until 4 x 4 places
    are left; a random projection brings these to 128 features, which nearly keeps distances
    (Johnson and Lindenstrauss 1984). Images of 64 pixels a side or more are first averaged down by
    a whole factor.

    Chosen on MNIST digits at 8 to 64 pixels with three seeds: the 5 nearest of 3,000 name the class
    of 84 to 92% (of raw pixels: 92 to 93%). Averaging to 2 x 2 places gave 3 to 10 points less,
    zero-mean filters up to 4. At 28 pixels a mild blur or noise shows weakly: see the spectrum.

    Args:
        channels: Of the images.
        size: Height and width, each at least 8.
        seed: Of the weights; the global random state is not touched.

    Raises:
        ConfigError: `size` is too small.
    """

    name = "random-conv"

    def __init__(self, channels: int, size: tuple[int, int], seed: int = 0) -> None:
        if min(size) < 8:
            raise ConfigError(f"RandomConv needs 8 x 8 pixels or more, got {size}. Use Raw.")
        self.shape = (channels, *size)
        self._reduction = max(1, min(size) // _WORKING_SIDE)
        generator = torch.Generator().manual_seed(seed)
        side, inputs, kernel = min(size) // self._reduction, channels, 5
        self._filters = []
        for outputs in _WIDTHS:
            if side <= _GRID:
                break
            rows = _orthonormal(outputs, inputs * kernel**2, generator)
            self._filters.append(rows.unflatten(1, (inputs, kernel, kernel)))
            side, inputs, kernel = -(-side // 2), outputs, 3
        pooled = inputs * _GRID**2
        # Scaled so that the mean square of the features stays what it was.
        rows = _orthonormal(_FEATURES, pooled, generator)
        self._projection = rows.t() * math.sqrt(pooled / _FEATURES)

    def __call__(self, samples: Tensor) -> Tensor:
        """(N, C, H, W) images in [-1, 1] to (N, 128) features.

        Raises:
            ConfigError: The images are not of the shape that was announced.
        """
        if samples.shape[1:] != self.shape:
            got = tuple(samples.shape[1:])
            raise ConfigError(f"RandomConv was made for images of shape {self.shape}, got {got}")
        if self._projection.device != samples.device:
            self._projection = self._projection.to(samples.device)
            self._filters = [filters.to(samples.device) for filters in self._filters]
        # Autocast would make the features of one run differ from call to call.
        with torch.autocast(samples.device.type, enabled=False):
            x = samples.float()
            if self._reduction > 1:
                x = avg_pool2d(x, self._reduction)
            for filters in self._filters:
                x = conv2d(x, filters, stride=2, padding=filters.shape[-1] // 2)
                x = leaky_relu(x, _SLOPE, inplace=True)
            places: Tensor = adaptive_avg_pool2d(x, _GRID).flatten(1)  # (N, 16 * channels)
            return places @ self._projection


class Raw:
    """The samples as they are: for points, table rows and signals."""

    name = "raw"

    def __call__(self, samples: Tensor) -> Tensor:
        """(N, ...) samples to (N, F)."""
        return samples.flatten(1).float()


def feature_space(sample_shape: tuple[int, ...], seed: int = 0) -> RandomConv | Raw:
    """The default space for samples of a shape.

    Args:
        sample_shape: Of one sample: (C, H, W) with both sides at least 8 counts as an image.
        seed: Of `RandomConv`.

    Example:
        >>> feature_space((1, 28, 28)).name, feature_space((2,)).name
        ('random-conv', 'raw')
    """
    if len(sample_shape) == 3 and min(sample_shape[1:]) >= 8:
        channels, height, width = sample_shape
        return RandomConv(channels, (height, width), seed)
    return Raw()


def _orthonormal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    gaussian = torch.randn(columns, rows, dtype=torch.float64, device="cpu", generator=generator)
    q, r = torch.linalg.qr(gaussian)
    # The signs of a QR are the library's choice; with r's diagonal they are unique.
    unique: Tensor = q * r.diagonal().sign()
    return unique.t().float().contiguous()
