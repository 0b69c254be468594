"""GD101: a loss, gradient, logit or weight that is not a finite number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Run, Series
from gan_doctor.detectors._base import Detector, Score
from gan_doctor.stats import Alarm, Persistence, mean_by_tick

__all__ = ["NonFinite"]

# What feeds the weights, first cause first: the order in which ties are reported.
_WATCHED = (
    "gradient/d",
    "gradient/g",
    "loss/d",
    "loss/g",
    "loss/d/clean",
    "logit/real",
    "logit/fake",
    "weight/d",
    "weight/g",
)


class NonFinite(Detector):
    """Finds the first NaN or infinity among losses, gradients, logits and weights.

    What it does:
        Reports the first series in which a value is not finite, and since when.

    Why this is a problem:
        One such gradient makes every weight of its network NaN at the next step, and the other
        network follows a step later. Nothing that is trained afterwards means anything.

    How it is measured:
        Every recorded value is looked at; gradients are read before the optimizer steps, so that a
        loop that replaces NaN by numbers does not hide it. It is a fact, not a statistic: one value
        is enough, also during the warm-up.

    Limits:
        None.

    Known false alarms:
        Steps that AMP's GradScaler skips are not seen as steps and raise nothing. A metric such as
        FID that breaks is not part of the training and is not looked at.

    Remedies:
        Roll back to the last healthy checkpoint; a lower learning rate, spectral normalisation or
        R1.

    References:
        Catalogue S9.
    """

    code = "GD101"
    title = "Non-finite values"

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """1 at each tick since which a value was not finite, else 0."""
        watched = _watched(run, player)
        if not watched:
            return Missing(
                "no series", "losses and gradients", "pass loss_d= and loss_g= to doctor.step"
            )
        bad = np.array([_not_finite(series, run.ticks) for series in watched])
        seen = ~np.isnan(bad)
        values = np.where(seen.any(0), np.max(np.where(seen, bad, 0), axis=0), np.nan)
        return [Score("critical", run.ticks, values, 1.0, Persistence(1, 1.0), fact=True)]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Names the series that broke first."""
        first = min(_watched(run, player), key=_first_break)
        where, step = _words(first), _first_break(first)
        count = int(np.sum(~np.isfinite(first.values)))
        evidence = Evidence(
            str(first.key), "non-finite values", count, 0, (step, run.last_step), important=True
        )
        known = Alarm(step, alarm.alarm, alarm.cleared, alarm.confidence)
        return self._report(
            score, known, player, f"{where} became NaN or infinite at step {step:g}.", (evidence,)
        )


def _words(series: Series) -> str:
    """A series in words: "G's gradient"."""
    kind, _, rest = series.key.name.partition("/")
    if kind == "logit":
        return f"D's output on {rest}s"
    return f"{rest[:1].upper()}'s {'weights' if kind == 'weight' else kind}"


def _watched(run: Run, player: str) -> list[Series]:
    found = [run.get(name, player) for name in _WATCHED]
    return [series for series in found if series is not None and len(series)]


def _not_finite(series: Series, ticks: FloatArray) -> FloatArray:
    flags = Series(series.key, series.steps, (~np.isfinite(series.values)).astype(float))
    return np.sign(mean_by_tick(flags, ticks))


def _first_break(series: Series) -> float:
    bad = ~np.isfinite(series.values)
    return float(series.steps[np.argmax(bad)]) if bad.any() else np.inf
