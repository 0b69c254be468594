"""The spaces in which the clinic's own instruments look at samples; no detector knows them.

Points are seen through random waves, digits through the hidden layer of a classifier that learned
on digits which no G is shown, drawn images through principal components. Detectors measure in
random convolutions, in D's features and on pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier
from torch import Tensor

from gan_doctor.core import FloatArray
from gan_doctor.metrics.distances import distances
from gan_doctor.metrics.mixtures import mixture_quality
from gan_doctor.training.data import Dataset, load

_WAVES = 64
_COMPONENTS = 32
_HIDDEN = 48  # units of the classifier whose outputs are features
_LEARNED = 4_000  # digits that it learns from at most


@dataclass(frozen=True)
class Space:
    """How samples of one data set are seen.

    Args:
        features: Maps (N, ...) samples to (N, F) numbers.
        modes: Sorts (N, ...) samples into modes, -1 for none; None where there are no known ones.
        n_modes: How many there are, 0 if unknown.
        reals: (N, F) features of the whole data set.
        images: (N, ...) some of the reals themselves.
        accuracy: Of the classifier on digits that it did not learn from, NaN where there is none.
    """

    features: Callable[[Tensor], FloatArray]
    modes: Callable[[Tensor], np.ndarray] | None
    n_modes: int
    reals: FloatArray
    images: Tensor
    accuracy: float = math.nan


@cache
def space(data: str, size: int, trained_on: str = "", kept_apart: str = "") -> Space:
    """The space of a data set.

    Args:
        data: Of `training.DATA`.
        size: Side of its images, 0 for points.
        trained_on: The digits of MNIST that are trained on, for the data sets that need them.
        kept_apart: Those that are not.
    """
    reals = load(data, size, trained_on)
    if size == 0:
        return _of_points(reals)
    if data in ("digits", "mnist", "stacked-mnist"):
        return _of_digits(data, size, reals, kept_apart)
    return _of_drawings(data, reals)


def frechet(x: FloatArray, y: FloatArray) -> float:
    """Fréchet distance of two normal laws with the means and covariances of (N, F) and (M, F)."""
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()
    means = np.square(x.mean(0) - y.mean(0)).sum()
    return float(max(means + np.trace(a) + np.trace(b) - 2 * cross, 0.0))


def _all(data: Dataset, n: int = 10_000) -> Tensor:
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:n]
    return data.batch(order)[0]


def _of_points(data: Dataset) -> Space:
    reals, random = _all(data), np.random.default_rng(0)
    spread = float(reals.std(0).mean())
    fine = data.sd or 0.05 * spread
    scales = np.repeat([1 / spread, 1 / math.sqrt(spread * fine)], _WAVES // 2)
    direction = random.standard_normal((2, len(scales))) * scales
    phase = random.uniform(0, 2 * math.pi, len(scales))

    def waves(x: Tensor) -> FloatArray:
        return np.asarray(np.cos(x.double().numpy() @ direction + phase))

    means, sd = data.means, data.sd
    if means is None:
        return Space(waves, None, 0, waves(reals), reals)
    known = means

    def modes(x: Tensor) -> np.ndarray:
        far, nearest = distances(x, known).min(-1)
        return np.where(far.numpy() < 3 * sd, nearest.numpy(), -1)

    assert mixture_quality(reals, known, sd).high_quality > 0.95
    return Space(waves, modes, len(known), waves(reals), reals)


def _of_digits(data: str, size: int, reals: Dataset, kept_apart: str) -> Space:
    net, accuracy = _classifier(size, kept_apart)
    channels = reals.sample_shape[0]

    def hidden(x: Tensor) -> FloatArray:
        flat = x.double().numpy().reshape(-1, size * size)
        out = np.maximum(flat @ net.coefs_[0] + net.intercepts_[0], 0)
        return np.asarray(out.reshape(len(x), -1))

    def classes(x: Tensor) -> np.ndarray:
        told = net.predict(x.double().numpy().reshape(-1, size * size)).reshape(-1, channels)
        return np.asarray(told @ 10 ** np.arange(channels)[::-1])

    images = _all(reals)
    return Space(hidden, classes, 10**channels, hidden(images), images, accuracy)


@cache
def _classifier(size: int, kept_apart: str) -> tuple[MLPClassifier, float]:
    """Of digits; those of 8 pixels are few, and it learns from every other one of them."""
    data = load("digits", 8) if size == 8 else load("mnist", size, kept_apart)
    x, y = data.batch(torch.arange(len(data)))
    assert y is not None
    flat, told = x.double().numpy().reshape(len(x), -1), y.numpy()
    mine = np.arange(len(x)) % 2 == 0 if size == 8 else np.arange(len(x)) < _LEARNED
    net = MLPClassifier((_HIDDEN,), random_state=0, max_iter=60, early_stopping=True)
    net.fit(flat[mine], told[mine])
    return net, float(net.score(flat[~mine], told[~mine]))


def _of_drawings(data: str, reals: Dataset) -> Space:
    """Principal components of the pixels, or of the log spectrum where only the grain counts."""
    images = _all(reals)

    def raw(x: Tensor) -> FloatArray:
        pixels = x.double().numpy()
        if data == "texture":
            power = np.abs(np.fft.rfft2(pixels)) ** 2
            pixels = np.concatenate([np.log(power + 1e-3), np.sort(pixels, axis=-1)[..., ::4]], -1)
        return np.asarray(pixels.reshape(len(x), -1))

    seen = raw(images[::2])
    mean = seen.mean(0)
    axes = np.linalg.svd(seen - mean, full_matrices=False)[2][:_COMPONENTS].T

    def components(x: Tensor) -> FloatArray:
        return np.asarray((raw(x) - mean) @ axes)

    return Space(components, None, 0, components(images), images)


def split_digits(file: str | Path, folder: Path) -> tuple[str, str]:
    """Halves the digits of MNIST into those that are trained on and those that are kept apart.

    Args:
        file: An .npz with `images` and `labels`.
        folder: Where the halves go, unless they are there.

    Returns:
        The paths of both.
    """
    halves = folder / "digits-trained-on.npz", folder / "digits-kept-apart.npz"
    if not all(half.exists() for half in halves):
        folder.mkdir(parents=True, exist_ok=True)
        with np.load(file, allow_pickle=False) as kept:
            images, labels = kept["images"], kept["labels"]
        order = np.random.default_rng(0).permutation(len(images))
        for half, mine in zip(halves, (order[::2], order[1::2]), strict=True):
            np.savez_compressed(half, images=images[mine], labels=labels[mine])
    return str(halves[0]), str(halves[1])
