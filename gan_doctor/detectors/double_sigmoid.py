"""GD602: a sigmoid follows upon a sigmoid, and D's loss cannot fall."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gan_doctor.core import Finding, FloatArray, Key, Missing, Run, Series
from gan_doctor.core.objective import LABELLED
from gan_doctor.detectors._base import Detector, Limit, Score
from gan_doctor.detectors._evidence import measured, value_of
from gan_doctor.detectors._signals import NO_OBJECTIVE
from gan_doctor.stats import Alarm, Persistence, mean_by_tick

__all__ = ["DoubleSigmoid"]

# L_real + L_fake of a D that says exactly 1 and 0, taken for logits: softplus(-1) + softplus(0).
_FLOOR = math.log1p(math.exp(-1)) + math.log(2)


class DoubleSigmoid(Detector):
    """Finds probabilities that a loss takes for logits.

    What it does:
        Compares D's loss as it was reported with what the same batches give if D's probabilities go
        through a sigmoid once more.

    Why this is a problem:
        A D that is certain and right still has a loss of 1.006 (.503 where it is the mean of both
        halves). The slope of the first sigmoid vanishes where the second one still asks for more,
        so D stays weak and nothing in the curves says why.

    How it is measured:
        D's output is known to be a probability from its last layer or from its graph. The reported
        loss equals the loss with a second sigmoid, or half of it, in most of the steps at which
        both are on record, and does not equal the proper one. It is a fact and alarms in the
        warm-up too.

    Limits:
        tolerance .001, relative (proposal: both are computed in float32); share .8 of the steps of
        a tick (proposal).

    Known false alarms:
        None known. It misses losses with smoothed labels or with a penalty in them, and loops that
        take several D steps and report the loss of the last.

    Remedies:
        Let D end without the sigmoid and keep BCEWithLogitsLoss; or keep it and take BCELoss.

    References:
        Catalogue 2.2 of section 1 and the incompatibility matrix.
    """

    code = "GD602"
    title = "Double sigmoid"
    limits = {
        "tolerance": Limit(1e-3, "relative error up to which two losses are the same", "proposal"),
        "share": Limit(0.8, "share of the steps in which they must be", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The share of the steps since the last tick in which D's loss has the second sigmoid."""
        same = self._same(run, player)
        if isinstance(same, Missing):
            return same
        limit = self._limit["share"]
        return [Score("critical", run.ticks, same, limit, Persistence(5, 0.8), fact=True)]

    def _same(self, run: Run, player: str) -> FloatArray | Missing:
        family, output = run.setup.objective.family, run.setup.discriminator_output
        if output == "logit" or (family is not None and family not in LABELLED):
            return np.zeros(len(run.ticks))
        if family is None:
            return NO_OBJECTIVE
        loss, double, clean = (
            run.get(f"loss/d{kind}", player) for kind in ("", "/double", "/clean")
        )
        if loss is None or double is None or clean is None:
            return Missing(
                "no series",
                "D's loss beside D's output on the same batches",
                "attach the Monitor with hooks and pass loss_d= to doctor.step",
            )
        steps = np.intersect1d(np.intersect1d(loss.steps, double.steps), clean.steps)
        reported, twice, once = (
            s.values[np.searchsorted(s.steps, steps)] for s in (loss, double, clean)
        )
        holds = self._equal(reported, twice) & ~self._equal(reported, once)
        known = np.where(np.isnan(reported + twice + once), np.nan, holds)
        seen = ~np.isnan(known)
        return mean_by_tick(Series(Key("same"), steps[seen], known[seen]), run.ticks)

    def _equal(self, reported: FloatArray, loss: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether it is the loss, or half of it as where a mean is taken."""
        tolerance = self._limit["tolerance"] * np.abs(loss)
        error = np.minimum(np.abs(reported - loss), np.abs(2 * reported - loss))
        return np.asarray(error <= tolerance)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says what D's loss is, and how low it can go."""
        reported, twice, once = (
            mean_by_tick(run.get(f"loss/d{kind}", player), run.ticks)
            for kind in ("", "/double", "/clean")
        )
        evidence = (
            *measured(
                run, alarm, "loss/d/double", "share of steps in which it equals loss/d",
                score.steps, score.values, score.limit, important=True,
            ),
            *measured(run, alarm, "loss/d", "mean", run.ticks, reported),
            *measured(run, alarm, "loss/d/double", "mean", run.ticks, twice),
            *measured(run, alarm, "loss/d/clean", "mean", run.ticks, once),
        )  # fmt: skip
        evidence = tuple(e for e in evidence if np.isfinite(e.value))
        mean, double = value_of(evidence, "loss/d") or 0.0, evidence[2].value
        floor = _FLOOR if mean > 0.75 * double else _FLOOR / 2
        message = (
            f"D's loss has been that of a second sigmoid on D's probabilities since step "
            f"{alarm.onset:g}: it is {mean:.3g} and cannot fall below {floor:.4g}."
        )
        return self._report(score, alarm, player, message, evidence)
