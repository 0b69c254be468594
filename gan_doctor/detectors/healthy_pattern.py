"""GD001: not a fault, but the shape that the losses of a training that goes well often have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Run, Series
from gan_doctor.detectors._base import (
    ASSUMED_BUDGET,
    THREE_CHECKS,
    Detector,
    Limit,
    Score,
)
from gan_doctor.detectors._evidence import percent
from gan_doctor.detectors._signals import SampleState, sample_state
from gan_doctor.stats import (
    Alarm,
    TurningPoints,
    ewma,
    median_by_tick,
    sen_slope,
    turns_beyond_noise,
)

__all__ = ["HealthyPattern"]

_BLOCKS = 100  # of a budget: a block is the median of its ticks
_FROM = 50  # blocks from which the shape is judged: half of the budget
_EVERY = 2  # blocks between two judgements
_SPAN = 5.0  # blocks: 5% of the budget (catalogue S12)
_CHECKS = 20  # last sample checks
_FEWEST = 4  # checks with which anything can be said of the samples


@dataclass(frozen=True)
class _Shape:
    """The loss of D up to one block, and what it says.

    Args:
        step: The first tick at which the block is known whole.
        points: The turning points of the smoothed loss.
        beyond: Share of AR(1) surrogates that turn less often.
        calm: Variance of the last quarter over that of the first half.
        quality: Mean quality of the samples at the last checks, NaN without enough.
        undetermined: Why nothing can be said, None if something can.
        consistent: Whether the shape is that of a healthy training.
    """

    step: float
    points: TurningPoints
    beyond: float
    calm: float
    quality: float
    undetermined: Missing | None
    consistent: bool


class HealthyPattern(Detector):
    """States whether D's loss has the shape of a training that goes well.

    What it does:
        Says "consistent" when D's loss goes down and up at least twice and then comes to rest while
        the samples are real or get better. This is information, not a fault, and no certificate.
        "Inconsistent" is a clear verdict without a finding, "undetermined" is not assessed.

    Why this is a problem:
        It is none: down is D that improves, up is G. The shape tells a person to leave the run
        alone. It is neither necessary (Wasserstein, relativistic and R1 runs are often monotone)
        nor sufficient (a collapse can give the same curve).

    How it is measured:
        D's loss in blocks of 1% of the budget, each the median of its ticks, smoothed over 5%. A
        turning point has a swing of some sds of the smoothed loss on either side; AR(1) noise makes
        two cycles easily, so there must be more turning points than in most AR(1) processes with
        the same memory. Then the last quarter must be level: Sen's slope moves it by less than one
        sd, and its variance is below half of that of the first half. Last, the samples: real, or
        Sen's slope of the last checks is above 0 with 95% confidence. It is judged from half of the
        budget on; where none is declared, of one that doubles from 10,000 steps as it is reached.
        What the other signatures say is not asked.

    Limits:
        cycles 2, level .5 and surrogates .95 (catalogue S12); prominence 2 sds (S12 has more than
        one; at 2, three cycles under noise of a tenth of their height stand out, and 1 to 4 of 100
        AR(1) series pass); real .75 of the quality (proposal).

    Known false alarms:
        A learning rate that goes up and down shapes the loss by itself. Two cycles alone are never
        more than noise makes and stay undetermined.

    Remedies:
        Nothing: train on.

    References:
        Catalogue S12, article 5.5.
    """

    code = "GD001"
    title = "Healthy pattern"
    limits = {
        "cycles": Limit(2.0, "down-up cycles of D's loss", "catalogue S12"),
        "prominence": Limit(2.0, "sds of the swing around a turning point", "proposal"),
        "surrogates": Limit(0.95, "share of AR(1) surrogates that turn less", "catalogue S12"),
        "level": Limit(0.5, "variance of the last quarter over the first half", "catalogue S12"),
        "real": Limit(0.75, "samples that reach this share of the data count as real", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """1 where the shape is consistent, 0 where it is not or not yet."""
        if run.get("loss/d", player) is None:
            return Missing("no series", "D's loss", "pass loss_d= to doctor.step")
        if not run.tick_steps:
            return Missing("too short", "a budget in steps: rows and epochs have no scale")
        state = sample_state(run, player)
        if isinstance(state, Missing):
            return state  # the shape of the losses alone is weak evidence
        shapes = self._shapes(run, player, state)
        if not shapes:
            how = f"it is assessed from {_FROM}% of the budget on"
            return Missing("too short", f"the run is at step {run.last_step:g}", how)
        holds = np.array([shape.consistent for shape in shapes])
        window = THREE_CHECKS.window
        stood = np.lib.stride_tricks.sliding_window_view(holds, min(window, len(holds))).all(1)
        undetermined = shapes[-1].undetermined
        if undetermined is not None and not stood.any():
            return undetermined
        steps = np.array([shape.step for shape in shapes])
        # The shape is one of the whole run: learning rates that decay belong to it.
        return [Score("info", steps, holds.astype(np.float64), 1.0, THREE_CHECKS, fact=True)]

    def _shapes(self, run: Run, player: str, state: SampleState) -> list[_Shape]:
        """The shape at each block at which it is judged."""
        series = run.get("loss/d/clean", player) or run.get("loss/d", player)
        assert series is not None
        loss, shapes = Series(series.key, run.ticks, median_by_tick(series, run.ticks)), []
        budget, first = float(run.budget or ASSUMED_BUDGET), _FROM
        while len(run.ticks) and budget <= run.ticks[-1] * _BLOCKS / _FROM:
            edges = np.arange(1, _BLOCKS + 1) * budget / _BLOCKS
            edges = edges[edges <= run.ticks[-1]]
            ends = run.ticks[np.searchsorted(run.ticks, edges, side="left")]
            blocks = median_by_tick(loss, edges)
            for n in range(first, len(edges) + 1, _EVERY):
                whole = n == _BLOCKS and run.budget is not None
                shapes.append(self._shape(run, blocks[:n], float(ends[n - 1]), state, whole))
            if run.budget is not None:
                break
            budget, first = 2 * budget, _FROM + _EVERY
        return shapes

    def _shape(
        self, run: Run, blocks: FloatArray, step: float, state: SampleState, whole: bool
    ) -> _Shape:
        """The shape of the loss in so many blocks, which end at a step."""
        points, beyond = turns_beyond_noise(blocks, _SPAN, self._limit["prominence"])
        many, beats = len(points.lows) >= self._limit["cycles"], beyond >= self._limit["surrogates"]
        quality, better = _samples(state, step)
        drift, calm = _rest(blocks) if many and beats else (np.inf, np.inf)
        level = drift < 1 and calm < self._limit["level"]
        why: Missing | None = None
        if np.isnan(quality):
            why = Missing("too short", f"{_FEWEST} sample checks", "train on")
        elif not many and _often_monotone(run):
            why = Missing(
                "objective unknown", "cycles of D's loss: under this objective it often has none"
            )
        elif many and not beats:
            why = Missing(
                "too short", "a D loss that turns more than noise with as much memory", "train on"
            )
        elif many and not level and not whole:
            why = Missing("too short", "a D loss that has come to rest", "train on")
        good = better or quality >= self._limit["real"]
        consistent = why is None and bool(many and beats and level and good)
        return _Shape(step, points, beyond, calm, quality, why, consistent)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how often D's loss went down and up, and how the samples stand."""
        state = sample_state(run, player)
        assert isinstance(state, SampleState)
        last = alarm.cleared if alarm.cleared is not None else np.inf
        shape = [s for s in self._shapes(run, player, state) if s.consistent and s.step <= last][-1]
        window = (float(run.ticks[0]), shape.step)
        cycles = len(shape.points.lows)
        words = "mean of the last checks, share of the data that the samples reach"
        evidence = (
            Evidence("loss/d", "down-up cycles", cycles, self._limit["cycles"], window, True),
            Evidence("loss/d", "share of AR(1) surrogates that turn less", shape.beyond,
                     self._limit["surrogates"], window),
            Evidence("loss/d", "variance of the last quarter over the first half", shape.calm,
                     self._limit["level"], window, sense="below"),
            Evidence("sample/coverage", words, shape.quality, None, window),
        )  # fmt: skip
        message = (
            f"D's loss has gone down and up {cycles} times and come to rest, consistent since step "
            f"{alarm.onset:g} with a training that goes well, and the samples reach "
            f"{percent(max(shape.quality, 0))} of the data: nothing to do."
        )
        return self._report(score, alarm, player, message, evidence)


def _rest(blocks: FloatArray) -> tuple[float, float]:
    """How far the smoothed loss moves over its last quarter, in sds, and its variance there.

    The variance is over that of the first half.
    """
    smooth = ewma(blocks, _SPAN)
    smooth = smooth[np.isfinite(smooth)]
    quarter, half = smooth[-(len(smooth) // 4) :], smooth[: len(smooth) // 2]
    slope = sen_slope(np.arange(float(len(quarter))), quarter)
    if slope is None:
        return np.inf, np.inf
    drift = abs(slope.value) * len(quarter) / max(float(smooth.std()), 1e-12)
    return drift, float(quarter.var() / max(float(half.var()), 1e-24))


def _samples(state: SampleState, step: float) -> tuple[float, bool]:
    """The mean quality at the last checks up to a step, and whether it surely rises."""
    last = slice(None, int(np.searchsorted(state.steps, step, side="right")))
    steps, quality = state.steps[last][-_CHECKS:], state.quality[last][-_CHECKS:]
    seen = np.isfinite(quality)
    if seen.sum() < _FEWEST:
        return np.nan, False
    slope = sen_slope(steps, quality)
    return float(quality[seen][-_FEWEST:].mean()), slope is not None and slope.low > 0


def _often_monotone(run: Run) -> bool:
    """Whether the objective is one under which a healthy D's loss often has no cycles."""
    objective = run.setup.objective
    family = objective.family or ""
    return (
        family == "wasserstein"
        or family.startswith("relativistic")
        or "r1" in (objective.penalties or ())
    )
