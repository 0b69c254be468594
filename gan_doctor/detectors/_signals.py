"""What several detectors read from a run: who is ahead, and how the samples stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gan_doctor.core import Evidence, FloatArray, Key, Missing, Objective, Run, Series
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.stats import Alarm, latest_by_tick, mean_by_tick

NO_LOGITS = Missing(
    "no series",
    "D's logits on real and fake batches",
    "attach the Monitor with hooks, or pass real_logits= and fake_logits= to doctor.observe",
)
NO_SAMPLES = Missing(
    "no series",
    "samples of G held against real data",
    "attach the Monitor to G and D, or pass real= and fake= to doctor.observe",
)
NO_LABELS = Missing(
    "no series",
    "the classes of real and fake samples, 16 of each class at a check",
    "pass labels= and fake_labels= beside real= and fake= to doctor.observe",
)
NO_ORIENTATION = Missing(
    "orientation unknown",
    "whether D scores reals high or low",
    "let the Monitor see D's backward pass: attach it with hooks, or call doctor.observe before it",
)
_TURN = 20  # ticks in which D and G can take turns

NO_OBJECTIVE = Missing(
    "objective unknown",
    "the loss family",
    "declare it: Monitor(..., loss='non-saturating')",
)


def separation(run: Run, player: str = "") -> FloatArray | Missing:
    """(T,) AUROC of D between reals and fakes at each tick: 1 is perfect, 0 the wrong way round.

    Oriented by the sign of the loss gradient over D's logits on reals, by all signs seen up to a
    tick: healthy public code also scores reals low.
    """
    auroc = run.get("auroc", player)
    if auroc is None:
        return NO_LOGITS
    up = orientation(run, run.ticks, player)
    if up is None:
        return NO_ORIENTATION
    return oriented(mean_by_tick(auroc, run.ticks), up)


def turns(run: Run, player: str = "") -> FloatArray:
    """(T,) sd of D's AUROC over the last ticks: large where now G and now D is ahead.

    What batches of that size vary by at chance is taken off (Mann and Whitney 1947), and it needs
    no orientation, for 1 - AUROC swings as much. NaN where it is not recorded.
    """
    auroc = mean_by_tick(run.get("auroc", player), run.ticks)
    if not len(auroc):
        return auroc
    padded = np.concatenate([np.full(_TURN - 1, np.nan), auroc])
    windows = np.lib.stride_tricks.sliding_window_view(padded, _TURN)
    known = np.isfinite(windows).sum(1) >= _TURN // 2
    variance = np.full(len(auroc), np.nan)
    variance[known] = np.nanvar(windows[known], axis=1)
    n = run.setup.batch_size
    by_chance = (2 * n + 1) / (12 * n * n) if n else 0.0
    return np.sqrt(np.maximum(variance - by_chance, 0))


def orientation(run: Run, steps: FloatArray, player: str = "") -> FloatArray | None:
    """(T,) above 0 where D scores reals high, below 0 where low, by what was seen up to a step."""
    gradient = run.get("logit/gradient", player)
    if gradient is None:
        return None
    signs = -np.cumsum(np.sign(np.nan_to_num(gradient.values)))
    return latest_by_tick(Series(gradient.key, gradient.steps, signs), steps)


def oriented(auroc: FloatArray, up: FloatArray) -> FloatArray:
    """(T,) AUROC the right way round; NaN where D's orientation is not known."""
    return np.where(up > 0, auroc, np.where(up < 0, 1 - auroc, np.nan))


def dominance(run: Run, player: str = "") -> FloatArray | Missing:
    """(T,) how far D's loss says that D is ahead, at each tick: 0 chance, 1 perfect, below 0 worse.

    From the loss recomputed from logits where there is one, else from the reported loss with the
    declared reduction and label policy.
    """
    declared = run.setup.objective
    if declared.family is None:
        return NO_OBJECTIVE
    loss, objective = run.get("loss/d/clean", player), _clean(declared)
    if loss is None:
        loss, objective = run.get("loss/d", player), declared
    if loss is None:
        return Missing("no series", "D's loss", "pass loss_d= to doctor.step")
    if not objective.bounded:
        return Missing(
            "objective unknown",
            f"a floor of D's loss: {declared.family} has none, or its reduction is not known",
            "declare it: loss=Objective(family, reduction='sum')",
        )
    return objective.dominance(mean_by_tick(loss, run.ticks))


def _clean(declared: Objective) -> Objective:
    """The objective of `loss/d/clean`: the paper's loss; that of least squares has a 1/2."""
    return Objective(declared.family, "mean" if declared.family == "least-squares" else "sum")


# L_G or L_D where a loss is clamped: binary_cross_entropy at 100, an eps of 1e-6, 1e-7 or 1e-12.
_CLAMPS = np.array([100.0, 13.8155, 16.1181, 27.6310])


def pinned(run: Run, winner: str, loser: str, player: str = "") -> FloatArray:
    """(T,) 1 where the winner's loss is 0 and the loser's is pinned at a clamp, else 0."""
    low = mean_by_tick(run.get(winner, player), run.ticks)
    high = mean_by_tick(run.get(loser, player), run.ticks)
    at_clamp = np.isclose(high[:, None], _CLAMPS, rtol=5e-3).any(1)
    return np.where(np.isnan(low + high), np.nan, (np.abs(low) < 1e-3) & at_clamp)


# Of the quality, on which real data is 1 (proposal; the null sd is about 0.02).
NOTICEABLE = 0.05


@dataclass(frozen=True)
class SampleState:
    """Where the samples stand at each sample check; real data is 1 on each scale.

    Args:
        steps: (C,) of the checks.
        precision: (C,) share of the fakes inside the reals' manifold, over its null.
        recall: (C,) share of the reals inside the fakes' manifold, over its null.
        coverage: (C,) share of the reals that have a fake near, over its null.
    """

    steps: FloatArray
    precision: FloatArray
    recall: FloatArray
    coverage: FloatArray

    @property
    def quality(self) -> FloatArray:
        """(C,) how much of the data the samples reach: the mean of coverage and recall.

        Recall counts at most as much as coverage: samples flung far have recall alone. A realistic
        blob near many reals has coverage alone, and blur loses recall, so neither counts whole
        (Naeem 2020; catalogue S6).
        """
        return (self.coverage + np.minimum(self.recall, self.coverage)) / 2

    @property
    def age(self) -> FloatArray:
        """(C,) steps since the quality last rose noticeably above its best."""
        best, since = -np.inf, self.steps[0]
        age = np.zeros(len(self.steps))
        for i, (step, value) in enumerate(zip(self.steps, self.quality, strict=True)):
            if value > best + NOTICEABLE:
                best, since = value, step
            age[i] = step - since
        return age

    def where_real(self, series: Series, share: float) -> FloatArray:
        """(N,) a sample measure where the samples have that share of real precision, else NaN.

        What looks like nothing in the data says nothing of its clusters and classes.
        """
        real = self.at(series.steps, self.precision) >= share
        return np.where(real, series.values, np.nan)

    def at(self, ticks: FloatArray, values: npt.ArrayLike) -> FloatArray:
        """(T,) the latest of (C,) values at each tick, NaN before the first check."""
        return latest_by_tick(Series(Key("sample"), self.steps, np.asarray(values, float)), ticks)


def sample_state(run: Run, player: str = "") -> SampleState | Missing:
    """The sample checks of a segment, each against the null that held then."""
    scales = []
    for name in ("precision", "recall", "coverage"):
        scale = against_null(run, f"sample/{name}", player)
        if isinstance(scale, Missing):
            return scale
        scales.append(scale)
    return SampleState(scales[0].steps, *(scale.values for scale in scales))


def at_steps(series: Series, steps: FloatArray) -> FloatArray:
    """(C,) the values of a series at some steps, NaN where it has none at that very step."""
    row = np.searchsorted(series.steps, steps, side="right") - 1
    there = (row >= 0) & (series.steps[np.maximum(row, 0)] == steps)
    return np.where(there, series.values[np.maximum(row, 0)], np.nan)


def only_where(holds: npt.NDArray[np.bool_], values: FloatArray) -> FloatArray:
    """A score where a condition holds; elsewhere at most 0, which reaches no limit."""
    return np.where(holds, values, np.minimum(values, 0))


def against_null(run: Run, name: str, player: str = "") -> Series | Missing:
    """A sample measure over its mean between halves of the reals, at each check."""
    null = _null_means(run, name, player)
    if isinstance(null, Missing):
        return null
    series, means = null
    if not np.all(means > 0):
        return Missing("degenerate data", f"{name} is 0 between halves of the real data")
    return Series(series.key, series.steps, series.values / means)


def excess_over_null(run: Run, name: str, player: str = "") -> Series | Missing:
    """A sample measure less its mean between halves of the reals, at each check."""
    null = _null_means(run, name, player)
    if isinstance(null, Missing):
        return null
    series, means = null
    return Series(series.key, series.steps, series.values - means)


def _null_means(run: Run, name: str, player: str) -> tuple[Series, FloatArray] | Missing:
    series = run.get(name, player)
    if series is None or not len(series):
        return NO_SAMPLES
    if run.band(series.key, series.steps[0]) is None:
        return Missing(
            "no series", f"the null of {name} between halves of the reals", NO_SAMPLES.how
        )
    return series, run.null_at(series)


def sample_evidence(
    run: Run, alarm: Alarm, state: SampleState | Missing, limit: float | None = None
) -> tuple[Evidence, ...]:
    """Coverage over the stretch of an alarm against a limit from below, and recall beside it."""
    if isinstance(state, Missing):
        return ()
    words, steps = "mean, share of what real data gives", state.steps
    coverage = measured(run, alarm, "sample/coverage", words, steps, state.coverage, limit, "below")
    return coverage + measured(run, alarm, "sample/recall", words, steps, state.recall)


def samples_in_words(state: SampleState | Missing, alarm: Alarm) -> str:
    """How the samples stood in the stretch of an alarm, as half a sentence."""
    if isinstance(state, Missing):
        return "and no samples were held against the data to tell whether G still learns"
    end = np.inf if alarm.cleared is None else alarm.cleared
    inside = np.flatnonzero((state.steps >= alarm.onset) & (state.steps <= end))
    if not len(inside):
        return "and no sample check fell into that time"
    last = inside[-1]
    coverage, recall = percent(state.coverage[last]), percent(state.recall[last])
    return (
        f"and at step {state.steps[last]:g} the samples reach {coverage} of the coverage and "
        f"{recall} of the recall that real data has"
    )
