"""GD201: D has won, and what it tells G no longer helps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score, share_of_budget
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

__all__ = ["DiscriminatorOverpowering"]


class DiscriminatorOverpowering(Detector):
    """Finds a D that separates perfectly while G's samples stay far from the data.

    What it does:
        Joins D's loss, D's separation of reals and fakes, and the samples. D being far ahead is no
        fault by itself; it is one when the samples do not come near the data.

    Why this is a problem:
        With disjoint supports a perfect D exists (Arjovsky and Bottou 2017, theorem 2.1). The
        gradient that it gives G vanishes (minimax) or is large and useless (non-saturating, hinge):
        G moves and does not get better.

    How it is measured:
        Dominance: how far D's loss has fallen from its equilibrium towards its floor, at each tick.
        Separation: AUROC between D's outputs on reals and fakes of one batch, oriented. Samples:
        the share of the data they reach, from coverage and recall over their values between halves
        of the reals. Dominance and separation with bad or unknown samples warn. It is critical when
        the samples are bad and have not become better for a share of the budget, or when D's loss
        is 0 with G's pinned at the constant where a clamped loss ends.

    Limits:
        dominance .9 and separation .99 (catalogue S1, proposals); bad .2 and stale .15 (proposals).

    Known false alarms:
        A Wasserstein critic has no floor and is not assessed. In early training, with batches under
        16 and under strong R1, D is often perfect while G learns: the samples decide. A measured
        run with AUROC 1.000 for 1,000 steps reached the recall of the healthy one; it must stay
        silent.

    Remedies:
        A lower learning rate of D or a higher one of G, fewer D steps, instance noise, one-sided
        labels, R1, a gradient penalty, spectral normalisation.

    References:
        Catalogue S1; Arjovsky and Bottou 2017 (1701.04862); Goodfellow et al. 2014, section 3.
    """

    code = "GD201"
    title = "Discriminator overpowering"
    limits = {
        "dominance": Limit(0.9, "D's loss this near its floor", "catalogue S1, a proposal"),
        "separation": Limit(0.99, "AUROC of D from here on", "catalogue S1, a proposal"),
        "bad": Limit(0.2, "samples that reach less than this share of the data", "proposal"),
        "stale": Limit(0.15, "share of the budget without better samples", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """Dominance where D separates perfectly and the samples are bad, else 0."""
        won = pinned(run, "loss/d", "loss/g", player)
        facts = [Score("critical", run.ticks, won, 1.0, fact=True)]
        ahead = self._ahead(run, player)
        if isinstance(ahead, Missing):
            return facts if np.any(won == 1) else ahead
        limit, state = self._limit["dominance"], sample_state(run, player)
        if isinstance(state, Missing):
            return [Score("warning", run.ticks, ahead, limit), *facts]
        bad = state.at(run.ticks, state.quality < self._limit["bad"])
        stale = state.at(run.ticks, state.age >= share_of_budget(run, self._limit["stale"]))
        # Before the first check nothing is known of the samples: that may warn but not convict.
        warning = only_where(bad != 0, ahead)
        critical = only_where(stale == 1, warning)
        return [
            Score("warning", run.ticks, warning, limit),
            Score("critical", run.ticks, np.where(np.isnan(bad), np.nan, critical), limit),
            *facts,
        ]

    def _ahead(self, run: Run, player: str) -> FloatArray | Missing:
        """(T,) dominance where D also separates, or by the loss alone."""
        ahead, apart = dominance(run, player), separation(run, player)
        if isinstance(ahead, Missing) or isinstance(apart, Missing):
            return ahead
        return only_where(~(apart < self._limit["separation"]), ahead)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how well D separates, and where the samples stand."""
        apart, samples = separation(run, player), sample_state(run, player)
        evidence = (
            *measured(
                run, alarm, "auroc", "mean, oriented", run.ticks, apart,
                self._limit["separation"], important=True,
            ),
            *measured(
                run, alarm, "loss/d", "dominance", run.ticks, dominance(run, player),
                self._limit["dominance"],
            ),
            *sample_evidence(run, alarm, samples, self._limit["bad"]),
            *recorded(run, alarm, ("loss/d", "loss/g", "gradient/g"), player),
        )  # fmt: skip
        auroc = value_of(evidence, "auroc")
        if auroc is None:
            said = "D's loss has been at its floor"
        else:
            said = f"D has ranked {percent(auroc)} of real-fake pairs right"
        return self._report(
            score,
            alarm,
            player,
            f"{said} since step {alarm.onset:g}, {samples_in_words(samples, alarm)}.",
            evidence,
            tuple(m for m in (apart, samples) if isinstance(m, Missing)),
        )
