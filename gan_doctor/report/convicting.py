"""The series that convicts a finding: the one that a picture of it shows."""

from __future__ import annotations

import numpy as np

from gan_doctor.core import Finding, FloatArray, Key, Run, Series

_DECADES = 30  # times the least value: beyond it a straight scale shows only the greatest ones


def convicting_series(run: Run, finding: Finding) -> Series | None:
    """The series behind the important number of a finding; None where it was not recorded.

    Args:
        run: With one segment: `run.current`.
        finding: Of that run.
    """
    named = [row.series for row in finding.evidence if row.important]
    for text in named or [row.series for row in finding.evidence[:1]]:
        series = _recorded(run, text)
        if series is not None and np.isfinite(series.values).any():
            return series
    return None


def real_value(run: Run, series: Series) -> float | None:
    """What real data gives against real data, last measured; None where nobody measured it."""
    known = run.null_at(series)
    known = known[np.isfinite(known)]
    return float(known[-1]) if len(known) else None


def spans_decades(values: FloatArray) -> bool:
    """Whether finite values are told apart on a logarithmic scale only."""
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and bool(finite.min() > 0 and finite.max() > _DECADES * finite.min())


def _recorded(run: Run, text: str) -> Series | None:
    for series in run.series:
        if str(series.key) == text and len(series):
            return series
    try:
        key = Key.parse(text)
    except ValueError:  # some evidence is of no series
        return None
    # Evidence may leave out the feature space, where there is one.
    return None if key.features or key.label is not None else run.get(key.name, key.player)
