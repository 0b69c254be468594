"""GD205: G hears next to nothing of D, because its other losses are louder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score
from gan_doctor.detectors._evidence import measured, percent, recorded
from gan_doctor.stats import Alarm, mean_by_tick

__all__ = ["AuxiliaryLossDominates"]


class AuxiliaryLossDominates(Detector):
    """Finds pixel, perceptual or regression losses that leave the adversarial one no say.

    What it does:
        Weighs what G is told by D against what it is told by all its other losses.

    Why this is a problem:
        G then minimises the other losses as if there were no D: a pixel loss gives the blurred mean
        of what is possible, and D wins without effect.

    How it is measured:
        At G's output, in the watched steps, the loss gradient that comes through D is told from the
        rest by the way that it takes in the graph. The share is the norm of the first over the sum
        of both norms. The sizes of the losses prove nothing: a small loss may have a steep slope.

    Limits:
        through_d .05 (catalogue, section 6).

    Known false alarms:
        A phase in which the adversarial loss is faded in. A D that has no gradient left to give:
        the other losses are then not too loud, D is too sure. Losses on D's features come through D
        too and count as adversarial.

    Remedies:
        A lower weight of the other loss, or a weight that is set by the ratio of both gradients.

    References:
        Catalogue 1.2.4 of section 1; the ratio of gradients is VQGAN's (Esser et al. 2021).
    """

    code = "GD205"
    title = "Auxiliary loss dominates"
    limits = {
        "through_d": Limit(
            0.05, "share of the gradient at G's output that comes through D", "catalogue 6"
        ),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The share of G's gradient that does not come through D, at each tick."""
        share = run.get("gradient/g/through_d", player)
        if share is None:
            return _missing(run, player)
        past = 1 - mean_by_tick(share, run.ticks)
        return [Score("warning", run.ticks, past, 1 - self._limit["through_d"])]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how little comes through D."""
        evidence = measured(
            run, alarm, "gradient/g/through_d", "mean", score.steps, 1 - score.values,
            self._limit["through_d"], "below", important=True,
        )  # fmt: skip
        evidence += recorded(run, alarm, ("loss/g", "loss/g/adversarial", "gradient/g"), player)
        evidence = tuple(e for e in evidence if np.isfinite(e.value))
        message = (
            f"Since step {alarm.onset:g} only {percent(evidence[0].value)} of the loss gradient at "
            "G's output has come through D."
        )
        return self._report(score, alarm, player, message, evidence)


def _missing(run: Run, player: str) -> Missing:
    """Says what the losses tell, which is not enough to judge by."""
    whole, part = (run.get(name, player) for name in ("loss/g", "loss/g/adversarial"))
    what = "the share of G's gradient that comes through D"
    if whole is not None and part is not None:
        sizes = [float(np.nanmedian(np.abs(series.values))) for series in (whole, part)]
        if np.isfinite(sizes).all() and sizes[0] > 0:
            what += f"; of G's loss {percent(sizes[1] / sizes[0])} is adversarial, which tells"
            what += " nothing of its slope"
    return Missing("no series", what, "attach the Monitor with hooks to one G and one D")
