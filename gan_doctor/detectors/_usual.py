"""What is usual for a series, from its own past, and how far each value exceeds it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Collection

import numpy as np

from gan_doctor.core import FloatArray
from gan_doctor.stats import robust_sd, trailing_median

BASELINE = 20  # values from which on something is usual
REMEMBERED = 200  # latest values that it is taken from: the ticks of one budget


def beyond_usual(
    values: FloatArray, factor: float, spread: float, anew: Collection[int] = ()
) -> tuple[FloatArray, FloatArray]:
    """How far each value exceeds what was usual before it. Causal.

    Usual is the median of the values before it; those that exceed the bound do not count towards
    it, so that it stays what it was while they last.

    Args:
        values: (N,) in order, of 0 or more; what is not finite is left out.
        factor: The bound is at least so many times the median, however steady the values.
        spread: It is at least so many robust standard deviations above the median.
        anew: Indices at which the past is forgotten.

    Returns:
        (N,) values over the bound, exceeding it from 1 on, and (N,) values over the median. NaN
        where there is no past yet, or one of zeros.

    Example:
        >>> bounded, ratio = beyond_usual(np.array([1.0] * 20 + [1.0, 40.0]), 10, 10)
        >>> bounded[-2:], ratio[-2:]
        (array([0.1, 4. ]), array([ 1., 40.]))
    """
    bounded, ratio = np.full((2, len(values)), np.nan)
    stretch = np.searchsorted(np.sort(list(anew)), np.arange(len(values)), side="right")
    finite = np.isfinite(values)
    for begun in np.unique(stretch[finite]):
        rows = np.flatnonzero(finite & (stretch == begun))
        found = values[rows] / _usual(values[rows])
        if np.any(found >= factor):  # only then the spread, which is slow, decides
            bounded[rows], ratio[rows] = _one_by_one(values[rows], factor, spread)
        else:
            bounded[rows], ratio[rows] = found / factor, found
    return bounded, ratio


def _usual(values: FloatArray) -> FloatArray:
    """(N,) the median of the latest values before each, NaN while there are too few; 0 is none."""
    usual = np.roll(trailing_median(values, REMEMBERED), 1)
    usual[:BASELINE] = np.nan
    return np.where(usual > 0, usual, np.nan)


def _one_by_one(values: FloatArray, factor: float, spread: float) -> tuple[FloatArray, FloatArray]:
    """The same where some value exceeds the bound, and does not count towards the next."""
    bounded, ratio = np.full((2, len(values)), np.nan)
    past = _Past()
    for i, value in enumerate(values.tolist()):
        median = past.median
        if median > 0:
            ratio[i] = value / median
            bounded[i] = ratio[i] / factor
            if bounded[i] >= 1:
                bounded[i] = value / max(factor * median, median + spread * past.deviation)
        if not bounded[i] >= 1:
            past.take(value)
    return bounded, ratio


class _Past:
    """The latest values, also in order of size."""

    def __init__(self) -> None:
        self._sorted: list[float] = []
        self._latest: deque[float] = deque()

    def take(self, value: float) -> None:
        insort(self._sorted, value)
        self._latest.append(value)
        if len(self._latest) > REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._latest.popleft())]

    @property
    def median(self) -> float:
        """NaN while there are too few to speak of."""
        if len(self._sorted) < BASELINE:
            return np.nan
        middle = len(self._sorted) // 2
        return (self._sorted[middle] + self._sorted[~middle]) / 2

    @property
    def deviation(self) -> float:
        """The standard deviation of a normal law with the same median absolute deviation."""
        return robust_sd(np.asarray(self._sorted))
