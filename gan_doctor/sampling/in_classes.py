"""Fakes of a class against the reals of that class, where classes are known."""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import cohen_kappa_score
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn.functional import one_hot

from gan_doctor.metrics import spread_within
from gan_doctor.sampling.null import DRAWS, halves, within_by_halves

# Samples on each side from which the spread within a class counts. The catalogue (2.2.9) asks for
# 32 where a class is judged on its own; this is a median over all, and 256 samples of ten do.
IN_CLASS = 16


class InClasses:
    """The reals by class, and a classifier that was fitted to half of them.

    The classifier is a linear discriminant analysis with shrunk covariances: a line between each
    two classes, nothing to tune, and the same on every machine.

    Args:
        both: (2n, F) features of reals in random order.
        labels: (2n,) their classes.
    """

    def __init__(self, both: Tensor, labels: Tensor) -> None:
        self._n = len(both) // 2
        self._known = labels.unique()
        self._both, self._labels = both, torch.searchsorted(self._known, labels)
        self._classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        second = slice(self._n, None)
        # One class only, or features without spread: it then has nothing to tell apart.
        self._fits = len(self._labels[second].unique()) > 1
        if self._fits:
            with threadpool_limits(1), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._classifier.fit(both[second].numpy(), self._labels[second].numpy())

    def measure(self, f: Tensor, labels: Tensor, batch: Tensor | None = None) -> dict[str, Tensor]:
        """(n, F) features of fakes and the classes (n,) they were asked for, to a number each.

        A G that changes between two batches (n,) makes other samples of a class without its z
        having a say: the spread is that within a batch.
        """
        place = torch.searchsorted(self._known, labels).clamp(max=len(self._known) - 1)
        known = self._known[place] == labels
        f, place = f[known], place[known]
        k = len(self._known)
        varied = f if batch is None else _within_groups(f, place + k * batch[known], place)
        within = (self._both[: self._n], self._labels[: self._n], varied, place, k)
        found = {"class_spread_ratio": spread_within(*within, IN_CLASS)}
        if self._fits and len(f):
            found["label_agreement"] = torch.tensor(self._kappa(place.numpy(), self._told(f)))
        return found

    def null(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The same between halves of the reals; of the classifier on reals it was not fitted to."""
        belongs = one_hot(self._labels, len(self._known)).float()
        half = halves(len(self._both), DRAWS, generator)
        drawn = {"class_spread_ratio": within_by_halves(self._both, belongs, half, IN_CLASS)}
        if self._fits:
            asked, told = self._labels[: self._n].numpy(), self._told(self._both[: self._n])
            again = torch.randint(self._n, (DRAWS, self._n), generator=generator).numpy()
            drawn["label_agreement"] = torch.tensor(
                [self._kappa(asked[rows], told[rows]) for rows in again]
            )
        return drawn

    def _told(self, f: Tensor) -> np.ndarray:
        with threadpool_limits(1):
            return np.asarray(self._classifier.predict(np.nan_to_num(f.numpy())))

    def _kappa(self, asked: np.ndarray, told: np.ndarray) -> float:
        every = np.arange(len(self._known))
        if len(np.unique(asked)) < 2:
            return float("nan")
        return float(cohen_kappa_score(asked, told, labels=every))


def _within_groups(f: Tensor, group: Tensor, place: Tensor) -> Tensor:
    """Features less the mean of their group, scaled so that their spread in a class is unbiased.

    Args:
        f: (n, F).
        group: (n,) of each: its class and batch.
        place: (n,) its class.
    """
    index, size = group.unique(return_inverse=True, return_counts=True)[1:]
    mean = f.new_zeros(len(size), f.shape[1]).index_add(0, index, f) / size[:, None]
    free, free_within = len(f) - len(place.unique()), len(f) - len(size)
    if not free_within:
        return torch.full_like(f, torch.nan)  # no two samples of a class in one batch
    unbiased: Tensor = (f - mean[index]) * math.sqrt(free / free_within)
    return unbiased
