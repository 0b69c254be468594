"""Numbers against limits, over the stretch that an alarm covers, and the words for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from gan_doctor.core import Evidence, FloatArray, Missing, Run
from gan_doctor.stats import Alarm, mean_by_tick


def measured(
    run: Run,
    alarm: Alarm,
    series: str,
    statistic: str,
    steps: FloatArray,
    values: FloatArray | Missing,
    limit: float | None = None,
    sense: Literal["above", "below"] = "above",
    important: bool = False,
    reduce: Callable[[FloatArray], Any] = np.mean,
) -> tuple[Evidence, ...]:
    """The mean of some values over the stretch of an alarm, or what `reduce` makes of them.

    Nothing where there are none.
    """
    if isinstance(values, Missing):
        return ()
    window = (alarm.onset, alarm.cleared if alarm.cleared is not None else run.last_step)
    inside = (steps >= window[0]) & (steps <= window[1]) & ~np.isnan(values)
    if not inside.any():
        return ()
    value = float(reduce(values[inside]))
    return (Evidence(series, statistic, value, limit, window, important, sense),)


def recorded(
    run: Run, alarm: Alarm, names: Sequence[str], player: str = ""
) -> tuple[Evidence, ...]:
    """The means of recorded series over the stretch of an alarm, without limits."""
    found: tuple[Evidence, ...] = ()
    for name in names:
        series = run.get(name, player)
        if series is not None:
            values = mean_by_tick(series, run.ticks)
            found += measured(run, alarm, str(series.key), "mean", run.ticks, values)
    return found


def value_of(evidence: Sequence[Evidence], series: str) -> float | None:
    """The value of the first evidence on a series, None without one."""
    return next((e.value for e in evidence if e.series == series), None)


def percent(share: float) -> str:
    """A share in words: "97%", "0.3%".

    Example:
        >>> percent(0.97), percent(0.003), percent(0.9996)
        ('97%', '0.3%', '99.96%')
    """
    value = 100 * share
    digits = 0 if 1 <= value <= 99 or value in (0, 100) else 1
    text = f"{value:.{digits}f}"
    if text in ("100.0", "0.0"):
        text = f"{value:.2f}"
    return {"100.00": "100", "0.00": "0"}.get(text, text) + "%"
