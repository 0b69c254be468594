"""The range of values on which a small picture of a series is drawn."""

from __future__ import annotations

import numpy as np

from gan_doctor.core import VOCABULARY, FloatArray, Series
from gan_doctor.report.convicting import spans_decades


def value_range(
    series: Series, values: FloatArray, real: float | None
) -> tuple[float, float, bool]:
    """Lowest and highest value of the scale, and whether it is logarithmic.

    A measure that stays far from what real data gives must not look lively.

    Args:
        series: What is drawn.
        values: As it is drawn, at least one of them finite.
        real: What real data gives, which the scale then reaches.
    """
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    if real is not None:
        return min(low, real), max(high, real), False
    term = VOCABULARY.get(series.key.name)
    if term is not None and term.low is not None and term.high is not None:
        return min(low, term.low), max(high, term.high), False
    return low, high, spans_decades(finite)
