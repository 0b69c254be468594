"""GD603: D is trained to call reals fake, while G is trained as if it called them real."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Key, Missing, Run, Series
from gan_doctor.detectors._base import Detector, Limit, Score
from gan_doctor.detectors._evidence import measured, percent, recorded
from gan_doctor.detectors._signals import NO_ORIENTATION
from gan_doctor.stats import Alarm, Persistence, latest_by_tick

__all__ = ["LabelsSwapped"]


class LabelsSwapped(Detector):
    """Finds a D and a G that do not agree on which way D's output points.

    What it does:
        Compares the side to which D's loss pushes its output on reals with the side to which G's
        loss pushes D's output on fakes.

    Why this is a problem:
        G wants its fakes scored the way D scores reals. Where the labels of the D step alone are
        swapped, both losses go to 0 and both players are content: G makes what D calls fake. We
        measured L_D 6e-4, L_G 0 and an AUROC of 0.000.

    How it is measured:
        The sign of the summed loss gradient over D's logits, on reals in the D step and on fakes in
        the G step, each averaged over all watched steps up to a tick. The score is the product of
        both averages, with the sign turned: 1 where they always point apart. Which way D scores is
        its own affair: a critic that scores reals low is silent if G follows it. It is a fact and
        alarms in the warm-up too.

    Limits:
        opposite .6 (proposal: nine of ten watched steps on each side give .64); looks 5 on each
        side (proposal).

    Known false alarms:
        None known. A least-squares loss changes its sign where D overshoots its target, which is
        why all steps are averaged; a swap half-way is found late for the same reason.

    Remedies:
        Give reals the label 1 and fakes 0 in the D step, and fakes 1 in the G step; with a critic,
        check the signs of both losses.

    References:
        Catalogue S2.
    """

    code = "GD603"
    title = "Labels swapped"
    limits = {
        "opposite": Limit(0.6, "how surely D's and G's losses pull D's output apart", "proposal"),
        "looks": Limit(5, "watched steps on each side, from which it is assessed", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """How surely the two losses disagree, at each tick."""
        of_d = self._direction(run, "logit/gradient", player)
        of_g = self._direction(run, "logit/gradient/generator", player)
        if isinstance(of_d, Missing):
            return of_d
        if isinstance(of_g, Missing):
            return of_g
        apart, limit = -of_d * of_g, self._limit["opposite"]
        return [Score("critical", run.ticks, apart, limit, Persistence(3, 1.0), fact=True)]

    def _direction(self, run: Run, name: str, player: str) -> FloatArray | Missing:
        """(T,) the mean sign of a loss gradient up to each tick; NaN before there are enough."""
        series = run.get(name, player)
        if series is None:
            return NO_ORIENTATION
        signs = np.sign(np.nan_to_num(series.values))
        looks = np.cumsum(np.abs(signs))
        mean = np.cumsum(signs) / np.maximum(looks, 1)
        known = np.where(looks >= self._limit["looks"], mean, np.nan)
        return latest_by_tick(Series(Key("sign"), series.steps, known), run.ticks)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says which way each of the two pulls."""
        of_d = self._direction(run, "logit/gradient", player)
        of_g = self._direction(run, "logit/gradient/generator", player)
        assert not isinstance(of_d, Missing)
        assert not isinstance(of_g, Missing)
        evidence = (
            *measured(
                run, alarm, "logit/gradient/generator", "mean sign against that of logit/gradient",
                score.steps, score.values, score.limit, important=True,
            ),
            *measured(run, alarm, "logit/gradient", "mean sign", run.ticks, of_d),
            *measured(run, alarm, "logit/gradient/generator", "mean sign", run.ticks, of_g),
            *recorded(run, alarm, ("auroc", "loss/d", "loss/g"), player),
        )  # fmt: skip
        evidence = tuple(e for e in evidence if np.isfinite(e.value))
        d_low, g_low = evidence[1].value, evidence[2].value
        words = {True: "low", False: "high"}
        message = (
            f"Since step {alarm.onset:g} D has learnt to score reals {words[d_low > 0]} in "
            f"{_of_steps(d_low)} of the watched steps, while G learns to have its fakes scored "
            f"{words[g_low > 0]} in {_of_steps(g_low)}."
        )
        return self._report(score, alarm, player, message, evidence)


def _of_steps(mean_sign: float) -> str:
    """The share of the steps with the sign that most of them have."""
    return percent((1 + abs(mean_sign)) / 2)
