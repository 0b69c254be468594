"""The one way samples are measured: fakes against reals, each measure beside its null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from gan_doctor.core import Band, ConfigError, Key
from gan_doctor.metrics import AugmentationLeak, data_copying, feature_space
from gan_doctor.sampling.in_classes import InClasses
from gan_doctor.sampling.in_features import InFeatures
from gan_doctor.sampling.in_pixels import InPixels

MIN_SAMPLES = 64  # on each side; below, the measures say too little (catalogue 2.2.4b)
Z_995 = 2.5758  # the 0.5% and 99.5% quantiles of the normal


class Reference:
    """The real side of every sample measure, prepared once.

    The measures hold a random half of the reals against the fakes. The null holds random halves of
    the reals against each other, without replacement. Images are also measured in their pixels, and
    samples whose classes are known by class; points, rows and signals are measured as they are.

    Args:
        real: (>= 2n, ...) distinct reals in any order: images (N, C, H, W), points or rows (N, F).
        n: Samples on each side of a measure.
        step: Of the run, written into the bands.
        seed: Of the features, the clusters and the draws; global random numbers are left alone.
        labels: (N,) whole numbers, the classes of the reals; None where they have none.

    Attributes:
        bands: The null of every measure.

    Raises:
        ConfigError: There are fewer than 2n reals, or n is below `MIN_SAMPLES`.

    Example:
        >>> real = torch.rand(256, 2, generator=torch.Generator().manual_seed(0))
        >>> values = Reference(real, 128).measure(real[:128] + 10)
        >>> values[Key("sample/coverage", features="raw")]
        0.0
    """

    def __init__(
        self,
        real: Tensor,
        n: int,
        step: float = 0,
        seed: int = 0,
        labels: Tensor | None = None,
    ) -> None:
        if n < MIN_SAMPLES or len(real) < 2 * n:
            raise ConfigError(
                f"A reference needs n >= {MIN_SAMPLES} and 2n reals, got n = {n} and "
                f"{len(real)} reals"
            )
        self.n = n
        generator = torch.Generator().manual_seed(seed)
        # Reals that came sorted by class must not leave a class out of the half.
        chosen = torch.randperm(len(real), generator=generator)[: 2 * n]
        self.real = real[chosen]
        self._features = feature_space(tuple(real.shape[1:]), seed)
        with torch.no_grad():
            raw = self._features(self.real.float())
            # Each feature counts alike; one that is constant in the reals counts as it is.
            self._mean, sd = raw.mean(0), raw.std(0)
            self._scale = torch.where(sd > 1e-6 * sd.max(), sd, torch.ones_like(sd))
            self._both = self._space(self.real)
            self._in_features = InFeatures(self._both, seed)
            self._in_pixels = InPixels(self.real) if self._is_image else None
            self._leak = self._leaks(generator) if self._is_image else None
            self._in_classes = InClasses(self._both, labels[chosen]) if labels is not None else None
            self.bands = tuple(self._bands(step, generator))

    def measure(
        self, fake: Tensor, labels: Tensor | None = None, batch: Tensor | None = None
    ) -> dict[Key, float]:
        """Every measure of a batch of fakes.

        Args:
            fake: (n, ...) of the shape of the reals.
            labels: (n,) the classes that G was asked for.
            batch: (n,) whole numbers, which batch each came in, where G changed from one to the
                next; None for one G.

        Raises:
            ConfigError: There are not n fakes of that shape.
        """
        if fake.shape != (self.n, *self.real.shape[1:]):
            want, got = (self.n, *self.real.shape[1:]), tuple(fake.shape)
            raise ConfigError(f"The reference measures fakes of shape {want}, got {got}")
        with torch.no_grad():
            f = self._space(fake)
            found = dict(self._named(self._in_features.measure(f)))
            if self._in_pixels is not None:
                found |= dict(self._named(self._in_pixels.measure(fake), pixels=True))
            if self._leak is not None:
                found |= dict(self._named(_leak_names(self._leak.shares(f))))
            if self._in_classes is not None and labels is not None:
                found |= dict(self._named(self._in_classes.measure(f, labels, batch)))
        return {key: float(value) for key, value in found.items()}

    def copying(self, held_out: Tensor, fake: Tensor) -> dict[Key, float]:
        """C_T: whether fakes lie nearer to the reals than other reals do.

        It has its own null, the normal law.

        Args:
            held_out: (M, ...) reals that D was not trained on.
            fake: (N, ...) fakes.
        """
        with torch.no_grad():
            others, f = self._space(held_out), self._space(fake)
            value = data_copying(self._both, others, f, self._in_features.modes)
        return {key: float(v) for key, v in self._named({"copying": value})}

    @property
    def clusters(self) -> Tensor:
        """(2n,) the cluster of each real."""
        return self._in_features.clusters

    def _space(self, samples: Tensor) -> Tensor:
        """(N, ...) to (N, F): where samples are compared."""
        return (self._features(samples.float()) - self._mean) / self._scale

    def _leaks(self, generator: torch.Generator) -> AugmentationLeak:
        # Of n reals: the features of all 2n, four times augmented, would cost as much as the null.
        return AugmentationLeak.fit(self.real[: self.n].float(), self._space, generator)

    def _bands(self, step: float, generator: torch.Generator) -> Iterator[Band]:
        drawn = dict(self._named(self._in_features.null(generator)))
        if self._in_pixels is not None:
            drawn |= dict(self._named(self._in_pixels.null(generator), pixels=True))
        if self._in_classes is not None:
            drawn |= dict(self._named(self._in_classes.null(generator)))
        for key, values in drawn.items():
            known = values[~values.isnan()]
            if key.name in _MAY_BE_MISSING and len(known):
                values = known
            yield _band(key, self.n, float(values.mean()), float(values.std()), step)
        if self._leak is not None:
            taken = dict(zip(self._leak.names, self._leak.held_out.mean(0), strict=True))
            for key, share in self._named(_leak_names(taken)):
                # Of a share of n less one of half as many.
                sd = (3 * share * (1 - share) / self.n) ** 0.5
                yield _band(key, self.n, float(share), float(sd), step)

    @property
    def _is_image(self) -> bool:
        return self._features.name != "raw"

    def _named(
        self, found: Mapping[str, Tensor], pixels: bool = False
    ) -> Iterator[tuple[Key, Tensor]]:
        """With the space they were taken in, which what is read off pixels does not have."""
        space = "" if pixels else self._features.name
        for name, values in found.items():
            if name != "mode_share":
                yield Key(f"sample/{name}", features=space), values
                continue
            for k, share in enumerate(values.unbind(-1)):
                yield Key("sample/mode_share", features=space, label=k), share


# Draws in which no cluster or class was large enough say nothing.
_MAY_BE_MISSING = ("sample/cluster_spread_ratio", "sample/class_spread_ratio")


def _leak_names(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"leak/{name}": share for name, share in found.items()}


def _band(key: Key, n: int, mean: float, sd: float, step: float) -> Band:
    return Band(key, n, mean, sd, mean - Z_995 * sd, mean + Z_995 * sd, step)
