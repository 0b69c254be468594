"""How well one score separates reals from fakes, whatever its scale and offset."""

from __future__ import annotations

import torch
from torch import Tensor


def auroc(real: Tensor, fake: Tensor) -> Tensor:
    """The probability that a real scores above a fake, ties counting half.

    The Mann-Whitney U over the number of pairs. It works for D's raw output in every loss family
    and does not change with its offset or scale. For independent logits its null deviation is
    sqrt((n + m + 1) / (12 n m)). Reals and fakes must have met the same weights of D: logits of
    several steps, pooled, say nothing.

    Args:
        real: Scores of reals, any shape.
        fake: Scores of fakes, any shape.

    Returns:
        0-d in [0, 1]; NaN when a score is NaN or there are none.

    Example:
        >>> auroc(torch.tensor([2.0, 1.0]), torch.tensor([1.0, 0.0]))
        tensor(0.8750)
    """
    dtype = torch.promote_types(real.dtype, fake.dtype)
    real = real.flatten().to(dtype).contiguous()
    fake = fake.flatten().to(dtype).sort().values
    below = torch.searchsorted(fake, real).sum()
    not_above = torch.searchsorted(fake, real, right=True).sum()
    share = (below + not_above).float() / (2 * real.numel() * fake.numel())
    return share.masked_fill(real.isnan().any() | fake.isnan().any(), torch.nan)
