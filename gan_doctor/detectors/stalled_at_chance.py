"""GD203: the loss rests at its textbook equilibrium, and nothing is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gan_doctor.core import Finding, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score, graded
from gan_doctor.detectors._evidence import measured, recorded, value_of
from gan_doctor.detectors._signals import (
    dominance,
    only_where,
    sample_evidence,
    sample_state,
    samples_in_words,
    separation,
    turns,
)
from gan_doctor.stats import Alarm, Persistence, ewma

__all__ = ["StalledAtChance"]

_LATELY = 20  # ticks in which a D that takes turns sees now and then
_NOW_AND_THEN = 0.2  # share of them
_CONSTANT = 1e-3  # sd of D's output, below which it says the same of everything (catalogue S2)


class StalledAtChance(Detector):
    """Finds a D that is blind although its loss has the value of the theory's happy end.

    What it does:
        Tells the equilibrium at which G has won, where the samples are as good as real, from a loss
        that has the same value because D sees nothing.

    Why this is a problem:
        2 ln 2 is what a perfect G gives, and what a constant D gives. We measured a run at exactly
        this loss whose recall was .02. From the loss alone the two cannot be told apart.

    How it is measured:
        Dominance near 0, separation (AUROC, oriented) at or below chance, and samples whose
        coverage is clearly below that between halves of the reals. A separation that goes up and
        down, above chance in a fifth of the last ticks, is that of players who take turns
        (non-convergence), not of a blind D. Without samples it is not assessed: a loss at its
        equilibrium is no sign of a fault.

    Limits:
        dominance .25 on both sides, real .75, bad .2 (proposals); separation .55 (catalogue S2);
        turns .15 (as in non-convergence).

    Known false alarms:
        A genuine equilibrium, heavy augmentation or a relativistic loss: D is at chance and the
        samples are good; it must stay silent.

    Remedies:
        Bring the learning rates together (a G that is much faster than D blinds it), more D steps,
        a larger D, less regularisation of D.

    References:
        Catalogue S2; Goodfellow et al. 2014, theorem 1.
    """

    code = "GD203"
    title = "Stalled at chance"
    limits = {
        "dominance": Limit(0.25, "D's loss this near its equilibrium", "proposal"),
        "separation": Limit(0.55, "AUROC of D up to here", "catalogue S2, a proposal"),
        "turns": Limit(
            0.15, "sd of D's AUROC over 20 ticks, up to which D is blind", "as in non-convergence"
        ),
        "real": Limit(0.75, "samples that reach this share of the data count as real", "proposal"),
        "bad": Limit(0.2, "samples that reach less than this share of the data", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """How far the samples are from real where D is blind at its equilibrium, else 0."""
        ahead, apart, state = (
            dominance(run, player),
            separation(run, player),
            sample_state(run, player),
        )
        if isinstance(ahead, Missing):
            return ahead
        if isinstance(apart, Missing):
            return apart
        if isinstance(state, Missing):
            return state
        blind = (np.abs(ahead) <= self._limit["dominance"]) & (apart <= self._limit["separation"])
        # A D that sees now and then takes turns with G; one that G outruns, and no more, does not.
        sees = (
            ewma((apart > self._limit["separation"]).astype(np.float64), _LATELY) >= _NOW_AND_THEN
        )
        blind &= ~(sees & (turns(run, player) > self._limit["turns"]))
        away = state.at(run.ticks, 1 - state.quality)
        known = ~np.isnan(ahead + apart)
        stalled = np.where(known, only_where(blind, away), np.nan)
        limits = 1 - self._limit["real"], 1 - self._limit["bad"]
        return graded(run.ticks, stalled, *limits, Persistence())

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says that the loss looks right, that D is blind, and where the samples stand."""
        apart, samples = separation(run, player), sample_state(run, player)
        evidence = (
            *measured(
                run, alarm, "auroc", "mean, oriented", run.ticks, apart,
                self._limit["separation"], "below",
            ),
            *measured(
                run, alarm, "loss/d", "dominance", run.ticks, dominance(run, player),
                self._limit["dominance"], "below",
            ),
            *sample_evidence(run, alarm, samples, self._limit["real"]),
            *recorded(run, alarm, ("loss/d", "loss/g", "logit/sd", "gradient/d"), player),
        )  # fmt: skip
        evidence = tuple(replace(e, important=e.series == "sample/coverage") for e in evidence)
        auroc, sd = value_of(evidence, "auroc"), value_of(evidence, "logit/sd")
        constant = ", saying the same of everything" if sd is not None and sd < _CONSTANT else ""
        said = f"D's loss has rested at its equilibrium since step {alarm.onset:g}, but D is blind"
        return self._report(
            score,
            alarm,
            player,
            f"{said} (AUROC {auroc or 0:.2f}{constant}) {samples_in_words(samples, alarm)}.",
            evidence,
        )
