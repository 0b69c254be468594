"""A series on the ticks of a run: the mean since the tick before, or the latest value."""

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


def latest_by_tick(series: Series | None, ticks: FloatArray) -> FloatArray:
    """(T,) the last value at or before each tick; NaN before the first."""
    if series is None or not len(series):
        return np.full(len(ticks), np.nan)
    row = np.searchsorted(series.steps, ticks, side="right") - 1
    return np.where(row >= 0, series.values[np.maximum(row, 0)], np.nan)
