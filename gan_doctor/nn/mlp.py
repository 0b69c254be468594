"""Fully connected generator and discriminator, for vectors such as points of the plane."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn


class MLPGenerator(nn.Module):
    """z to vectors: hidden layers with ReLU and a linear output, as the data is not bounded.

    Args:
        latent: Dimension of z.
        features: Dimension of a sample.
        width: Units of a hidden layer.
        depth: Hidden layers.
    """

    def __init__(self, latent: int, features: int, width: int = 128, depth: int = 2) -> None:
        super().__init__()
        sizes = [latent, *[width] * depth]
        hidden = [m for a, b in pairwise(sizes) for m in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*hidden, nn.Linear(sizes[-1], features))

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent) to (B, features)."""
        return self.layers(z)  # type: ignore[no-any-return]


class MLPDiscriminator(nn.Module):
    """Vectors to one logit each: hidden layers with LeakyReLU(0.2).

    Args:
        features: Dimension of a sample.
        width: Units of a hidden layer.
        depth: Hidden layers.
    """

    def __init__(self, features: int, width: int = 128, depth: int = 2) -> None:
        super().__init__()
        sizes = [features, *[width] * depth]
        hidden = [m for a, b in pairwise(sizes) for m in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
        self.layers = nn.Sequential(*hidden, nn.Linear(sizes[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, features) to (B,) logits."""
        return self.layers(x).squeeze(1)  # type: ignore[no-any-return]
