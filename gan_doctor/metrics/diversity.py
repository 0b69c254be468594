"""How much the samples of one set differ from each other.

Each number is to be read against the same number on as many reals.
"""

from __future__ import annotations

from torch import Tensor

from gan_doctor.metrics.manifold import nearest_radii


def nearest(self_distances: Tensor) -> Tensor:
    """The distance from each row to the nearest other: (..., N, N) to (..., N)."""
    return nearest_radii(self_distances, 1)


def mean_pairwise(self_distances: Tensor) -> Tensor:
    """The mean distance over all pairs.

    The mean and not the median of the literature: its null between halves of the reals is a matrix
    product. It sees full collapse only: two images have half the mean distance of the data.

    Args:
        self_distances: (..., N, N) of a set to itself.

    Returns:
        (...).
    """
    n = self_distances.shape[-1]
    return self_distances.sum((-2, -1)) / (n * (n - 1))


def duplicates(self_distances: Tensor, threshold: float | Tensor) -> Tensor:
    """The share of rows that have another row closer than a threshold.

    An automated birthday test (Arora and Zhang 2017, 1706.08224).

    Args:
        self_distances: (..., N, N) of a set to itself.
        threshold: The distance below which two samples are the same, a single number.

    Returns:
        (...) in [0, 1].
    """
    return (nearest(self_distances) < threshold).float().mean(-1)


def copied_pairs(self_distances: Tensor, threshold: float | Tensor) -> Tensor:
    """The share of pairs closer than a threshold: 1/k where the same k images come over and over.

    Args:
        self_distances: (..., N, N) of a set to itself.
        threshold: The distance below which two samples are the same, a single number.

    Returns:
        (...) in [0, 1].
    """
    n, close = self_distances.shape[-1], (self_distances < threshold).float()
    with_themselves = close.diagonal(dim1=-2, dim2=-1).sum(-1)
    return (close.sum((-2, -1)) - with_themselves) / (n * (n - 1))


def spread(features: Tensor) -> Tensor:
    """The trace of the unbiased covariance: (..., N, F) to (...)."""
    return features.float().var(-2).sum(-1)
