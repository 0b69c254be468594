"""GD105: a learning rate that has decayed to nothing while steps are left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Run, Series, Severity
from gan_doctor.detectors._base import Detector, Limit, Score
from gan_doctor.stats import Alarm, latest_by_tick

__all__ = ["LearningRateExhausted"]


class LearningRateExhausted(Detector):
    """Finds a schedule that has taken a learning rate to nothing before the training ends.

    What it does:
        Holds the learning rates of G and of D against the largest that each has had so far.

    Why this is a problem:
        Nothing is learned at such a rate. The losses lie still, which looks like convergence, and
        the rest of the budget is spent for nothing. A run of 10^5 steps was seen at 7e-111.

    How it is measured:
        A rate below a thousandth of its largest so far, at eight of ten evaluations, is a fact and
        needs no warm-up. A rate that is still small because it warms up is its own largest. A decay
        to 0 at the end is by design: the last twentieth of the declared budget is not looked at.
        Where no budget is declared, nobody knows where the end is, and the finding only warns.

    Limits:
        share .001 of the largest rate, nothing 1e-12 and left .05 of the budget (proposals).

    Known false alarms:
        A player that is frozen for a time on purpose by a rate of 0. Cycles that touch 0 for less
        than eight evaluations raise nothing.

    Remedies:
        A schedule that ends with the training, or a higher floor of the rate.

    References:
        Catalogue S8 and 7.11.
    """

    code = "GD105"
    title = "Learning rate exhausted"
    limits = {
        "share": Limit(1e-3, "of the largest rate so far, below which it counts as 0", "proposal"),
        "nothing": Limit(1e-12, "rate that moves no weight, whatever it was before", "proposal"),
        "left": Limit(0.05, "share of the budget at its end that is not looked at", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """How far the smaller rate is below its limit, while there are steps left to learn in."""
        shares = self._shares(run, player)
        if not shares:
            return Missing(
                "no series",
                "the learning rates of G and D",
                "attach the Monitor to G and D, or log them as lr/g and lr/d",
            )
        share = np.fmin.reduce(list(shares.values()))
        with np.errstate(divide="ignore"):
            spent = self._limit["share"] / share
        severity: Severity = "warning" if run.budget is None else "critical"
        return [Score(severity, run.ticks, spent, 1.0, fact=True)]

    def _shares(self, run: Run, player: str) -> dict[str, FloatArray]:
        """(T,) each rate over its largest so far, by role; NaN where the end is near."""
        end = np.inf if run.budget is None else (1 - self._limit["left"]) * run.budget
        found = {}
        for role in "gd":
            series = run.get(f"lr/{role}", player)
            if series is not None:
                so_far = Series(series.key, series.steps, np.fmax.accumulate(series.values))
                rate, most = (latest_by_tick(s, run.ticks) for s in (series, so_far))
                known = (run.ticks <= end) & (most > 0) & np.isfinite(most)
                share = rate / np.where(known, most, 1.0)
                # A record that begins when all is over knows no larger rate.
                gone = (rate <= self._limit["nothing"]) & (share > self._limit["share"])
                share = np.where(gone, 0.0, share)
                found[role] = np.where(known, share, np.nan)
        return found

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says whose rate has gone, and how much of the training is left."""
        end = run.last_step if alarm.cleared is None else alarm.cleared
        during = (run.ticks >= alarm.onset) & (run.ticks <= end)
        lowest = {
            role: float(np.fmin.reduce(share[during], initial=np.inf))
            for role, share in self._shares(run, player).items()
        }
        gone = [role for role, share in lowest.items() if share <= self._limit["share"]]
        evidence = tuple(
            Evidence(
                f"lr/{role}@{player}" if player else f"lr/{role}",
                "lowest, over the largest rate before",
                lowest[role],
                self._limit["share"],
                (alarm.onset, end),
                important=role == gone[0],
                sense="below",
            )
            for role in lowest
            if np.isfinite(lowest[role])
        )
        whose = " and ".join(f"{role.upper()}'s" for role in gone)
        rates, are = ("rates", "have") if len(gone) > 1 else ("rate", "has")
        now = f"{lowest[gone[0]]:.1e} of what it was" if lowest[gone[0]] else "0"
        if run.budget is None:
            left = "no budget is declared to tell whether that is the end by design"
        else:
            left = f"{run.budget - alarm.onset:,.0f} of the {run.budget:,} steps came after that"
        return self._report(
            score,
            alarm,
            player,
            f"{whose} learning {rates} {are} run out since step {alarm.onset:g}, to {now}: {left}.",
            evidence,
        )
