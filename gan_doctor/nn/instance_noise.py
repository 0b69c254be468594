"""Gaussian noise on all that D sees, reals and fakes alike, which fades (Sonderby 2017)."""

from __future__ import annotations

import torch
from torch import Tensor


def instance_noise(x: Tensor, sd: float, generator: torch.Generator | None = None) -> Tensor:
    """Adds independent noise N(0, sd^2) to every number.

    Show D noise of the same law on reals and fakes, in D's step and in G's: through this sum the
    gradient reaches G.

    Args:
        x: Any shape; (B, ...) reals or fakes.
        sd: Standard deviation, >= 0, in the unit of x; .1 is usual for images in [-1, 1].
        generator: On the device of x; torch's global one when None.

    Returns:
        The shape of x.
    """
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    return x.add(noise, alpha=sd)


def annealed(start: float, done: float, until: float) -> float:
    """Falls linearly from `start` to 0: `start * max(0, 1 - done / until)`.

    Args:
        start: The value at first.
        done: Share of the training that is done, in [0, 1].
        until: Share after which it is 0, above 0.

    Example:
        >>> annealed(0.1, done=0.25, until=0.5)
        0.05
    """
    return start * max(0.0, 1 - done / until)
