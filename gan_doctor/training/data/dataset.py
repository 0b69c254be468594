"""A whole data set in memory: samples, and what each of them is of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gan_doctor.core import ConfigError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples, with their classes or inputs where there are any.

    Args:
        x: (N, ...) float32: images (N, C, H, W) in [-1, 1], or vectors (N, F). With `channels` the
            rows are what samples are put together from.
        y: What G is told of a sample: classes (N,) long, or vectors (N, d) float.
        classes: Number of classes, 0 if y are none.
        paired: Whether y are inputs whose true output is x.
        means: (K, F), of a mixture of equal Gaussians.
        sd: Their standard deviation.
        channels: (N, C) long: sample i is made of these images of x, one a channel. Three digits at
            a time fill a thousand times the memory that the digits themselves do.
    """

    x: Tensor
    y: Tensor | None = None
    classes: int = 0
    paired: bool = False
    means: Tensor | None = None
    sd: float = 0.0
    channels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x if self.channels is None else self.channels)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Of one sample: (C, H, W) for images, (F,) for vectors."""
        if self.channels is None:
            return tuple(self.x.shape[1:])
        return (self.channels.shape[1], *self.x.shape[2:])

    @property
    def told(self) -> int:
        """Length of the vectors that G is told, 0 if there are none."""
        return self.y.shape[1] if self.y is not None and self.y.dim() == 2 else 0

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor | None]:
        """The samples of an index (B,): (B, ...) and what they are of, None if y is."""
        y = None if self.y is None else self.y[index]
        if self.channels is None:
            return self.x[index], y
        return self.x[self.channels[index]].flatten(1, 2), y  # (B, C, 1, H, W) to (B, C, H, W)

    def first(self, n: int) -> Tensor:
        """The first n samples as they lie, or all if there are fewer: (n, ...)."""
        return self.batch(torch.arange(min(n, len(self)), device=self.x.device))[0]

    def to(self, device: str | torch.device) -> Dataset:
        """The same data on a device."""
        tensors = {
            name: value.to(device)
            for name in ("x", "y", "means", "channels")
            if (value := getattr(self, name)) is not None
        }
        return replace(self, **tensors)

    def limited(self, n: int, seed: int, rest: bool = False) -> Dataset:
        """The first n samples of a shuffle, for trainings on little data.

        Args:
            n: From 1 to all.
            seed: Of the shuffle.
            rest: All but these instead.

        Raises:
            ConfigError: There are not so many.
        """
        if not 1 <= n <= len(self):
            raise ConfigError(
                f"data_limit must be from 1 to the {len(self)} samples of the data, got {n}; "
                "0 takes all"
            )
        random = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=random).to(self.x.device)
        index = order[n:] if rest else order[:n]
        y = None if self.y is None else self.y[index]
        if self.channels is None:
            return replace(self, x=self.x[index], y=y)
        return replace(self, channels=self.channels[index], y=y)

    def scaled_to_unit(self) -> Dataset:
        """The images in [0, 1], which is not what a tanh covers.

        Raises:
            ConfigError: The samples are no images.
        """
        if len(self.sample_shape) != 3:
            raise ConfigError(
                f"Only images can be scaled to [0, 1], and these samples have {self.sample_shape} "
                "numbers: set data_range to tanh"
            )
        return replace(self, x=(self.x + 1) / 2)
