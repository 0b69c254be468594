"""Whether a series swings with a period, against noise that merely remembers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gan_doctor.core import FloatArray
from gan_doctor.stats.autocorrelation import corrected_ar1

# Surrogates are drawn for a rho on this grid of Fisher's z, so that windows of one series share
# them: at rho .9 a step is .01, a third of what the estimate spreads with 256 values.
_GRID = 0.05
_FEWEST = 16  # values in which a period can be told


@dataclass(frozen=True)
class SpectralPeak:
    """The strongest oscillation in a series.

    Args:
        period: Its length, in values.
        share: Of the detrended power at that one frequency, in [0, 1].
        exceeds: Share of the surrogates whose own strongest oscillation is weaker.
    """

    period: float
    share: float
    exceeds: float


def spectral_peak(
    x: FloatArray,
    surrogates: int = 200,
    seed: int = 0,
    cycles: int = 3,
    skipped: tuple[float, ...] = (),
) -> SpectralPeak | None:
    """The largest share of detrended power in one frequency, against AR(1) surrogates.

    Noise with memory also has a largest peak, and it looks like a period to the eye. The
    surrogates are AR(1) processes with the rho of the series itself, as long as it, treated alike.
    Surrogates are drawn once for each length and rho.

    Args:
        x: (N,) at even distances; gaps are filled in by straight lines.
        surrogates: How many.
        seed: Of the surrogates.
        cycles: Fewest periods in the series that count: a curve that bends has a strong first one.
        skipped: Frequencies, in cycles per value, at which no peak counts, nor beside them: those
            of a schedule.

    Returns:
        The peak, None with fewer than 16 finite values or no variance.

    Example:
        >>> t = np.arange(128)
        >>> noise = np.random.default_rng(0).standard_normal(128)
        >>> peak = spectral_peak(np.sin(2 * np.pi * t / 16) + 0.5 * noise)
        >>> peak.period, peak.exceeds
        (16.0, 1.0)
    """
    period, share, exceeds = spectral_peaks(x[None], surrogates, seed, cycles, skipped)[:, 0]
    return None if np.isnan(share) else SpectralPeak(float(period), float(share), float(exceeds))


def spectral_peaks(
    x: FloatArray,
    surrogates: int = 200,
    seed: int = 0,
    cycles: int = 3,
    skipped: tuple[float, ...] = (),
) -> FloatArray:
    """`spectral_peak` of each of many series of one length, such as the windows of a long one.

    Args:
        x: (M, N) the series.
        surrogates: As there, like all others.
        seed: As there.
        cycles: As there.
        skipped: As there.

    Returns:
        (3, M) period, share, and share of the surrogates that it exceeds; NaN where there is none.
    """
    n = x.shape[1]
    found = np.full((3, len(x)), np.nan)
    counts = _counted(n, cycles, skipped)
    rows = np.flatnonzero(np.isfinite(x).sum(1) >= _FEWEST)
    if not counts.any() or not len(rows):
        return found
    bridged = _bridged(x[rows])
    level = _without_line(bridged)
    power = np.sum(np.square(level), 1)
    swings = power > 1e-24 * np.sum(np.square(bridged), 1)
    rows, level, power = rows[swings], level[swings], power[swings]
    shares = np.where(counts, _power_shares(level), 0.0)
    peak = np.argmax(shares, 1)
    found[0, rows], found[1, rows] = n / peak, shares[np.arange(len(rows)), peak]
    rho = corrected_ar1(np.sum(level[:, 1:] * level[:, :-1], 1) / power, n, detrended=True)
    grid = np.round(np.arctanh(rho) / _GRID)
    for place in np.unique(grid):
        alike = rows[grid == place]
        rho_there = math.tanh(_GRID * float(place))
        noise = _surrogate_peaks(n, rho_there, surrogates, seed, cycles, skipped)
        found[2, alike] = np.searchsorted(noise, found[1, alike]) / surrogates
    return found


def _bridged(x: FloatArray) -> FloatArray:
    """(M, N) with gaps filled in by straight lines."""
    x, where = x.copy(), np.arange(x.shape[1], dtype=np.float64)
    for i in np.flatnonzero(~np.isfinite(x).all(1)):
        seen = np.isfinite(x[i])
        x[i] = np.interp(where, where[seen], x[i, seen])
    return x


def ar1_surrogates(n: int, rho: float, count: int, seed: int = 0) -> FloatArray:
    """(count, n) stationary AR(1) processes of unit innovations."""
    noise = np.random.default_rng(seed).standard_normal((n, count))
    noise[0] /= math.sqrt(1 - rho * rho)
    for i in range(1, n):
        noise[i] += rho * noise[i - 1]
    return noise.T


@lru_cache(maxsize=256)
def _surrogate_peaks(
    n: int, rho: float, count: int, seed: int, cycles: int, skipped: tuple[float, ...]
) -> FloatArray:
    """(count,) the strongest peak of each surrogate, sorted."""
    shares = _power_shares(_without_line(ar1_surrogates(n, rho, count, seed)))
    return np.sort(np.max(shares, axis=-1, where=_counted(n, cycles, skipped), initial=0.0))


def _power_shares(level: FloatArray) -> FloatArray:
    """(..., n // 2 + 1) the share of the power at each frequency."""
    power = np.square(np.abs(np.fft.rfft(level)))
    return np.asarray(power / power.sum(-1, keepdims=True))


def _without_line(x: FloatArray) -> FloatArray:
    """(..., n) less the line fitted to it."""
    n = x.shape[-1]
    line = np.arange(n) - (n - 1) / 2
    slope = x @ line / (line @ line)
    return np.asarray(x - x.mean(-1, keepdims=True) - slope[..., None] * line)


def _counted(n: int, cycles: int, skipped: tuple[float, ...]) -> npt.NDArray[np.bool_]:
    """(n // 2 + 1,) at which frequencies a peak counts."""
    places = np.arange(n // 2 + 1)
    counts = places >= max(cycles, 1)
    for frequency in skipped:
        counts &= np.abs(places - n * frequency) > 1
    return counts
