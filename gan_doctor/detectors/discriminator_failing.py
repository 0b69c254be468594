"""GD202: D does worse than chance and does not recover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score
from gan_doctor.detectors._evidence import measured, percent, recorded, value_of
from gan_doctor.detectors._signals import (
    dominance,
    only_where,
    pinned,
    sample_evidence,
    sample_state,
    samples_in_words,
    separation,
)
from gan_doctor.stats import Alarm

__all__ = ["DiscriminatorFailing"]


class DiscriminatorFailing(Detector):
    """Finds a D whose loss stays above chance while it cannot tell fakes from reals.

    What it does:
        Joins a D loss above its equilibrium, a separation at or below chance, and samples that are
        not real.

    Why this is a problem:
        G learns from D alone. A D that is wrong about everything, because it learns too slowly or
        not at all, pushes G nowhere; the losses can stand still for the whole run.

    How it is measured:
        Separation: AUROC between D's outputs on reals and fakes of one batch, oriented. It must be
        at or below chance, and D's loss not below its equilibrium. Then D fails by as much as its
        loss is above the equilibrium, or its ranking is the wrong way round, whichever is more.
        Samples: the share of the data they reach. Loss and separation warn; it is critical when
        the samples are bad as well, or when G's loss is 0 with D's pinned at the constant where a
        clamped loss ends.

    Limits:
        dominance -.1 and separation .55 (catalogue S2, proposals); wrong .25, real .75 and bad .2
        (proposals).

    Known false alarms:
        Spikes of an overconfident D give a high loss too, but at a high separation. A genuine
        equilibrium has a loss at, not above, chance and samples as good as real.

    Remedies:
        A higher learning rate of D, more D steps, less regularisation of D.

    References:
        Catalogue S2.
    """

    code = "GD202"
    title = "Discriminator failing"
    limits = {
        "dominance": Limit(-0.1, "D's loss this far above its equilibrium", "proposal"),
        "separation": Limit(0.55, "AUROC of D up to here", "catalogue S2, a proposal"),
        "wrong": Limit(0.25, "AUROC up to here is a fault whatever the loss", "proposal"),
        "real": Limit(0.75, "samples that reach this share of the data count as real", "proposal"),
        "bad": Limit(0.2, "samples that reach less than this share of the data", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """How far D is behind where the samples are not real, else 0."""
        lost = pinned(run, "loss/g", "loss/d", player)
        facts = [Score("critical", run.ticks, lost, 1.0, fact=True)]
        behind = self._behind(run, player)
        if isinstance(behind, Missing):
            return facts if np.any(lost == 1) else behind
        state = sample_state(run, player)
        if isinstance(state, Missing):
            return [Score("warning", run.ticks, behind, 1.0), *facts]
        real = state.at(run.ticks, state.quality >= self._limit["real"])
        bad = state.at(run.ticks, state.quality < self._limit["bad"])
        warning = only_where(real != 1, behind)
        critical = only_where(bad == 1, warning)
        return [
            Score("warning", run.ticks, warning, 1.0),
            Score("critical", run.ticks, np.where(np.isnan(bad), np.nan, critical), 1.0),
            *facts,
        ]

    def _behind(self, run: Run, player: str) -> FloatArray | Missing:
        """(T,) how far D is behind, 1 at the limit; by the loss alone if need be."""
        ahead, apart = dominance(run, player), separation(run, player)
        if isinstance(ahead, Missing):
            return ahead
        by_loss = ahead / self._limit["dominance"]
        if isinstance(apart, Missing):
            return by_loss
        behind = np.where(apart <= self._limit["wrong"], np.maximum(by_loss, 1), by_loss)
        lost = (apart <= self._limit["separation"]) & (ahead <= -self._limit["dominance"])
        return only_where(lost, behind)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how wrong D is, and where the samples stand."""
        apart, samples = separation(run, player), sample_state(run, player)
        evidence = (
            *measured(
                run, alarm, "auroc", "mean, oriented", run.ticks, apart,
                self._limit["separation"], "below", important=True,
            ),
            *measured(
                run, alarm, "loss/d", "dominance", run.ticks, dominance(run, player),
                self._limit["dominance"], "below",
            ),
            *sample_evidence(run, alarm, samples, self._limit["bad"]),
            *recorded(run, alarm, ("loss/d", "loss/g", "gradient/d"), player),
        )  # fmt: skip
        auroc = value_of(evidence, "auroc")
        if auroc is None:
            said = "D's loss has been above chance"
        else:
            said = f"D has ranked only {percent(auroc)} of real-fake pairs right"
        return self._report(
            score,
            alarm,
            player,
            f"{said} since step {alarm.onset:g}, {samples_in_words(samples, alarm)}.",
            evidence,
            tuple(m for m in (apart, samples) if isinstance(m, Missing)),
        )
