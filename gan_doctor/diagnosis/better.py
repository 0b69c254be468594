"""Which of several runs is better by a FID or sample measure, and by how much of its noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gan_doctor.core import VOCABULARY, Key, Run, Series
from gan_doctor.detectors import BROKEN_FID
from gan_doctor.stats import mean_interval

# What runs are compared by, the most telling first.
_MEASURES = (
    "metric/fid", "metric/kid", "sample/coverage", "sample/recall", "sample/precision",
    "sample/kernel_distance", "sample/modes", "metric/is",
)  # fmt: skip
CHECKS = 10  # the last ones, which stand for where a run has come to; our choice
APART = 3.0  # by so many sds two means must differ, of which each is of few runs; our choice


@dataclass(frozen=True)
class Reached:
    """Where one run has come to in one measure.

    Args:
        value: Mean of the last checks; NaN where the run lacks it.
        low: Lower end of the 95% interval of that mean, NaN where it cannot be told.
        high: Upper end.
        best: The best value of a single check.
        best_step: When.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    best: float = math.nan
    best_step: float = math.nan


@dataclass(frozen=True)
class Judged:
    """One measure of all runs.

    Args:
        series: The text of its key.
        better: Which direction is.
        reached: One for each run.
        winner: The group that is better than every other by more than the noise, None for none.
        gap: By how much it is better than the next.
        noise: The sd between runs of one configuration, NaN where there is one run of each.
    """

    series: str
    better: Literal["lower", "higher"]
    reached: tuple[Reached, ...]
    winner: int | None
    gap: float
    noise: float


def judged(runs: Sequence[Run], groups: Sequence[Sequence[int]]) -> tuple[Judged, ...]:
    """The measures that at least two runs have, the most telling first.

    Args:
        runs: All of them.
        groups: Which of them are of one configuration, each in one group.
    """
    keys = {s.key for run in runs for s in run.series if s.key.name in _MEASURES}
    ranked = sorted(keys, key=lambda key: (_MEASURES.index(key.name), key))
    found = []
    for key in ranked:
        reached = tuple(_reached(run, key) for run in runs)
        if key.label is None and sum(math.isfinite(r.value) for r in reached) >= 2:
            found.append(_judged(key, reached, groups))
    return tuple(found)


def _reached(run: Run, key: Key) -> Reached:
    series = next((s for s in run.current.series if s.key == key), None)
    sound = None if series is None else _sound(series)
    if sound is None or not len(sound):
        return Reached(math.nan)
    last = sound.values[-CHECKS:]
    pick = np.argmin if VOCABULARY[key.name].better == "lower" else np.argmax
    best = int(pick(sound.values))
    low, high = _possible(key, *mean_interval(last))
    return Reached(
        float(last.mean()), low, high, float(sound.values[best]), float(sound.steps[best])
    )


def _possible(key: Key, low: float, high: float) -> tuple[float, float]:
    """An interval without what the measure cannot be; NaN for one that tells nothing."""
    if not math.isfinite(low):
        return math.nan, math.nan
    term = VOCABULARY[key.name]
    return (
        low if term.low is None else max(low, term.low),
        high if term.high is None else min(high, term.high),
    )


def _sound(series: Series) -> Series:
    low = VOCABULARY[series.key.name].low
    values = series.values
    possible = np.abs(values) <= BROKEN_FID
    return series[possible if low is None else possible & (values >= low)]


def _judged(key: Key, reached: Sequence[Reached], groups: Sequence[Sequence[int]]) -> Judged:
    lower = VOCABULARY[key.name].better == "lower"
    values = [[v for i in group if math.isfinite(v := reached[i].value)] for group in groups]
    noise = _pooled_sd(values)
    means = {g: float(np.mean(of)) for g, of in enumerate(values) if of}
    ranked = sorted(means, key=lambda g: means[g] if lower else -means[g])
    winner, gap = None, math.nan
    if len(ranked) > 1:
        first, second = ranked[:2]
        gap = abs(means[first] - means[second])
        if math.isfinite(noise):
            between = noise * math.sqrt(1 / len(values[first]) + 1 / len(values[second]))
            apart = gap > APART * between
        else:
            apart = _intervals_part(reached[groups[first][0]], reached[groups[second][0]])
        winner = first if apart and gap > 0 else None
    return Judged(str(key), "lower" if lower else "higher", tuple(reached), winner, gap, noise)


def _pooled_sd(values: Sequence[Sequence[float]]) -> float:
    """Between runs of one configuration; NaN where there is one run of each."""
    freedom = sum(len(of) - 1 for of in values if of)
    if not freedom:
        return math.nan
    squares = sum(float(np.square(np.asarray(of) - np.mean(of)).sum()) for of in values if of)
    return math.sqrt(squares / freedom)


def _intervals_part(one: Reached, other: Reached) -> bool:
    """Whether two 95% intervals do not touch; what has none shows nothing."""
    return one.low > other.high or other.low > one.high
