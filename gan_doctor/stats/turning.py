"""Where a curve turns, with a swing of some size on either side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gan_doctor.core import FloatArray
from gan_doctor.stats.autocorrelation import fitted_ar1
from gan_doctor.stats.oscillation import ar1_surrogates
from gan_doctor.stats.smoothing import ewma


@dataclass(frozen=True)
class TurningPoints:
    """Where a curve turns; lows and highs alternate.

    Args:
        lows: Indices of the bottoms: the curve came down to each and went up again. Their number
            is that of the full down-up cycles.
        highs: Indices of the tops.
    """

    lows: tuple[int, ...]
    highs: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.lows) + len(self.highs)


def turning_points(x: FloatArray, prominence: float) -> TurningPoints:
    """The turning points with a swing of at least `prominence` before and after them.

    Both ends of the series are none: nothing is known of what lies beyond. A turning point is known
    once the curve has gone back by `prominence`; later values change none that is known.

    Args:
        x: (N,) in order; what is not finite is passed over.
        prominence: Above 0.

    Example:
        >>> turning_points(np.array([3.0, 1.0, 2.0, 0.0, 4.0, 3.5]), 1.5)
        TurningPoints(lows=(3,), highs=())
    """
    lows: list[int] = []
    highs: list[int] = []
    seen = np.flatnonzero(np.isfinite(x))
    low = high = int(seen[0]) if len(seen) else 0
    direction = 0  # until the first swing
    for place in map(int, seen):
        low = place if x[place] < x[low] else low
        high = place if x[place] > x[high] else high
        if direction >= 0 and x[high] - x[place] >= prominence:
            if direction:
                highs.append(high)
            direction, low = -1, place
        elif direction <= 0 and x[place] - x[low] >= prominence:
            if direction:
                lows.append(low)
            direction, high = 1, place
    return TurningPoints(tuple(lows), tuple(highs))


def turns_beyond_noise(
    x: FloatArray, span: float, prominence: float, surrogates: int = 200, seed: int = 0
) -> tuple[TurningPoints, float]:
    """The turning points of a smoothed series, and how they compare with those of noise.

    Noise that remembers turns about as well, and two full cycles are easily made: the surrogates
    are AR(1) processes with the rho of the series itself, as long, smoothed and counted alike.

    Args:
        x: (N,) in order; gaps carry the mean before them.
        span: Of the exponential smoothing, in values.
        prominence: In standard deviations of the smoothed series. A sine swings by 2.8 of them,
            but by less than 2 robust ones.
        surrogates: How many.
        seed: Of the surrogates.

    Returns:
        The turning points, and the share of the surrogates that have fewer.
    """
    smooth = ewma(x, span)
    seen = smooth[np.isfinite(smooth)]
    spread = float(seen.std()) if len(seen) else 0.0
    if spread <= 1e-12 * np.abs(seen).max(initial=0.0):
        return TurningPoints((), ()), 0.0
    found = turning_points(smooth, prominence * spread)
    rho = math.tanh(_GRID * round(math.atanh(max(fitted_ar1(x), 0.0)) / _GRID))
    fewer = np.searchsorted(_noise(len(x), rho, span, prominence, surrogates, seed), len(found))
    return found, float(fewer) / surrogates


_GRID = 0.1  # of Fisher's z of rho, so that the prefixes of one series share their surrogates


@lru_cache(maxsize=512)
def _noise(n: int, rho: float, span: float, prominence: float, count: int, seed: int) -> FloatArray:
    """(count,) the number of turning points of each surrogate, sorted."""
    noise = ar1_surrogates(n, rho, count, seed)
    decay = 1 - 2 / (span + 1)
    weight, total = 0.0, np.zeros(count)
    for i in range(n):  # as `ewma` does, all surrogates at once
        weight, total = weight * decay + 1, total * decay + noise[:, i]
        noise[:, i] = total / weight
    return np.sort(_turns(noise, prominence * noise.std(1)))


def _turns(x: FloatArray, prominence: FloatArray) -> FloatArray:
    """(M,) the number of turning points of each row, as `turning_points` finds them."""
    count, direction = np.zeros(len(x)), np.zeros(len(x))
    low, high = x[:, 0].copy(), x[:, 0].copy()
    for value in x.T:
        low, high = np.minimum(low, value), np.maximum(high, value)
        down = (direction >= 0) & (high - value >= prominence)
        up = ~down & (direction <= 0) & (value - low >= prominence)
        count += (down | up) & (direction != 0)
        direction = np.where(down, -1, np.where(up, 1, direction))
        low, high = np.where(down, value, low), np.where(up, value, high)
    return count
