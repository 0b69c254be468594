"""Where a series of a run swings with a period, look by look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gan_doctor.core import FloatArray, Run, Series
from gan_doctor.stats import median_by_tick, spectral_peaks

WINDOW = 64  # ticks in which a period is looked for: a third of a budget of up to 10,000 steps
_KNOWN = 48  # ticks of them that must have values
_EVERY = 2  # ticks between two looks, more in a long run
_SURROGATES = 1000
_LAZY = 16  # steps between lazy regularisations (StyleGAN2): a schedule, no oscillation


@dataclass(frozen=True)
class Peaks:
    """The strongest oscillation of one series in the window before each look.

    Args:
        series: Text of the key.
        steps: (L,) of the looks.
        period: (L,) its length, in steps.
        share: (L,) of the detrended power at it.
        exceeds: (L,) share of AR(1) surrogates whose strongest is weaker; NaN without a swing.
    """

    series: str
    steps: FloatArray
    period: FloatArray
    share: FloatArray
    exceeds: FloatArray


def peaks(run: Run, series: Series) -> Peaks:
    """The strongest oscillation of a series, at looks that a longer run does not move.

    A tick is the median of its steps, and periods of 16 steps count as little as what they look
    like from tick to tick: what a lazy regularisation adds is no oscillation.
    """
    ticks = run.ticks
    values, at = median_by_tick(series, ticks), _looks(len(ticks))
    skipped = _of_a_schedule(run, series)
    if not len(at):
        return Peaks(str(series.key), ticks[at], *np.empty((3, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW)[at + 1 - WINDOW]
    period, share, exceeds = spectral_peaks(windows, _SURROGATES, skipped=skipped)
    few = np.isfinite(windows).sum(1) < _KNOWN
    spacing = (ticks[at] - ticks[at + 1 - WINDOW]) / (WINDOW - 1)
    exceeds = np.where(few, np.nan, exceeds)
    return Peaks(str(series.key), ticks[at], period * spacing, share, exceeds)


def _looks(ticks: int) -> npt.NDArray[np.intp]:
    """The ticks at which to look: every other one, and ever fewer in a run without an end."""
    found, tick = [], WINDOW - 1
    while tick < ticks:
        found.append(tick)
        tick += max(_EVERY, tick // WINDOW)
    return np.array(found, dtype=np.intp)


def _of_a_schedule(run: Run, series: Series) -> tuple[float, ...]:
    """The frequencies, in cycles a tick, at which something done every 16 steps would show."""
    if not run.tick_steps:
        return ()
    # Where a log keeps single steps, a spike stays one and has all harmonics.
    between = np.median(np.diff(series.steps[:_KNOWN])) if len(series) > 1 else run.tick_steps
    sparse = 3 * between > run.tick_steps
    spacing = max(run.tick_steps, float(between))
    harmonics = np.arange(1, _LAZY // 2 + 1 if sparse else 2)
    cycles = harmonics * spacing / _LAZY % 1
    return tuple(sorted({round(float(min(c, 1 - c)), 6) for c in cycles}))
