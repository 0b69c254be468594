"""GD605: a loss is computed and logged, but it is in no gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Event, Evidence, Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.stats import Alarm, Persistence, mean_by_tick

__all__ = ["LossNotBackpropagated"]

_THREE_TICKS = Persistence(3, 1.0)
_SIDES = {
    "reached/real": "D's loss on reals has reached D",
    "reached/fake": "D's loss on fakes has reached D",
    "reached/generator": "G's adversarial loss has reached it through D",
}


class LossNotBackpropagated(Detector):
    """Finds losses that train nobody.

    What it does:
        Looks whether a gradient comes to D's output on reals and on fakes before D steps, and to
        D's output on fakes before G steps; and whether a penalty that is logged has a graph.

    Why this is a problem:
        A loss that is overwritten two lines later, detached, or left out of the sum is printed all
        the same, and its curve moves because the networks do. Published code has all three.

    How it is measured:
        The share of the watched steps in which a gradient came. That of G's loss counts where it is
        also on record that nothing came to G through D: a loss on D's features comes to G past D's
        output, and is none that is lost. It is a fact and alarms in the
        warm-up too. A penalty is noted where it was passed as a tensor without a graph for 50
        steps, beside a loss of the same player that has one: a warning, for it may have been
        detached for the log alone.

    Limits:
        lost .9 of the watched steps (proposal).

    Known false alarms:
        A D that is called under autograd only to log what it says, while another D trains G. A
        phase in which G learns from a pixel loss alone: it clears when the adversarial one begins.
        A penalty that is detached on its way to doctor.step: pass it as it is.

    Remedies:
        Add the loss to the sum that backward is called on; take away the detach, no_grad or item in
        front of it.

    References:
        Catalogue section 6.
    """

    code = "GD605"
    title = "Loss not backpropagated"
    limits = {
        "lost": Limit(0.9, "share of the watched steps in which no gradient came", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The share of watched steps in which a loss was lost, and 1 where a penalty is cut off."""
        lost = [_lost(run, side, player) for side in _SIDES]
        detached = _detached(run, player)
        if all(np.isnan(values).all() for values in (*lost, detached)):
            return Missing(
                "no series",
                "whether the losses reach D's output",
                "attach the Monitor with hooks to the D that the loop calls",
            )
        limit = self._limit["lost"]
        return [
            *(Score("critical", run.ticks, v, limit, _THREE_TICKS, fact=True) for v in lost),
            Score("warning", run.ticks, detached, 1.0, Persistence(1, 1.0), fact=True),
        ]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says which loss it is."""
        if score.severity == "warning":
            return self._of_penalty(run, score, alarm, player)
        reached = {side: _lost(run, side, player) for side in _SIDES}
        side = next(s for s, v in reached.items() if np.array_equal(v, score.values, True))
        # The stretch may have begun with another loss.
        inside = np.where(score.values >= score.limit, 1 - score.values, np.nan)
        evidence = measured(
            run, alarm, side, "mean", run.ticks, inside, 1 - score.limit, "below", important=True
        )
        share = evidence[0].value
        for name, values in reached.items():
            if name != side:
                evidence += measured(run, alarm, name, "mean", run.ticks, 1 - values)
        message = (
            f"{_SIDES[side]} in only {percent(share)} of the steps that were watched since step "
            f"{alarm.onset:g}."
        )
        return self._report(score, alarm, player, message, evidence)

    def _of_penalty(self, run: Run, score: Score, alarm: Alarm, player: str) -> Finding:
        event = _events(run, player)[0]
        series = str(event.detail.get("series", "penalty/d"))
        evidence = Evidence(
            series, "penalties noted without a graph", float(len(_events(run, player))), 0.0,
            (alarm.onset, run.last_step), important=True,
        )  # fmt: skip
        message = (
            f"Up to step {alarm.onset:g} {series} was passed without a graph, beside a loss that "
            "has one: as it stands it trains nothing."
        )
        return self._report(score, alarm, player, message, (evidence,))


def _lost(run: Run, side: str, player: str) -> FloatArray:
    """(T,) the share of the watched steps in which no gradient came."""
    lost = 1 - mean_by_tick(run.get(side, player), run.ticks)
    if side != "reached/generator":
        return lost
    through_d = mean_by_tick(run.get("gradient/g/through_d", player), run.ticks)
    return np.where(np.isnan(lost + through_d), np.nan, np.where(through_d > 0, 0.0, lost))


def _detached(run: Run, player: str) -> FloatArray:
    """(T,) 1 from the tick after a penalty was noted on, else 0; NaN where none is passed."""
    events = _events(run, player)
    if not events and run.get("penalty/d", player) is None:
        return np.full(len(run.ticks), np.nan)
    since = min((event.step for event in events), default=np.inf)
    return (run.ticks > since).astype(float)


def _events(run: Run, player: str) -> list[Event]:
    return [e for e in run.events if e.kind == "detached" and e.player == player]
