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
    share = _beaten_twice(real, fake).sum(1).float() / (2 * real.shape[1] * fake.shape[1])
    return share.masked_fill(real.isnan().any(1) | fake.isnan().any(1), torch.nan)


def auroc_by_cluster(real: Tensor, fake: Tensor, cluster: Tensor, k: int) -> Tensor:
    """`auroc` of the reals of each cluster against all fakes.

    Of a D that scores reals high: low for the parts of the data that it takes for made ones, high
    for those that G leaves out.

    Args:
        real: Scores of reals, any shape.
        fake: Scores of fakes, any shape.
        cluster: As many as reals, long from 0 to k - 1: the cluster or class of each.
        k: Number of clusters.

    Returns:
        (K,) in [0, 1]; NaN for a cluster without reals or with a NaN score, and everywhere when a
        fake has one.
    """
    real, fake, cluster = real.flatten(), fake.flatten(), cluster.flatten()
    beaten = _beaten_twice(real[None], fake[None])[0].double()
    beaten = beaten.masked_fill(real.isnan() | fake.isnan().any(), torch.nan)
    total = beaten.new_zeros(k).index_add(0, cluster, beaten)
    size = beaten.new_zeros(k).index_add(0, cluster, torch.ones_like(beaten))
    return (total / (2 * size * len(fake))).float()


def _beaten_twice(real: Tensor, fake: Tensor) -> Tensor:
    """Twice the fakes of its row that each real beats, ties counting half: (S, N) long."""
    dtype = torch.promote_types(real.dtype, fake.dtype)
    real = real.to(dtype).contiguous()
    fake = fake.to(dtype).sort().values
    return torch.searchsorted(fake, real) + torch.searchsorted(fake, real, right=True)
