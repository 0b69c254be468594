"""Real digits to measure on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def digits() -> tuple[Tensor, Tensor]:
    """(1797, 1, 8, 8) digits in [-1, 1] in random order, and their labels."""
    data = load_digits()
    order = torch.randperm(len(data.images), generator=torch.Generator().manual_seed(0))
    images = torch.from_numpy(data.images).float()[:, None] / 8 - 1
    return images[order], torch.from_numpy(data.target)[order]


@pytest.fixture(scope="session")
def mnist() -> tuple[Tensor, Tensor]:
    """(10000, 1, 28, 28) MNIST digits in [-1, 1], and their labels."""
    folder = os.environ.get("GAN_DOCTOR_DATA")
    if not folder:
        pytest.skip("GAN_DOCTOR_DATA does not name a directory with mnist10k.npz")
    with np.load(Path(folder) / "mnist10k.npz") as file:
        images = torch.from_numpy(file["images"]).float()[:, None] / 127.5 - 1
        return images, torch.from_numpy(file["labels"]).long()
