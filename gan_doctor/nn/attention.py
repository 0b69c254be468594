"""Self-attention over the places of a map (Zhang 2019, SAGAN, section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """`x + gamma v(sum_i b_ji h(x_i))`, b_ji = softmax over i of f(x_i) . g(x_j).

    f, g, h and v are 1x1 convolutions without bias; f and g give C/8 channels, h gives C/2, all
    rounded down and at least 1. gamma starts at 0, so that the layer starts as the identity: where
    it stays at 0, the layer does nothing. Each place looks at all others, which takes memory with
    the fourth power of the side. A dot product has no Lipschitz bound, which Wasserstein estimates
    ask for.

    Args:
        channels: C, of the input and the output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        keys, values = max(1, channels // 8), max(1, channels // 2)
        self.f = nn.Conv2d(channels, keys, 1, bias=False)
        self.g = nn.Conv2d(channels, keys, 1, bias=False)
        self.h = nn.Conv2d(channels, values, 1, bias=False)
        self.v = nn.Conv2d(values, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        f, g, h = self.f(x).flatten(2), self.g(x).flatten(2), self.h(x).flatten(2)
        # Written out, as fused attention has no second derivative for gradient penalties.
        b = torch.softmax(f.transpose(1, 2) @ g, dim=1)  # (B, HW, HW), sums to 1 over i
        o = (h @ b).unflatten(2, x.shape[2:])  # (B, values, H, W)
        return x + self.gamma * self.v(o)  # type: ignore[no-any-return]
