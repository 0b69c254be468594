"""D's targets with chance in them: noisy ones, and flipped ones (ganhacks; Salimans 2016, 3.4).

They are for D's step alone, never for G's, and for losses that have labels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.core import ConfigError


def noisy_labels(
    n: int,
    low: float = 0.8,
    high: float = 1.0,
    generator: torch.Generator | None = None,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Targets of reals from U[low, high]; what lies above 1 becomes 1.

    A target above 1 would leave the cross-entropy unbounded below.

    Args:
        n: Number of reals.
        low: Lowest target, in (0, 1].
        high: Highest one before it is cut off, at least `low`.
        generator: On `device`; torch's global one when None.
        device: Of the targets.

    Returns:
        (n,) in [low, 1].

    Raises:
        ConfigError: The bounds are out of range.
    """
    if not 0 < low <= 1 or high < low:
        raise ConfigError(f"low must lie in (0, 1] and high not below it, got {low} and {high}")
    drawn = torch.rand(n, generator=generator, device=device)
    return (low + (high - low) * drawn).clamp(max=1)


def flipped(
    real: Tensor, fake: Tensor, p: float = 0.05, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Swaps the target of each sample for that of the other side with probability p.

    Args:
        real: (B,) targets of the reals.
        fake: (B,) targets of the fakes.
        p: In [0, .5); the two sides are drawn apart.
        generator: On the device of the targets; torch's global one when None.

    Returns:
        The targets of both, (B,) each.

    Raises:
        ConfigError: `p` is out of range, or there are more targets on one side.
    """
    if not 0 <= p < 0.5:
        raise ConfigError(f"p must lie in [0, 0.5), got {p}")
    if real.shape != fake.shape:
        raise ConfigError(
            f"Flips swap the targets of reals and fakes: there must be as many, got "
            f"{len(real)} and {len(fake)}"
        )
    swap = torch.rand(2, len(real), generator=generator, device=real.device) < p
    return torch.where(swap[0], fake, real), torch.where(swap[1], real, fake)
