"""Modes of the real data as clusters, and how samples fill them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits
from torch import Tensor

from gan_doctor.metrics.distances import distances


@dataclass(frozen=True, eq=False)
class Modes:
    """Clusters of the real data, frozen once so that occupancies over a run compare.

    Args:
        centres: (K, F).
    """

    centres: Tensor

    @classmethod
    def fit(cls, features: Tensor, k: int, seed: int = 0) -> Modes:
        """Finds the clusters by k-means. Runs on the CPU, so it waits for the device.

        Args:
            features: (N, F) of reals.
            k: How many; fewer are made where fewer rows differ.
            seed: Of the starting centres; the global random state is not touched.
        """
        rows = features.detach().double().cpu().numpy()
        k = min(k, len(np.unique(rows, axis=0)))
        # So small a problem is slower on several threads than on one, beside a training above all.
        with threadpool_limits(1):
            centres = KMeans(k, n_init=3, random_state=seed).fit(rows).cluster_centers_
        return cls(torch.from_numpy(centres).to(features.device, torch.float32))

    def assign(self, features: Tensor) -> Tensor:
        """The cluster of each sample, by the nearest centre: (..., N, F) to (..., N) long."""
        return distances(features, self.centres).argmin(-1)

    def occupancy(self, features: Tensor) -> Tensor:
        """The share of samples in each cluster: (..., N, F) to (..., K)."""
        return self.shares(self.assign(features))

    def shares(self, cluster: Tensor) -> Tensor:
        """The share of samples in each cluster, from that of each: (..., N) to (..., K)."""
        every = torch.arange(len(self.centres), device=cluster.device)
        return (cluster[..., None] == every).float().mean(-2)


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """The Jensen-Shannon divergence of two occupancies.

    Between two draws of n and m samples from one distribution it is about (K - 1) / 8 * (1/n +
    1/m), not 0.

    Args:
        p: (..., K) shares that sum to 1; zeros are fine.
        q: (..., K) likewise.

    Returns:
        (...) in nats, from 0 to ln 2.
    """
    entropy = torch.special.entr
    divergence: Tensor = entropy((p + q) / 2).sum(-1) - (entropy(p) + entropy(q)).sum(-1) / 2
    # Rounding can leave equal shares a hair below 0.
    return divergence.clamp(min=0)


def reached(p: Tensor, q: Tensor, fraction: float = 0.1) -> Tensor:
    """The share of the clusters occupied by `q` that `p` reaches.

    `p` reaches a cluster when its share there is at least a tenth of that of `q`: a stray sample in
    a large cluster is not enough. A cluster that should get 30 of n samples gets under 3 by chance
    with a probability below 1e-10, but one that should get 3 stays empty in 5% of draws: read the
    number against real data at the same n.

    Args:
        p: (..., K) occupancy to judge: the fakes'.
        q: (..., K) occupancy to be reached: the reals'.
        fraction: Of the share of `q`; the tenth is our choice.

    Returns:
        (...) in [0, 1].
    """
    occupied = q > 0
    hit = occupied & (p >= fraction * q)
    return hit.float().sum(-1) / occupied.float().sum(-1)
