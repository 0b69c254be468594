"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

import torch

from gan_doctor.training.data.dataset import Dataset


def digits() -> Dataset:
    """1,797 digits (N, 1, 8, 8), with their classes."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = torch.from_numpy(found.images).float().unsqueeze(1) / 8 - 1  # 0 to 16
    return Dataset(images, torch.from_numpy(found.target).long(), classes=10)
