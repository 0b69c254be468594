"""The Vendi score: the effective number of different samples in a set, by a kernel."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.metrics.distances import distances
from gan_doctor.metrics.eigenvalues import eigenvalues


def vendi_score(kernel: Tensor, order: float = 1.0) -> Tensor:
    """The exponential of the Renyi entropy of the eigenvalues of K / n.

    Friedman and Dieng 2022 (2210.02410) take the order 1, Shannon's entropy. The order 2 is n^2
    over the squared Frobenius norm of K: no eigenvalues, no waiting, and the one to take at every
    check. All others wait for the device on CUDA. The number depends on n and on the kernel: read
    it against as many reals under the same kernel. Under a cosine kernel few images look unlike
    (real digits score 1.9 to 3.5), so that a collapse hardly shows.

    Args:
        kernel: (..., N, N) of a set with itself, positive semi-definite with ones on the diagonal.
        order: > 0; infinity is 1 over the largest eigenvalue. Below 1 it weighs what is rare, and
            rounding with it.

    Returns:
        (...) from 1, all alike, to N, nothing alike; NaN where the kernel holds one.

    Raises:
        ConfigError: The order is not above 0.

    Example:
        >>> two_kinds = torch.block_diag(torch.ones(3, 3), torch.ones(3, 3))
        >>> vendi_score(two_kinds, order=2)
        tensor(2.)
    """
    if not order > 0:
        raise ConfigError(f"The order of a Vendi score must be above 0, got {order}")
    n = kernel.shape[-1]
    if order == 2:
        size: Tensor = torch.linalg.vector_norm(kernel, dim=(-2, -1), dtype=torch.float64)
        return (n / size).square().float()
    shares = eigenvalues(kernel) / n  # (..., N)
    if order == 1:
        entropy: Tensor = torch.special.entr(shares).sum(-1)
        return entropy.exp().float()
    if math.isinf(order):
        return (1 / shares.amax(-1)).float()
    score: Tensor = shares.pow(order).sum(-1).pow(1 / (1 - order))
    return score.float()


def rbf_kernel(a: Tensor, b: Tensor, bandwidth: float | Tensor) -> Tensor:
    """The Gaussian kernel exp(-|x - y|^2 / (2 bandwidth^2)).

    Args:
        a: (..., N, F).
        b: (..., M, F).
        bandwidth: > 0, a number or (...): the one of the real data for reals and fakes alike.

    Returns:
        (..., N, M) in [0, 1] float32.
    """
    if isinstance(bandwidth, Tensor):
        bandwidth = bandwidth.float()[..., None, None]
    return torch.exp(-(distances(a, b) / bandwidth).square() / 2)


def cosine_kernel(a: Tensor, b: Tensor) -> Tensor:
    """The cosine between the rows of two sets.

    Args:
        a: (..., N, F).
        b: (..., M, F).

    Returns:
        (..., N, M) in [-1, 1] float32; NaN for a row of zeros, which has no direction.
    """
    # In float64, which autocast leaves alone.
    return (_directions(a) @ _directions(b).mT).float()


def median_bandwidth(self_distances: Tensor) -> Tensor:
    """The median distance over all pairs, the usual bandwidth of a Gaussian kernel.

    Args:
        self_distances: (..., N, N) of the real data to itself.

    Returns:
        (...), of an even number of pairs the lower middle one; 0 where most reals are alike, for
        which there is no kernel.

    Raises:
        ConfigError: There are fewer than 2 rows.
    """
    n = self_distances.shape[-1]
    if n < 2:
        raise ConfigError(f"A median over pairs needs 2 samples or more, got {n}")
    row, column = torch.triu_indices(n, n, 1, device=self_distances.device)
    pairs = self_distances.flatten(-2).index_select(-1, row * n + column)
    return pairs.median(-1).values


def _directions(x: Tensor) -> Tensor:
    x = x.double()
    length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / length
