"""The distance between two distributions by a kernel: KID on any features."""

from __future__ import annotations

import torch
from torch import Tensor


def polynomial_kernel(a: Tensor, b: Tensor) -> Tensor:
    """The cubic kernel (x.y / F + 1)^3 of KID (Binkowski et al. 2018, 1801.01401).

    Args:
        a: (..., N, F).
        b: (..., M, F).

    Returns:
        (..., N, M) float32.
    """
    # In float64, which autocast leaves alone.
    product = a.double() @ b.double().mT
    return (product / a.shape[-1] + 1).float() ** 3


def mmd2(kxx: Tensor, kyy: Tensor, kxy: Tensor) -> Tensor:
    """The unbiased squared maximum mean discrepancy (Binkowski et al. 2018, eq. 4).

    Args:
        kxx: (..., N, N) kernel of the one set with itself.
        kyy: (..., M, M) kernel of the other with itself.
        kxy: (..., N, M) kernel between the two.

    Returns:
        (...), 0 on average for two draws of one distribution, hence also below 0.
    """
    # The three means nearly cancel: float32 would keep few digits.
    cross = kxy.mean((-2, -1), dtype=torch.float64)
    return (_mean_of_pairs(kxx) + _mean_of_pairs(kyy) - 2 * cross).float()


def _mean_of_pairs(k: Tensor) -> Tensor:
    n = k.shape[-1]
    diagonal = k.diagonal(dim1=-2, dim2=-1)
    total = k.sum((-2, -1), dtype=torch.float64) - diagonal.sum(-1, dtype=torch.float64)
    return total / (n * (n - 1))
