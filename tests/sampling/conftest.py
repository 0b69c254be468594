"""Real digits and a made-up ring to measure on."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor


@pytest.fixture(scope="session")
def digits() -> tuple[Tensor, Tensor]:
    """(1797, 1, 8, 8) digits in [-1, 1] in random order, and their labels."""
    data = load_digits()
    order = torch.randperm(len(data.images), generator=torch.Generator().manual_seed(0))
    images = torch.from_numpy(data.images).float()[:, None] / 8 - 1
    return images[order], torch.from_numpy(data.target)[order]


@pytest.fixture(scope="session")
def ring() -> Tensor:
    """(2000, 2) points around 8 places of a circle."""
    generator = torch.Generator().manual_seed(0)
    angle = torch.randint(8, (2000,), generator=generator) * math.pi / 4
    centre = torch.stack([angle.cos(), angle.sin()], 1)
    return centre + 0.02 * torch.randn(2000, 2, generator=generator)
