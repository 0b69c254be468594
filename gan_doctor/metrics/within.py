"""How much fakes differ from each other within one cluster or class of the real data."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.core import ConfigError


def spread_within(
    features_real: Tensor,
    clusters_real: Tensor,
    features_fake: Tensor,
    clusters_fake: Tensor,
    k: int,
    at_least: int = 8,
) -> Tensor:
    """The spread of the fakes in a cluster over that of the reals in it, the median over clusters.

    The spread is the trace of the unbiased covariance. It sees a G that makes all classes, each of
    them always the same way, which the spread over all samples does not.

    Args:
        features_real: (..., N, F).
        clusters_real: (..., N) long, from 0 to k - 1: the cluster or class of each.
        features_fake: (..., M, F).
        clusters_fake: (..., M) long.
        k: Number of clusters.
        at_least: Samples that a cluster needs on both sides to count, >= 2. Our choice; the
            catalogue asks for 32 where one class is judged on its own.

    Returns:
        (...), about 1 where fakes vary as reals do; NaN where no cluster counts. A cluster whose
        reals are all the same does not count.

    Raises:
        ConfigError: at_least is below 2.
    """
    if at_least < 2:
        raise ConfigError(f"A variance needs 2 samples or more, got at_least={at_least}")
    real, n = _spreads(features_real, clusters_real, k)
    fake, m = _spreads(features_fake, clusters_fake, k)
    counts = (n >= at_least) & (m >= at_least) & (real != 0)
    ratios = (fake / real).masked_fill(~counts, torch.nan)
    median = ratios.nanquantile(0.5, -1)
    # A NaN among the features is no small cluster, to be passed over.
    return median.masked_fill((counts & ratios.isnan()).any(-1), torch.nan).float()


def _spreads(features: Tensor, clusters: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The trace of the covariance of each cluster and its size: (..., K) each."""
    shape = clusters.shape[:-1]
    # In float64 equal float32 rows have exactly themselves as their mean, and no spread.
    x = features.float().double().flatten(0, -2)  # (B N, F)
    batch = torch.arange(shape.numel(), device=clusters.device).repeat_interleave(
        clusters.shape[-1], output_size=clusters.numel()
    )
    bin_of = clusters.flatten() + k * batch  # (B N,)
    bins = k * shape.numel()
    size = x.new_zeros(bins).index_add(0, bin_of, torch.ones_like(x[:, 0]))
    mean = x.new_zeros(bins, x.shape[1]).index_add(0, bin_of, x) / size[:, None]
    off = (x - mean.index_select(0, bin_of)).square().sum(1)
    spread = x.new_zeros(bins).index_add(0, bin_of, off) / (size - 1)
    return spread.view(*shape, k), size.view(*shape, k)
