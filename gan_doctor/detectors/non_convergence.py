"""GD204: the players circle each other late in the training, and the samples get no better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import (
    THREE_CHECKS,
    Detector,
    Limit,
    Score,
    resets,
    share_of_budget,
    warm_up,
)
from gan_doctor.detectors._evidence import measured, percent, recorded
from gan_doctor.detectors._fid import sound_fid
from gan_doctor.detectors._oscillation import WINDOW, Peaks, peaks
from gan_doctor.detectors._signals import SampleState, sample_state, turns
from gan_doctor.stats import (
    MAD_TO_SD,
    Alarm,
    Persistence,
    equivalent,
    evaluations,
    ewma,
    mean_by_tick,
    sen_slope,
)

__all__ = ["NonConvergence"]

_COSINE = 10  # ticks over which the cosine is averaged
_CHECKS = 20  # last sample checks that are asked for progress
_FEWEST = 6  # checks with which that can be answered
_TWO_SIDED = 0.9  # confidence of an interval each end of which errs in 5%
_FIRST = 0.1  # of the budget, in which the first FID must lie to tell what was learned since
_USUAL = 20  # ticks that say what a loss usually is


@dataclass(frozen=True)
class _Signs:
    """What speaks of non-convergence at each look.

    Args:
        steps: (L,) of the looks.
        peaks: The strongest oscillation of D's loss and of its output on reals.
        turns: (L,) sd of D's AUROC over the last ticks.
        cosine: (L,) mean cosine between successive gradients of G.
        stuck: (L,) 1 where the checks show that the samples are short of real and stay so, 0 where
            they do not show it, NaN where there are too few.
        swing: (L,) sd of the quality over the last checks.
    """

    steps: FloatArray
    peaks: tuple[Peaks, ...]
    turns: FloatArray
    cosine: FloatArray
    stuck: FloatArray
    swing: FloatArray


class NonConvergence(Detector):
    """Finds oscillation late in the training while the samples make no progress.

    What it does:
        Looks for a period in D's loss and in its output on real data, for a D and a G that take
        turns in being ahead, for steps of G that overshoot each other, and for samples that go up
        and down, where the samples stay short of real. A single jump of D's loss is noted. Where
        only a FID was logged, it says when that has never become good.

    Why this is a problem:
        Gradient steps of two players can circle the solution instead of approaching it (Mescheder
        et al. 2018). More steps alone do not end it; the run is not lost either.

    How it is measured:
        Period: the largest share of detrended power in one frequency over the last 64 ticks,
        against AR(1) processes that remember as much, because noise with memory also looks
        periodic. A tick is the median of its steps, and periods of 16 steps are left out: lazy
        regularisation is no oscillation. Turns: the sd of D's AUROC over 20 ticks. Overshoot: the
        mean cosine between successive gradients of G. Any of these counts where the last checks
        show that the samples are short of real and gain little: the whole confidence intervals of
        their mean and of Sen's slope must say so. An unsure trend shows nothing. Without enough
        checks only the period and the turns count. A jump is a tick of D's loss far from the 20
        before it. A FID has never become good if the best of it is still large, and not much
        smaller than the first one, which must be of the first tenth of the budget.

    Limits:
        surrogates .998 (catalogue S4 has .99 for a single look, which would warn of 5 in 100 runs
        whose losses are AR(1) noise; ours of 1); turns .15 (39 design cases: healthy ones had at
        most .04, or .11 under the Wasserstein loss, and those that circled .15 to .3); overshoot
        .95 (catalogue 2.1 measured 1; healthy rings reach .9), fluctuation .2 of the quality, gain
        .3 and real .75 of it, late .4 of the budget, jump 20 robust sds, far 100 and learned .6
        (proposals; a public log of a critic with clipped weights went from 234 to 159 and no
        further, those that went well to a fifth and below). It is never critical.

    Known false alarms:
        A learning rate that goes up and down, classes that come in order (GD604), and a log of
        every n-th step of something periodic all make periods. A change of the learning rate begins
        anew. Measured: a run that hopped between the modes of a ring had a period of 80 steps with
        two thirds of the power of D's output; a healthy one on digits never kept above .99.

    Remedies:
        Train on and look at the samples. Lower or decayed learning rates, less momentum, R1, an
        average of G's weights, a replay buffer, optimistic steps.

    References:
        Catalogue S4 and S11, article 3; Mescheder et al. 2018 (1801.04406).
    """

    code = "GD204"
    title = "Non-convergence"
    limits = {
        "surrogates": Limit(
            0.998,
            "share of AR(1) surrogates with a weaker peak",
            "catalogue S4 (.99), for two series and many looks",
        ),
        "turns": Limit(
            0.15, "sd of D's AUROC over 20 ticks", "design cases: healthy ones have .04"
        ),
        "overshoot": Limit(0.95, "mean cosine of G's gradients this far below 0", "proposal"),
        "fluctuation": Limit(0.2, "sd of the quality over the last checks", "proposal"),
        "gain": Limit(0.3, "gain of quality over the last checks to be excluded", "proposal"),
        "real": Limit(0.75, "samples that reach this share of the data count as real", "proposal"),
        "late": Limit(0.4, "share of the budget before which no alarm sounds", "proposal"),
        "far": Limit(100.0, "FID from which on samples are bad", "proposal"),
        "learned": Limit(0.6, "best FID over the first one, when little was learned", "proposal"),
        "jump": Limit(20.0, "robust sds of D's loss that make a jump, only noted", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The strongest sign over its limit, where the samples do not say that all is well."""
        late = share_of_budget(run, self._limit["late"])
        unlearned = self._unlearned(run, player, late)
        signs = self._signs(run, player)
        if isinstance(signs, Missing):
            return unlearned or signs
        score = Score("warning", signs.steps, self._degree(signs), 1.0, not_before=late)
        assessed = _first_assessed(run, score)
        if assessed is None:
            too_short = Missing(
                "too short", f"several looks at the last {WINDOW} ticks", "train on"
            )
            return unlearned or too_short
        # Before that, a jump alone would pass for an assessment.
        jumps = np.where(run.ticks >= assessed, _jumps(run, player), np.nan)
        noted = Score("info", run.ticks, jumps, self._limit["jump"], Persistence(1), late)
        return [score, noted, *unlearned]

    def _unlearned(self, run: Run, player: str, late: float) -> list[Score]:
        """A FID that has never become good, where no samples were held against the data."""
        fid = sound_fid(run, player)
        if isinstance(fid, Missing) or not isinstance(sample_state(run, player), Missing):
            return []
        if fid.steps[0] > share_of_budget(run, _FIRST):
            return []
        best = np.fmin.accumulate(fid.values)
        over = np.minimum(best / self._limit["far"], best / fid.values[0] / self._limit["learned"])
        return [Score("warning", fid.steps, over, 1.0, THREE_CHECKS, late)]

    def _signs(self, run: Run, player: str) -> _Signs | Missing:
        loss = run.get("loss/d/clean", player) or run.get("loss/d", player)
        found = tuple(peaks(run, s) for s in (loss, run.get("logit/real", player)) if s is not None)
        if not found:
            return Missing("no series", "D's loss", "pass loss_d= to doctor.step")
        steps = found[0].steps
        cosine = ewma(mean_by_tick(run.get("gradient/g/cosine", player), run.ticks), _COSINE)
        state = sample_state(run, player)
        stuck = swing = np.full(len(steps), np.nan)
        if isinstance(state, SampleState):
            stuck, swing = (state.at(steps, values) for values in self._progress(state))
        looks = np.isin(run.ticks, steps)
        return _Signs(steps, found, turns(run, player)[looks], cosine[looks], stuck, swing)

    def _progress(self, state: SampleState) -> tuple[FloatArray, FloatArray]:
        """(C,) whether the checks up to each one show that nothing is gained, and their sd."""
        quality, checks = state.quality, state.steps
        stuck, swing = np.full((2, len(checks)), np.nan)
        for i in range(len(checks)):
            last = slice(max(0, i + 1 - _CHECKS), i + 1)
            steps, values = checks[last], quality[last]
            seen = values[np.isfinite(values)]
            if len(seen) < _FEWEST:
                continue
            swing[i] = seen.std(ddof=1)
            # The mean first, which is cheap and settles most healthy runs.
            stuck[i] = (
                seen.mean() < self._limit["real"]
                and equivalent(values, -np.inf, self._limit["real"], _TWO_SIDED)
                and self._flat(steps, values)
            )
        return stuck, swing

    def _flat(self, steps: FloatArray, values: FloatArray) -> bool:
        """Whether the checks show that nothing, or little, is gained over them."""
        slope = sen_slope(steps, values, _TWO_SIDED)
        if slope is None:
            return False
        gain = slope.high * float(steps[-1] - steps[0])
        return slope.low <= 0 and gain < self._limit["gain"]

    def _degree(self, signs: _Signs) -> FloatArray:
        """(L,) the strongest sign over its limit; those of D alone where samples are unknown."""
        period = np.fmax.reduce([peak.exceeds for peak in signs.peaks]) / self._limit["surrogates"]
        of_d = np.fmax(period, signs.turns / self._limit["turns"])
        overshoot = -signs.cosine / self._limit["overshoot"]
        swing = signs.swing / self._limit["fluctuation"]
        strongest = np.fmax.reduce([of_d, overshoot, swing])
        judged = np.where(signs.stuck == 1, strongest, np.minimum(strongest, 0))
        return np.where(np.isnan(signs.stuck), of_d, judged)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says what swings, how the samples stand, and not to stop for it."""
        if score.severity == "info":
            return self._noted(run, score, alarm, player)
        if score.persistence == THREE_CHECKS:
            return self._never_good(run, score, alarm, player)
        signs, state = self._signs(run, player), sample_state(run, player)
        assert not isinstance(signs, Missing)
        judged = np.any(signs.stuck[_within(alarm, signs.steps)] == 1)
        rows = [*self._of_d(run, alarm, signs), *(self._of_g(run, alarm, signs) if judged else ())]
        said, strongest = max(rows, key=lambda row: _over(row[1]))
        others = (replace(row, important=False) for _, row in rows if row is not strongest)
        evidence = (replace(strongest, important=True), *others)
        if isinstance(state, SampleState) and judged:
            words, series = "mean, share of the data that the samples reach", "sample/coverage"
            level = measured(
                run, alarm, series, words, state.steps, state.quality, self._limit["real"], "below"
            )
            reached = percent(max(level[0].value, 0)) if level else "little"
            samples = f"while the samples stay around {reached} of the data"
            return self._report(
                score, alarm, player, _sentence(said, alarm, samples), evidence + level
            )
        missing = state if isinstance(state, Missing) else _FEW
        samples = "and too few samples were held against the data to tell whether G still learns"
        return self._report(
            score, alarm, player, _sentence(said, alarm, samples), evidence, (missing,)
        )

    def _of_d(self, run: Run, alarm: Alarm, signs: _Signs) -> Iterator[tuple[str, Evidence]]:
        """What D does over the stretch of an alarm, in words and as evidence."""
        unit = run.clock.split("_")[-1] + "s"
        for peak in signs.peaks:
            words, limit = "share of AR(1) surrogates with a weaker peak", self._limit["surrogates"]
            what = "output on real data" if peak.series.startswith("logit") else "loss"
            for row in measured(run, alarm, peak.series, words, peak.steps, peak.exceeds, limit):
                inside = _within(alarm, peak.steps) & np.isfinite(peak.period)
                period, power = np.median(peak.period[inside]), np.median(peak.share[inside])
                said = f"D's {what} has swung with a period of about {period:.0f} {unit}"
                yield f"{said} ({percent(power)} of its power)", row
        for row in measured(
            run, alarm, "auroc", "sd over 20 ticks", signs.steps, signs.turns, self._limit["turns"]
        ):
            yield f"D and G have taken turns in being ahead (sd of AUROC {row.value:.2f})", row

    def _of_g(self, run: Run, alarm: Alarm, signs: _Signs) -> Iterator[tuple[str, Evidence]]:
        """What G does."""
        for row in measured(
            run, alarm, "gradient/g/cosine", "mean", signs.steps, signs.cosine,
            -self._limit["overshoot"], "below",
        ):  # fmt: skip
            yield f"G's steps have overshot each other (cosine {row.value:.2f})", row
        for row in measured(
            run, alarm, "sample/coverage", "sd of the quality over the last checks", signs.steps,
            signs.swing, self._limit["fluctuation"],
        ):  # fmt: skip
            yield f"The samples' quality has gone up and down by {row.value:.2f}", row

    def _never_good(self, run: Run, score: Score, alarm: Alarm, player: str) -> Finding:
        """With the first and the best FID."""
        fid = sound_fid(run, player)
        assert not isinstance(fid, Missing)
        best = int(np.nanargmin(fid.values))
        said = f"at step {fid.steps[best]:g}, after {fid.values[0]:.3g} at step {fid.steps[0]:g}"
        window = (float(fid.steps[0]), run.last_step)
        limit = self._limit["learned"] * float(fid.values[0])
        row = Evidence(str(fid.key), "best", float(fid.values[best]), limit, window, True)
        return self._report(
            score,
            alarm,
            player,
            f"The samples have never become good: the best FID is {fid.values[best]:.3g} {said}.",
            (row,),
        )

    def _noted(self, run: Run, score: Score, alarm: Alarm, player: str) -> Finding:
        """A jump, with what the loss was before."""
        loss = mean_by_tick(run.get("loss/d", player), run.ticks)
        place = int(np.searchsorted(run.ticks, alarm.onset))
        usual = float(np.median(loss[:place][np.isfinite(loss[:place])][-_USUAL:]))
        more = int(np.sum(score.values >= score.limit)) - 1
        again = f" and was that far off {more} more times" if more > 0 else ""
        far = Evidence(
            "loss/d", "robust sds from the ticks before", float(score.values[place]), score.limit,
            (alarm.onset, alarm.onset), important=True,
        )  # fmt: skip
        message = (
            f"D's loss jumped from {usual:.3g} to {loss[place]:.3g} at step {alarm.onset:g}{again}"
            ": noted, a jump that passes is no reason to stop."
        )
        evidence = (far, *recorded(run, alarm, ("loss/g",), player))
        return self._report(score, alarm, player, message, evidence)


_FEW = Missing(
    "too short", f"{_FEWEST} sample checks", "train on, or check more often: sample_every="
)


def _within(alarm: Alarm, steps: FloatArray) -> npt.NDArray[np.bool_]:
    """(L,) which looks lie in the stretch of an alarm."""
    return (steps >= alarm.onset) & (steps <= (alarm.cleared or np.inf))


def _sentence(said: str, alarm: Alarm, samples: str) -> str:
    return f"{said} since step {alarm.onset:g} {samples}: train on, do not stop for it alone."


def _over(row: Evidence) -> float:
    """How far a value lies beyond its limit; both have the sign of the fault."""
    return row.value / row.limit if row.limit else 0.0


def _first_assessed(run: Run, score: Score) -> float | None:
    """The first step at which a window of the score is full, None if none is."""
    window, low, high = score.persistence.window, 0, len(score.steps)

    def full(n: int) -> bool:
        head = score.steps[:n], score.values[:n]
        return evaluations(*head, warm_up(run), resets(run)) >= window

    if not full(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if full(middle) else (middle, high)
    return float(score.steps[high - 1])


def _jumps(run: Run, player: str) -> FloatArray:
    """(T,) how far D's loss lies from its median of the ticks before, in their robust sds."""
    loss = mean_by_tick(run.get("loss/d", player), run.ticks)
    far, seen = np.full(len(loss), np.nan), np.isfinite(loss)
    known, at = loss[seen], np.flatnonzero(seen)
    if len(known) <= _USUAL:
        return far
    before = np.lib.stride_tricks.sliding_window_view(known, _USUAL)[:-1]
    median = np.median(before, 1)
    spread = MAD_TO_SD * np.median(np.abs(before - median[:, None]), 1)
    # A loss that hardly moves jumps when it moves by its own size.
    size = np.cumsum(np.abs(known)) / np.arange(1, len(known) + 1)
    usual = np.maximum(np.maximum(spread, 0.05 * size[_USUAL - 1 : -1]), 1e-9)
    far[at[_USUAL:]] = np.abs(known[_USUAL:] - median) / usual
    return far
