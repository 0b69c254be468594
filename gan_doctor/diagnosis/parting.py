"""Where two runs part: the first step at which a quantity differs by more than its noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gan_doctor.core import FloatArray, Key, Run, Series
from gan_doctor.stats import Persistence, alarms, mean_by_tick, robust_sd, trailing_median

# What both players and the samples are known by; the rest follows from these, or is a setting.
_TOLD = (
    "loss/d", "loss/g", "loss/g/adversarial", "auroc", "score/real",
    "score/fake", "accuracy/d", "gradient/d", "gradient/g", "sample/precision", "sample/recall",
    "sample/coverage", "sample/modes", "sample/spread_ratio", "sample/kernel_distance",
    "metric/fid", "metric/kid", "metric/is",
)  # fmt: skip
MEANS = 100  # of a long series, one for each stretch of the common time
FEWEST = 10  # values below which nothing is said
COURSE = 0.3  # share of the values that the course is the median of, and
FEWEST_OF_COURSE = 10  # values of it at least
NOISES = 5.0  # by so many times the noise a quantity must differ: see `partings`
HELD = Persistence(window=8, share=1.0)
WORTH = 0.02  # of the usual size, below which no difference is worth a word; our choice


@dataclass(frozen=True)
class Parting:
    """A quantity in which two runs differ from some step on.

    Args:
        series: The text of its key.
        step: From when on.
        known: The step at which it had differed for long enough to say so.
        one: The mean of the first run while it was told, from `step` to `known`.
        other: That of the second.
        noises: The median difference there, in the noise of a difference.
        from_the_start: Whether there is no step before it.
    """

    series: str
    step: float
    known: float
    one: float
    other: float
    noises: float
    from_the_start: bool


def partings(one: Run, other: Run, alike: Sequence[Sequence[Run]] = ()) -> tuple[Parting, ...]:
    """Every quantity in which two runs have parted, the first to do so first.

    A quantity has parted where it differs by 5 times its noise in 8 means in a row, of which the
    steps that both runs have make 100. The noise is that of the means about their course, and if
    there are several runs of a configuration, at least what lies between those. Means of logits are
    left out: they drift without meaning.

    Our choice, on runs of the clinic's references and of the presets (2026-11): 51 of 55 pairs of a
    sick run and its healthy twin part, 14 of 24 pairs of other configurations, of which most have
    another loss, and 6 of 30 pairs that differ in their seed alone.

    Args:
        one: A run.
        other: One on the same clock.
        alike: Groups of runs of one configuration each.

    Returns:
        Nothing where the clocks differ, or nothing has parted.
    """
    if one.clock != other.clock:
        return ()
    found = []
    for key in comparable(one, other):
        parting = _parting(key, _of(one, key), _of(other, key), _between(key, alike))
        if parting is not None:
            found.append(parting)
    return tuple(sorted(found, key=lambda parting: parting.step))


def shared(runs: Sequence[Run]) -> Iterator[Key]:
    """The quantities that can be compared in all of the runs."""
    keys = [{series.key for series in run.series if len(series)} for run in runs]
    for key in sorted(set.intersection(*keys), key=_rank):
        if key.name in _TOLD and key.label is None:
            yield key


def comparable(one: Run, other: Run) -> Iterator[Key]:
    """What two runs share; of two loss families, without what is in the unit of the loss."""
    units_differ = of_other_families(one, other)
    return (key for key in shared([one, other]) if not (units_differ and _in_loss_units(key)))


def of_other_families(one: Run, other: Run) -> bool:
    """Whether the losses of two runs are known to be of different families."""
    families = {run.setup.objective.family for run in (one, other)}
    return len(families - {None}) == 2


def _in_loss_units(key: Key) -> bool:
    return key.name.startswith(("loss/", "gradient/"))


def _rank(key: Key) -> tuple[int, Key]:
    return (_TOLD.index(key.name) if key.name in _TOLD else len(_TOLD), key)


def _of(run: Run, key: Key) -> Series:
    """The series as it counts: of what a resumed run has recorded twice, the last."""
    return next(series for series in run.current.series if series.key == key)


def _parting(key: Key, one: Series, other: Series, between: float) -> Parting | None:
    ticks = _ticks([one, other])
    if len(ticks) < FEWEST:
        return None
    a, b = (mean_by_tick(series, ticks) for series in (one, other))
    # What is no number differs from what is one, and not from its like.
    lost = np.isfinite(a) != np.isfinite(b)
    gone = ~np.isfinite(a) & ~np.isfinite(b)
    difference = np.where(lost, np.inf, np.abs(np.where(gone | lost, 0.0, a - b)))
    noise = max(float(np.hypot(_noise(a), _noise(b))), between, WORTH * _size(a, b))
    score = difference / (noise or np.finfo(float).tiny)
    first = next(iter(alarms(ticks, score, NOISES, HELD)), None)
    if first is None:
        return None
    there = (ticks >= first.onset) & (ticks <= first.alarm)
    return Parting(
        str(key),
        first.onset,
        first.alarm,
        float(np.mean(a[there])),
        float(np.mean(b[there])),
        float(np.median(score[there])),
        bool(first.onset == ticks[0]),
    )


def _ticks(series: Sequence[Series]) -> FloatArray:
    """Where the means end, in the time that all have: of few values each is its own."""
    first = max(s.steps[0] for s in series)
    last = min(s.steps[-1] for s in series)
    within = [np.unique(s.steps[(s.steps >= first) & (s.steps <= last)]) for s in series]
    fewest = min(within, key=len)
    if len(fewest) <= 2 * MEANS:
        return fewest
    ends = np.linspace(0, len(fewest) - 1, MEANS + 1).round().astype(int)[1:]
    return np.asarray(fewest[ends])


def _noise(x: FloatArray) -> float:
    """The sd about the course, which is the median of the values up to each."""
    spread = robust_sd(x - trailing_median(x, max(FEWEST_OF_COURSE, int(COURSE * len(x)))))
    return spread if np.isfinite(spread) else 0.0


def _size(a: FloatArray, b: FloatArray) -> float:
    both = np.abs(np.concatenate([a, b]))
    both = both[np.isfinite(both)]
    return float(np.median(both)) if len(both) else 0.0


def _between(key: Key, alike: Iterable[Sequence[Run]]) -> float:
    """The usual difference of two runs of one configuration, the largest there is; 0 for none."""
    found = [0.0]
    for group in alike:
        for pair in combinations([run for run in group if key in set(shared([run]))], 2):
            one, other = (_of(run, key) for run in pair)
            ticks = _ticks([one, other])
            a, b = (mean_by_tick(series, ticks) for series in (one, other))
            both = np.isfinite(a) & np.isfinite(b)
            if both.any():
                found.append(float(np.sqrt(np.mean(np.square((a - b)[both])))))
    return max(found)
