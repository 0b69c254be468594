"""Causal smoothing of a series that may have gaps."""

from __future__ import annotations

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
    for i, value in enumerate(values):
        if np.isfinite(value):
            total, weight = total * decay + value, weight * decay + 1
        if weight:
            out[i] = total / weight
    return out
