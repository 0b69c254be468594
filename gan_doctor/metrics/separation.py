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
    return auroc_by_row(real.flatten()[None], fake.flatten()[None])[0]


def auroc_by_row(real: Tensor, fake: Tensor) -> Tensor:
    """`auroc` within each of several batches at once.

    Args:
        real: (S, N) scores of reals.
        fake: (S, M) scores of fakes.

    Returns:
        (S,)
    """
    dtype = torch.promote_types(real.dtype, fake.dtype)
    real = real.to(dtype).contiguous()
    fake = fake.to(dtype).sort().values
    below = torch.searchsorted(fake, real).sum(1)
    not_above = torch.searchsorted(fake, real, right=True).sum(1)
    share = (below + not_above).float() / (2 * real.shape[1] * fake.shape[1])
    return share.masked_fill(real.isnan().any(1) | fake.isnan().any(1), torch.nan)
