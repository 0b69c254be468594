"""Late layers that show D how a sample compares with the rest of its batch.

They end the independence of the samples: give reals and fakes to D in separate batches, always of
the same size, and never judge a single sample. A gradient penalty then takes in how samples act on
each other, and with distributed training each process sees only its own part of a batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gan_doctor.core import ConfigError


class MinibatchDiscrimination(nn.Module):
    """Appends how close a sample is to the others of its batch (Salimans 2016, section 3.2).

    `o_k(x_i) = sum over j != i of exp(-|M_ik - M_jk|_1)`, M_i = f(x_i) T of shape (K, C). The
    paper's sum takes in j = i, which only adds 1. T starts as N(0, 0.05). It keeps B * B * K * C
    numbers for the backward pass: 8 MB at B = 64, 130 MB at 256.

    Args:
        shape: Of one sample that comes in, (C, H, W) or (F,).
        kernels: K, appended to a vector, or to a map as K channels that are constant over it. 100
            and `dims=5` are the official code's.
        dims: C, of the vectors that a kernel compares.

    Attributes:
        added: Appended channels, `kernels`.
    """

    def __init__(self, shape: tuple[int, ...], kernels: int = 100, dims: int = 5) -> None:
        super().__init__()
        self.added, self.dims = kernels, dims
        self.T = nn.Parameter(torch.empty(math.prod(shape), kernels * dims))
        nn.init.normal_(self.T, 0, 0.05)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) to (B, C + kernels, ...)."""
        M = (x.flatten(1) @ self.T).unflatten(1, (self.added, self.dims))  # (B, K, C)
        # One dimension after the other: the difference of all pairs is B * B * K * C numbers.
        distance = torch.zeros((), device=x.device)
        for m in M.unbind(2):
            distance = distance + (m[:, None] - m[None]).abs()  # (B, B, K)
        itself = torch.eye(len(x), dtype=torch.bool, device=x.device)[:, :, None]
        return _appended(x, torch.exp(-distance).masked_fill(itself, 0).sum(1))


class MinibatchStdDev(nn.Module):
    """Appends the standard deviation within a group of samples (Karras 2018, section 3).

    It is taken of each number of a sample over the group, then averaged over all numbers: one value
    a group, appended as a feature or a constant channel. Of B samples, those i of equal i mod
    (B / group) are a group. Where `group` does not divide B, the largest smaller number that does
    is taken; for a prime B that is 1, and the layer says nothing.

    Args:
        shape: Of one sample that comes in, (C, H, W) or (F,); any will do.
        group: Samples of a group; a smaller batch is one group.

    Attributes:
        added: Appended channels, 1.

    Raises:
        ConfigError: `group` is below 2, so that there is nothing to compare.
    """

    def __init__(self, shape: tuple[int, ...], group: int = 4) -> None:
        super().__init__()
        if group < 2:
            raise ConfigError(f"group must be 2 or more, got {group}")
        self.added, self.group = 1, group

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) to (B, C + 1, ...)."""
        group = next(g for g in range(min(self.group, len(x)), 0, -1) if len(x) % g == 0)
        grouped = x.unflatten(0, (group, -1)).flatten(2)  # (G, B/G, F)
        variance = (grouped - grouped.mean(0)).square().mean(0)
        # The constant is of the official code: the root has no slope at 0.
        sd = (variance + 1e-8).sqrt().mean(1)  # (B/G,)
        return _appended(x, sd.repeat(group)[:, None])


def _appended(x: Tensor, values: Tensor) -> Tensor:
    """(B, C, ...) with (B, n) values behind its channels, constant over the places."""
    places = x.shape[2:]
    values = values.to(x.dtype).reshape(*values.shape, *[1] * len(places))
    return torch.cat([x, values.expand(-1, -1, *places)], 1)
