"""A long series as few points that still show its every spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gan_doctor.core import FloatArray, Series


@dataclass(frozen=True)
class Envelope:
    """The least, mean and greatest value of each stretch of a series; NaN where none is finite.

    Args:
        steps: (B,) the first step of each stretch.
        low: (B,) the least finite value.
        mean: (B,) the mean of the finite values.
        high: (B,) the greatest finite value.
    """

    steps: FloatArray
    low: FloatArray
    mean: FloatArray
    high: FloatArray


def envelope(series: Series, stretches: int = 300) -> Envelope:
    """Cuts a series into at most `stretches` stretches of as many values each.

    A series of fewer values comes back as it is, one value a stretch.
    """
    n = min(len(series), stretches)
    starts = np.linspace(0, len(series), n, endpoint=False).astype(int)
    if n == 0:
        return Envelope(series.steps, series.values, series.values, series.values)
    finite = np.isfinite(series.values)
    values = np.where(finite, series.values, 0.0)
    counts = np.add.reduceat(finite.astype(float), starts)
    counts[counts == 0] = np.nan
    gap = np.where(np.isnan(counts), np.nan, 0.0)
    return Envelope(
        steps=series.steps[starts],
        low=np.minimum.reduceat(np.where(finite, values, np.inf), starts) + gap,
        mean=np.add.reduceat(values, starts) / counts,
        high=np.maximum.reduceat(np.where(finite, values, -np.inf), starts) + gap,
    )
