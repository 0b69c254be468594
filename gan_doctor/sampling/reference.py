"""The one way samples are measured: fakes against reals, each measure beside its null."""

from __future__ import annotations

import torch

from gan_doctor.core import Band, ConfigError, Key
from gan_doctor.metrics import (
    Modes,
    copied_pairs,
    density_coverage,
    distances,
    duplicates,
    feature_space,
    high_frequency_share,
    jensen_shannon,
    mean_pairwise,
    mmd2,
    nearest,
    neighbour_correlation,
    polynomial_kernel,
    power_spectrum,
    precision_recall,
    reached,
    spectral_slope,
    spread,
)
from gan_doctor.sampling.null import (
    NearestNeighbours,
    halves,
    mean_by_halves,
    neighbour_null,
    spread_by_halves,
)

MIN_SAMPLES = 64  # on each side; below, the measures say too little (catalogue 2.2.4b)
DRAWS = 200  # of the null: enough for a normal band (catalogue 2.2.1)
Z_995 = 2.5758  # the 0.5% and 99.5% quantiles of the normal
MODES = 20  # clusters of the real data, if 20 samples a cluster can be had
K_PR, K_DC = 3, 5  # neighbours: Kynkaanniemi 2019, Naeem 2020
BLOCKS = 32  # in which image statistics are taken, to draw halves of the reals from

_PIXELS = ("neighbour_correlation", "spectral_slope", "high_frequency")


class Reference:
    """The real side of every sample measure, prepared once.

    The measures hold a random half of the reals against the fakes. The null holds random halves of
    the reals against each other, without replacement.

    Args:
        real: (>= 2n, ...) distinct reals in any order: images (N, C, H, W), points or rows (N, F).
        n: Samples on each side of a measure.
        step: Of the run, written into the bands.
        seed: Of the features, the clusters and the draws; global random numbers are left alone.

    Raises:
        ConfigError: There are fewer than 2n reals, or n is below `MIN_SAMPLES`.

    Example:
        >>> real = torch.rand(256, 2, generator=torch.Generator().manual_seed(0))
        >>> values = Reference(real, 128).measure(real[:128] + 10)
        >>> values[Key("sample/coverage", features="raw")]
        0.0
    """

    def __init__(self, real: torch.Tensor, n: int, step: float = 0, seed: int = 0) -> None:
        if n < MIN_SAMPLES or len(real) < 2 * n:
            raise ConfigError(
                f"A reference needs n >= {MIN_SAMPLES} and 2n reals, got n = {n} and "
                f"{len(real)} reals"
            )
        self.n = n
        self._generator = torch.Generator().manual_seed(seed)
        # Reals that came sorted by class must not leave a class out of the half.
        self.real = real[torch.randperm(len(real), generator=self._generator)[: 2 * n]]
        self._features = feature_space(tuple(real.shape[1:]), seed)
        with torch.no_grad():
            raw = self._features(self.real.float())
            # Each feature counts alike; one that is constant in the reals counts as it is.
            self._mean, sd = raw.mean(0), raw.std(0)
            self._scale = torch.where(sd > 1e-6 * sd.max(), sd, torch.ones_like(sd))
            both = (raw - self._mean) / self._scale
            self._half = both[:n]
            self._own = distances(self._half, self._half)
            self._kernel = polynomial_kernel(self._half, self._half)
            self._modes = Modes.fit(both, min(MODES, 2 * n // 20), seed)
            self._occupancy = self._modes.occupancy(self._half)
            self._spread = spread(self._half)
            self._pairwise = mean_pairwise(self._own)
            everyone = distances(both, both)
            # Closer than 999 of 1,000 reals are to their nearest other.
            self._duplicate = torch.quantile(nearest(everyone), 0.001)
            self.bands = self._null(both, everyone, step)

    def measure(self, fake: torch.Tensor) -> dict[Key, float]:
        """Every measure of a batch of fakes.

        Args:
            fake: (n, ...) of the shape of the reals.

        Raises:
            ConfigError: There are not n fakes of that shape.
        """
        if fake.shape != (self.n, *self.real.shape[1:]):
            want, got = (self.n, *self.real.shape[1:]), tuple(fake.shape)
            raise ConfigError(f"The reference measures fakes of shape {want}, got {got}")
        with torch.no_grad():
            f = (self._features(fake.float()) - self._mean) / self._scale
            cross, own = distances(self._half, f), distances(f, f)
            precision, recall = precision_recall(self._own, own, cross, K_PR)
            density, coverage = density_coverage(self._own, cross, K_DC)
            kernels = (polynomial_kernel(f, f), polynomial_kernel(self._half, f))
            occupancy = self._modes.occupancy(f)
            values = {
                "precision": precision,
                "recall": recall,
                "density": density,
                "coverage": coverage,
                "kernel_distance": mmd2(self._kernel, *kernels),
                "pairwise_ratio": mean_pairwise(own) / self._pairwise,
                "spread_ratio": spread(f) / self._spread,
                "duplicates": duplicates(own, self._duplicate),
                "copied_pairs": copied_pairs(own, self._duplicate),
                "modes": reached(occupancy, self._occupancy),
                "mode_distance": jensen_shannon(occupancy, self._occupancy),
            }
            if self._is_image:
                values |= _image_measures(fake.float())
        return {self._key(name): float(value) for name, value in values.items()}

    def _null(self, both: torch.Tensor, everyone: torch.Tensor, step: float) -> tuple[Band, ...]:
        """The measures between random disjoint halves of the reals."""
        half = halves(len(both), DRAWS, self._generator)
        near = NearestNeighbours.of(everyone)
        drawn = neighbour_null(near, half, float(self._duplicate), K_PR, K_DC)
        kernel_a, kernel_b, kernel_ab = mean_by_halves(polynomial_kernel(both, both), half)
        drawn["kernel_distance"] = kernel_a + kernel_b - 2 * kernel_ab
        distance_a, distance_b, _ = mean_by_halves(everyone, half)
        drawn["pairwise_ratio"] = distance_b / distance_a
        drawn["copied_pairs"] = mean_by_halves((everyone < self._duplicate).float(), half)[1]
        spread_a, spread_b = spread_by_halves(both, half)
        drawn["spread_ratio"] = spread_b / spread_a
        belongs = self._modes.occupancy(both[:, None])  # (2n, K), one 1 a row
        occupancy_a, occupancy_b = (h.float() @ belongs / self.n for h in (half, ~half))
        drawn["modes"] = reached(occupancy_b, occupancy_a)
        drawn["mode_distance"] = jensen_shannon(occupancy_b, occupancy_a)
        if self._is_image:
            drawn |= _image_null(self.real, halves(BLOCKS, DRAWS, self._generator))
        return tuple(_band(self._key(name), self.n, values, step) for name, values in drawn.items())

    @property
    def _is_image(self) -> bool:
        return self._features.name != "raw"

    def _key(self, name: str) -> Key:
        # What is read off the pixels themselves has no feature space.
        return Key(f"sample/{name}", features="" if name in _PIXELS else self._features.name)


def _image_measures(images: torch.Tensor) -> dict[str, torch.Tensor]:
    power = power_spectrum(images)
    values = (neighbour_correlation(images), spectral_slope(power), high_frequency_share(power))
    return dict(zip(_PIXELS, values, strict=True))


def _image_null(images: torch.Tensor, half: torch.Tensor) -> dict[str, torch.Tensor]:
    """What each image measure gives on as many fresh reals, drawn by blocks of images.

    Args:
        images: (2n, C, H, W) reals.
        half: (draws, BLOCKS) bool.

    Returns:
        (draws,) by name.
    """
    whole = _image_measures(images.float())
    blocks = [_image_measures(block.float()) for block in images.tensor_split(BLOCKS)]
    null = {}
    for name in _PIXELS:
        block = torch.stack([measured[name] for measured in blocks])
        off = (half.float() @ block) / half.sum(1) - block.mean()
        # A half scatters around its whole with half the variance of n fresh images, and the whole
        # around the truth with another half: together 3 times what the draws show.
        null[name] = whole[name] + 3**0.5 * off
    return null


def _band(key: Key, n: int, values: torch.Tensor, step: float) -> Band:
    mean, sd = float(values.mean()), float(values.std())
    return Band(key, n, mean, sd, mean - Z_995 * sd, mean + Z_995 * sd, step)
