"""A series on the ticks of a run: mean or median since the tick before, or the latest value."""

from __future__ import annotations

import numpy as np

from gan_doctor.core import FloatArray, Series


def mean_by_tick(series: Series | None, ticks: FloatArray) -> FloatArray:
    """(T,) the mean of the values after the tick before and up to each tick.

    NaN where there are none; a NaN or infinity among them shows.
    """
    if series is None:
        return np.full(len(ticks), np.nan)
    tick = np.searchsorted(ticks, series.steps, side="left")
    inside = tick < len(ticks)
    tick, values = tick[inside], series.values[inside]
    count = np.bincount(tick, minlength=len(ticks))
    with np.errstate(invalid="ignore"):
        total = np.bincount(tick, weights=values, minlength=len(ticks))
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def median_by_tick(series: Series | None, ticks: FloatArray) -> FloatArray:
    """(T,) the median of the finite values after the tick before and up to each tick.

    A term that is added in one step of several does not show in it. NaN where there are none.
    """
    out = np.full(len(ticks), np.nan)
    if series is None:
        return out
    seen = np.isfinite(series.values)
    steps, values = series.steps[seen], series.values[seen]
    tick = np.searchsorted(ticks, steps, side="left")
    order = np.lexsort((values, tick))
    values = values[order]
    ends = np.searchsorted(tick[order], np.arange(len(ticks)), side="right")
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    filled = np.flatnonzero(ends > starts)
    first = starts[filled] + (ends[filled] - starts[filled] - 1) // 2
    second = starts[filled] + (ends[filled] - starts[filled]) // 2
    out[filled] = (values[first] + values[second]) / 2
    return out


def latest_by_tick(series: Series | None, ticks: FloatArray) -> FloatArray:
    """(T,) the last value at or before each tick; NaN before the first."""
    if series is None or not len(series):
        return np.full(len(ticks), np.nan)
    row = np.searchsorted(series.steps, ticks, side="right") - 1
    return np.where(row >= 0, series.values[np.maximum(row, 0)], np.nan)
