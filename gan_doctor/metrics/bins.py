"""Whether fakes fill the bins of the real data as often as reals do: the test of each bin, NDB."""

from __future__ import annotations

from statistics import NormalDist

import torch
from torch import Tensor


def bin_z(real: Tensor, fake: Tensor, n: int, m: int) -> Tensor:
    """The two-proportion z of each bin, with the pooled standard error.

    Richardson and Weiss 2018 (1805.12462). Normal under the null where a bin expects 10 samples or
    more.

    Args:
        real: (..., K) share of the reals in each bin, as `Modes.occupancy` gives.
        fake: (..., K) share of the fakes.
        n: Number of reals behind the shares.
        m: Number of fakes.

    Returns:
        (..., K), above 0 where there are too many fakes and below 0 where too few; 0 for a bin that
        both leave empty.
    """
    pooled = (n * real + m * fake) / (n + m)
    error = (pooled * (1 - pooled) * (1 / n + 1 / m)).sqrt()
    difference = fake - real
    # All in one bin, or none: nothing differs and nothing can.
    return (difference / error).masked_fill(difference == 0, 0)


def ndb(real: Tensor, fake: Tensor, n: int, m: int, alpha: float = 0.05) -> Tensor:
    """The share of bins that hold significantly more or fewer fakes than reals: NDB / K.

    For two draws of one distribution it is `alpha` on average. Its power grows with n and m, so
    that only numbers at the same sizes compare.

    Args:
        real: (..., K), as in `bin_z`.
        fake: (..., K).
        n: Number of reals.
        m: Number of fakes.
        alpha: Two-sided level of the test of one bin, in (0, 1); the paper's.

    Returns:
        (...) in [0, 1]; NaN where a share is.
    """
    z = bin_z(real, fake, n, m).abs()
    beyond = (z > NormalDist().inv_cdf(1 - alpha / 2)).float().mean(-1)
    return beyond.masked_fill(z.isnan().any(-1), torch.nan)
