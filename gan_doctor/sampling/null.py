"""The null of the sample measures: random disjoint halves of the reals, held against each other.

Two hundred dense comparisons would cost more than all checks of a short run. Which points are near
which does not change from draw to draw, only which half they fall in, so a draw reads the measures
off one table of nearest neighbours and off matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

# Nearest neighbours held of each real. Half of them fall in its own half, of which 5 are needed:
# fewer than 5 of 40 do with a chance of 1e-7.
_NEIGHBOURS = 40


DRAWS = 200  # of halves: enough for a normal band (catalogue 2.2.1)

# A half of 2n scatters around their whole with half the variance of n fresh samples, and the whole
# around the truth with another half: together 3 times what draws of halves show.
FRESH = 3**0.5


@dataclass(frozen=True)
class NearestNeighbours:
    """The nearest others of each of N points, in order.

    Args:
        index: (N, R).
        distance: (N, R) rising along each row.
    """

    index: torch.Tensor
    distance: torch.Tensor

    @classmethod
    def of(cls, distances: torch.Tensor) -> NearestNeighbours:
        """From the (N, N) distances of the points to each other."""
        others = distances.clone().fill_diagonal_(torch.inf)
        nearest = others.topk(min(_NEIGHBOURS, len(others) - 1), largest=False)
        return cls(nearest.indices, nearest.values)


def halves(n: int, draws: int, generator: torch.Generator) -> torch.Tensor:
    """(draws, n) bool: a random half of n points in each row."""
    order = torch.rand(draws, n, generator=generator).argsort(1)
    return order < n // 2


def neighbour_null(
    near: NearestNeighbours, half: torch.Tensor, duplicate: float, k_pr: int = 3, k_dc: int = 5
) -> dict[str, torch.Tensor]:
    """Precision, recall, density, coverage and duplicates between the halves of each draw.

    Args:
        near: Of all points.
        half: (draws, N) bool: the half that stands for the reals.
        duplicate: Closer than this is a duplicate.
        k_pr: Neighbours for precision and recall.
        k_dc: Neighbours for density and coverage.

    Returns:
        (draws,) by name.
    """
    names = ("precision", "recall", "density", "coverage", "duplicates")
    drawn = [_one_draw(near, real, duplicate, k_pr, k_dc) for real in half]
    columns = (torch.stack(values) for values in zip(*drawn, strict=True))
    return dict(zip(names, columns, strict=True))


def mean_by_halves(table: torch.Tensor, half: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The mean of a table of pairs within and between the halves of each draw.

    Args:
        table: (N, N) symmetric: a kernel, or distances.
        half: (draws, N) bool.

    Returns:
        (draws,) within the first half without the diagonal, within the second, and between them.
    """
    a, b = half.to(table.dtype), (~half).to(table.dtype)
    n, m, diagonal = a.sum(1), b.sum(1), table.diagonal()
    to_a = a @ table
    within_a = ((to_a * a).sum(1) - a @ diagonal) / (n * (n - 1))
    within_b = (((b @ table) * b).sum(1) - b @ diagonal) / (m * (m - 1))
    return within_a, within_b, (to_a * b).sum(1) / (n * m)


def spread_by_halves(
    features: torch.Tensor, half: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The trace of the feature covariance within the halves of each draw.

    Args:
        features: (N, F), centred, so that no digits are lost in the difference.
        half: (draws, N) bool.

    Returns:
        (draws,) of the first half, and of the second.
    """
    squares = features.square().sum(1)

    def spread(member: torch.Tensor) -> torch.Tensor:
        n = member.sum(1)
        mean = member @ features / n[:, None]
        return (member @ squares - n * mean.square().sum(1)) / (n - 1)

    return spread(half.to(features.dtype)), spread((~half).to(features.dtype))


def within_by_halves(
    features: torch.Tensor, belongs: torch.Tensor, half: torch.Tensor, at_least: int
) -> torch.Tensor:
    """The spread within a cluster, of the second half of each draw over the first.

    Args:
        features: (N, F), centred.
        belongs: (N, K) 1 where a point is in a cluster, else 0.
        half: (draws, N) bool.
        at_least: Points that a cluster needs in both halves to count.

    Returns:
        (draws,) the median over the clusters that count, NaN where none does.
    """
    squares = features.square().sum(1, keepdim=True) * belongs  # (N, K)
    parts = (belongs[:, :, None] * features[:, None]).flatten(1)  # (N, K F)

    def spread(member: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        n = member @ belongs  # (draws, K)
        mean = (member @ parts).unflatten(1, (belongs.shape[1], -1)) / n[..., None]
        return (member @ squares - n * mean.square().sum(-1)) / (n - 1), n

    (a, n), (b, m) = (spread(h.to(features.dtype)) for h in (half, ~half))
    counts = (n >= at_least) & (m >= at_least) & (a > 0)
    return (b / a).masked_fill(~counts, torch.nan).nanquantile(0.5, -1)


def _one_draw(
    near: NearestNeighbours, real: torch.Tensor, duplicate: float, k_pr: int, k_dc: int
) -> tuple[torch.Tensor, ...]:
    same = real[near.index] == real[:, None]
    rank = same.cumsum(1, dtype=torch.int16)

    def radius(k: int) -> torch.Tensor:
        """(N, 1) distance to the k-th neighbour of the same half."""
        return near.distance.gather(1, (rank < k).sum(1, keepdim=True).clamp_max(rank.shape[1] - 1))

    # A point that lies in the ball of any point of the other half: precision for the fakes, recall
    # for the reals.
    reached = torch.zeros(len(real), dtype=torch.bool)
    reached[near.index[~same & (near.distance <= radius(k_pr))]] = True
    close = (~same & (near.distance < radius(k_dc)))[real].sum(1)
    return (
        reached[~real].float().mean(),
        reached[real].float().mean(),
        close.float().mean() / k_dc,
        (close > 0).float().mean(),
        (radius(1)[~real] < duplicate).float().mean(),
    )
