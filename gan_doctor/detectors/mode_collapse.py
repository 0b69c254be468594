"""GD301: G makes nearly the same sample whatever its input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, Missing, Run
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.detectors._signals import against_null, excess_over_null
from gan_doctor.stats import Alarm

__all__ = ["ModeCollapse"]


class ModeCollapse(Detector):
    """Finds the collapse of all samples onto one or a few.

    What it does:
        Compares the spread of the fakes with that of as many reals, and counts fakes that are
        copies of each other.

    Why this is a problem:
        D sees one sample at a time, so all of G's gradients can point at the same place (Salimans
        et al. 2016, section 3.2). A collapsed G seldom recovers: the weights are lost.

    How it is measured:
        Spread: trace of the feature covariance of the fakes over that of the reals, held against
        the same ratio between halves of the reals. Duplicates: share of fakes that lie closer to
        another fake than 999 of 1,000 reals lie to another real, above the share among the reals.
        The score is the larger of the lost spread and the excess of duplicates, at each sample
        check. No alarm sounds in the first tenth of the budget: many healthy runs pass through a
        narrow phase.

    Limits:
        collapsed .9 (critical) and narrow .75 (warning), both proposals.

    Known false alarms:
        Data of low diversity is compared with itself and stays silent; constant data is not
        assessed. One label a batch, and truncation, narrow the samples on purpose.

    Remedies:
        Lower both learning rates and start anew, R1 or a gradient penalty, packing.

    References:
        Catalogue S3a; Salimans et al. 2016 (1606.03498); Arora and Zhang 2017 (1706.08224).
    """

    code = "GD301"
    title = "Mode collapse"
    limits = {
        "collapsed": Limit(0.9, "lost spread or copies, critical", "catalogue S3a, a proposal"),
        "narrow": Limit(0.75, "lost spread or copies, a warning", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The larger of lost spread and excess duplicates, at each sample check."""
        spread = against_null(run, "sample/spread_ratio", player)
        copies = excess_over_null(run, "sample/duplicates", player)
        if isinstance(spread, Missing):
            return spread
        if isinstance(copies, Missing):
            return copies
        collapse = np.fmax(1 - spread.values, copies.values)
        earliest = share_of_budget(run, self._limit["earliest"])
        return [
            Score("warning", spread.steps, collapse, self._limit["narrow"], THREE_CHECKS, earliest),
            Score(
                "critical", spread.steps, collapse, self._limit["collapsed"], THREE_CHECKS, earliest
            ),
        ]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how little the samples differ."""
        spread = against_null(run, "sample/spread_ratio", player)
        copies = excess_over_null(run, "sample/duplicates", player)
        assert not isinstance(spread, Missing)
        assert not isinstance(copies, Missing)
        words = "mean, share of what real data gives"
        evidence = (
            *measured(
                run, alarm, str(spread.key), words, spread.steps, spread.values,
                1 - score.limit, "below", important=True,
            ),
            *measured(
                run, alarm, str(copies.key), "mean above the reals", copies.steps, copies.values,
                score.limit,
            ),
        )  # fmt: skip
        kept, copied = (percent(max(e.value, 0)) for e in evidence)
        message = (
            f"Since step {alarm.onset:g} the samples have {kept} of the spread of the real data, "
            f"and {copied} of them are copies of each other."
        )
        return self._report(score, alarm, player, message, evidence)
