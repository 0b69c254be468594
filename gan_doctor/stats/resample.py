"""A series on the ticks of a run: mean or median since the tick before, or the latest value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gan_doctor.core import FloatArray, Series


def mean_by_tick(series: Series | None, ticks: FloatArray) -> FloatArray:
    """(T,) the mean of the values after the tick before and up to each tick.

    NaN where there are none; a NaN or infinity among them shows.

    Args:
        series: Of one segment, in which steps never fall; None for none.
        ticks: (T,) rising.
    """
    if series is None or not len(series):
        return np.full(len(ticks), np.nan)
    start, count = _spans(series.steps, ticks)
    filled = count > 0
    out = np.full(len(ticks), np.nan)
    if filled.any():
        end = int((start + count).max())
        # Between two filled ticks nothing lies, so that each sum ends where the next begins.
        with np.errstate(invalid="ignore"):
            total = np.add.reduceat(series.values[:end], start[filled])
            out[filled] = total / count[filled]
    return out


def median_by_tick(series: Series | None, ticks: FloatArray) -> FloatArray:
    """(T,) the median of the finite values after the tick before and up to each tick.

    A term that is added in one step of several does not show in it. NaN where there are none.
    """
    out = np.full(len(ticks), np.nan)
    if series is None:
        return out
    seen = np.isfinite(series.values)
    steps, values = series.steps[seen], series.values[seen]
    start, count = _spans(steps, ticks)
    # Ticks of one size together, as most are.
    for size in np.unique(count[count > 0]):
        same = np.flatnonzero(count == size)
        out[same] = np.median(values[start[same, None] + np.arange(size)], axis=1)
    return out


def latest_by_tick(series: Series | None, ticks: FloatArray) -> FloatArray:
    """(T,) the last value at or before each tick; NaN before the first."""
    if series is None or not len(series):
        return np.full(len(ticks), np.nan)
    row = np.searchsorted(series.steps, ticks, side="right") - 1
    return np.where(row >= 0, series.values[np.maximum(row, 0)], np.nan)


def _spans(
    steps: FloatArray, ticks: FloatArray
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(T,) where the values of each tick begin, and how many they are."""
    ends = np.searchsorted(steps, ticks, side="right")
    start = np.concatenate([[0], ends[:-1]]).astype(np.intp) if len(ends) else ends
    return start, ends - start
