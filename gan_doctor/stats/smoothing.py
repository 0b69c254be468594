"""Causal smoothing of a series that may have gaps."""

from __future__ import annotations

import math

import numpy as np

from gan_doctor.core import FloatArray


def ewma(values: FloatArray, span: float) -> FloatArray:
    """(N,) the exponentially weighted mean of each value and those before it.

    Early values are unbiased: the weights are normalised by their sum. A value that is not finite
    is skipped, and carries the mean before it; NaN before the first finite one.

    Args:
        values: (N,) in order.
        span: At least 1; the centre of mass lies (span - 1) / 2 values back.
    """
    decay = 1 - 2 / (span + 1)
    out = np.full(len(values), np.nan)
    total = weight = 0.0
    for i, value in enumerate(values.tolist()):
        if math.isfinite(value):
            total, weight = total * decay + value, weight * decay + 1
        if weight:
            out[i] = total / weight
    return out


def trailing_median(values: FloatArray, width: int) -> FloatArray:
    """(N,) the median of what is finite among each value and the `width - 1` before it.

    NaN where nothing is.

    Args:
        values: (N,) in order.
        width: At least 1.

    Example:
        >>> trailing_median(np.array([3.0, 1.0, 8.0, np.nan, 4.0]), 3)
        array([3. , 2. , 3. , 4.5, 6. ])
    """
    if not len(values):
        return np.zeros(0)
    padded = np.concatenate([np.full(width - 1, np.nan), values])
    padded[~np.isfinite(padded)] = np.nan
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    n = np.isfinite(windows).sum(1)  # NaN sorts to the end, and where all are it is the middle too
    rows = np.arange(len(windows))
    return np.asarray((windows[rows, np.maximum(n - 1, 0) // 2] + windows[rows, n // 2]) / 2)
