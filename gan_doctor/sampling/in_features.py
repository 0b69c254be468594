"""Fakes against reals in a space of features: where they lie, how they differ, what they repeat."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.metrics import (
    Modes,
    copied_pairs,
    density_coverage,
    distances,
    duplicates,
    effective_rank,
    jensen_shannon,
    mean_pairwise,
    median_bandwidth,
    mmd2,
    nearest,
    polynomial_kernel,
    precision_recall,
    reached,
    spread,
    spread_within,
    vendi_score,
)
from gan_doctor.sampling.null import (
    DRAWS,
    FRESH,
    NearestNeighbours,
    halves,
    mean_by_halves,
    neighbour_null,
    spread_by_halves,
    within_by_halves,
)

MODES = 20  # clusters of the real data, if 20 samples a cluster can be had
IN_CLUSTER = 10  # samples on each side from which the spread within a cluster counts
K_PR, K_DC = 3, 5  # neighbours: Kynkaanniemi 2019, Naeem 2020
FEW_DRAWS = 20  # of what is dear to draw: the deviation is then known to a sixth


class InFeatures:
    """The real side in one space, prepared once.

    Args:
        both: (2n, F) features of reals in random order; the first half is held against fakes.
        seed: Of the clusters.
    """

    def __init__(self, both: Tensor, seed: int) -> None:
        self._both, self._n = both, len(both) // 2
        self._half = both[: self._n]
        self._everyone = distances(both, both)
        self._own = self._everyone[: self._n, : self._n]
        self._kernel = polynomial_kernel(self._half, self._half)
        self.modes = Modes.fit(both, min(MODES, len(both) // 20), seed)
        self.clusters = self.modes.assign(both)  # (2n,)
        self._occupancy = self.modes.shares(self.clusters[: self._n])
        self._spread, self._pairwise = spread(self._half), mean_pairwise(self._own)
        self._rank = effective_rank(self._half)
        self._bandwidth = median_bandwidth(self._own)
        self._vendi = self._different(self._own)
        nearest_other = nearest(self._everyone)
        self._nearest = nearest_other.median()
        # Closer than 999 of 1,000 reals are to their nearest other.
        self._duplicate = torch.quantile(nearest_other, 0.001)

    def measure(self, f: Tensor) -> dict[str, Tensor]:
        """(n, F) features of fakes to a number a measure; `mode_share` is (K,)."""
        to_both, own = distances(self._both, f), distances(f, f)
        cross = to_both[: self._n]
        precision, recall = precision_recall(self._own, own, cross, K_PR)
        density, coverage = density_coverage(self._own, cross, K_DC)
        kernels = (polynomial_kernel(f, f), polynomial_kernel(self._half, f))
        of_fakes = self.modes.assign(f)
        occupancy = self.modes.shares(of_fakes)
        within = (self._half, self.clusters[: self._n], f, of_fakes, len(occupancy), IN_CLUSTER)
        return {
            "precision": precision,
            "recall": recall,
            "density": density,
            "coverage": coverage,
            "kernel_distance": mmd2(self._kernel, *kernels),
            "pairwise_ratio": mean_pairwise(own) / self._pairwise,
            "spread_ratio": spread(f) / self._spread,
            "cluster_spread_ratio": spread_within(*within),
            "rank_ratio": effective_rank(f) / self._rank,
            "vendi_ratio": self._different(own) / self._vendi,
            "nearest_ratio": to_both.amin(0).median() / self._nearest,
            "duplicates": duplicates(own, self._duplicate),
            "copied_pairs": copied_pairs(own, self._duplicate),
            "modes": reached(occupancy, self._occupancy),
            "mode_distance": jensen_shannon(occupancy, self._occupancy),
            "mode_share": occupancy,
        }

    def null(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The same between random disjoint halves of the reals: (draws,), and (draws, K)."""
        both, everyone = self._both, self._everyone
        half = halves(len(both), DRAWS, generator)
        near = NearestNeighbours.of(everyone)
        drawn = neighbour_null(near, half, float(self._duplicate), K_PR, K_DC)
        kernel_a, kernel_b, kernel_ab = mean_by_halves(polynomial_kernel(both, both), half)
        drawn["kernel_distance"] = kernel_a + kernel_b - 2 * kernel_ab
        distance_a, distance_b, _ = mean_by_halves(everyone, half)
        drawn["pairwise_ratio"] = distance_b / distance_a
        alike_a, alike_b, _ = mean_by_halves(self._alike(everyone).square(), half)
        drawn["vendi_ratio"] = self._from_mean(alike_b) / self._from_mean(alike_a)
        drawn["copied_pairs"] = mean_by_halves((everyone < self._duplicate).float(), half)[1]
        spread_a, spread_b = spread_by_halves(both, half)
        drawn["spread_ratio"] = spread_b / spread_a
        belongs = torch.nn.functional.one_hot(self.clusters, len(self.modes.centres)).float()
        drawn["cluster_spread_ratio"] = within_by_halves(both, belongs, half, IN_CLUSTER)
        ranks = [effective_rank(torch.stack([both[h], both[~h]])) for h in half[:FEW_DRAWS]]
        drawn["rank_ratio"] = torch.stack([b / a for a, b in ranks])
        medians = torch.stack([near.distance[~h, 0].median() for h in half]) / self._nearest
        drawn["nearest_ratio"] = 1 + FRESH * (medians - 1)
        occupancy_a, occupancy_b = (h.float() @ belongs / self._n for h in (half, ~half))
        drawn["modes"] = reached(occupancy_b, occupancy_a)
        drawn["mode_distance"] = jensen_shannon(occupancy_b, occupancy_a)
        whole = belongs.mean(0)
        drawn["mode_share"] = whole + FRESH * (occupancy_b - whole)
        return drawn

    def _alike(self, table: Tensor) -> Tensor:
        """The Gaussian kernel of a table of distances, with the bandwidth of the reals."""
        return torch.exp(-(table / self._bandwidth).square() / 2)

    def _different(self, own: Tensor) -> Tensor:
        return vendi_score(self._alike(own), order=2) - 1

    def _from_mean(self, squared: Tensor) -> Tensor:
        """The Vendi score less 1 of n samples, from the mean squared kernel over their pairs."""
        return (self._n - 1) * (1 - squared) / (1 + (self._n - 1) * squared)
