"""Stacked MNIST: three digits as the colours of one image, which makes a thousand modes."""

from __future__ import annotations

import torch

from gan_doctor.training.data.dataset import Dataset
from gan_doctor.training.data.mnist import mnist

_STACKS = 100_000


def stacked_mnist(size: int, file: str) -> Dataset:
    """Images (100000, 3, size, size) of random digits (Srivastava 2017); the count is our choice.

    Their class is the number that the three digits write, the first colour its hundreds. They are
    put together batch by batch.

    Args:
        size: Side of an image, at most 28.
        file: As for `mnist`.

    Raises:
        ConfigError: The file is missing or is no such data.
    """
    single = mnist(size, file)
    random = torch.Generator().manual_seed(0)
    chosen = torch.randint(len(single), (_STACKS, 3), generator=random)
    if single.y is None:
        return Dataset(single.x, channels=chosen)
    number = (single.y[chosen] * torch.tensor([100, 10, 1])).sum(1)
    return Dataset(single.x, number, classes=1000, channels=chosen)
