"""GD301: G makes nearly the same sample whatever its input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, Missing, Run, Series, Severity
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.detectors._signals import against_null, excess_over_null
from gan_doctor.stats import Alarm

__all__ = ["ModeCollapse"]


class ModeCollapse(Detector):
    """Finds the collapse of all samples onto one or a few.

    What it does:
        Compares the spread of the fakes with that of as many reals, and counts how many different
        ones there are among them.

    Why this is a problem:
        D sees one sample at a time, so all of G's gradients can point at the same place (Salimans
        et al. 2016, section 3.2). A collapsed G seldom recovers: the weights are lost.

    How it is measured:
        Spread: trace of the feature covariance of the fakes over that of the reals, held against
        the same ratio between halves of the reals. Copies: share of pairs of fakes that lie closer
        than 999 of 1,000 reals lie to their nearest other, above the share among the reals; the
        same k images over and over give 1/k. Either is enough, at each sample check. No alarm
        sounds in the first tenth of the budget: many healthy runs pass through a narrow phase.

    Limits:
        Critical: .9 of the spread lost (catalogue S3a, a proposal) or .1 of the pairs copies, ten
        images over and over. Warning: .75 and .02, fifty images. The last three are proposals.

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
        "collapsed": Limit(0.9, "lost spread, critical", "catalogue S3a, a proposal"),
        "narrow": Limit(0.75, "lost spread, a warning", "proposal"),
        "copies": Limit(0.1, "pairs of copies, critical: 10 images over and over", "proposal"),
        "repeats": Limit(0.02, "pairs of copies, a warning: 50 images", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """Lost spread or pairs of copies, over their limits, whichever is more, at each check."""
        spread, pairs = _signals(run, player)
        if isinstance(spread, Missing):
            return spread
        if isinstance(pairs, Missing):
            return pairs
        earliest = share_of_budget(run, self._limit["earliest"])

        def score(severity: Severity, lost: str, copied: str) -> Score:
            degree = np.fmax(
                (1 - spread.values) / self._limit[lost], pairs.values / self._limit[copied]
            )
            return Score(severity, spread.steps, degree, 1.0, THREE_CHECKS, earliest)

        return [score("warning", "narrow", "repeats"), score("critical", "collapsed", "copies")]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how little the samples differ."""
        spread, pairs = _signals(run, player)
        assert not isinstance(spread, Missing)
        assert not isinstance(pairs, Missing)
        critical = score.severity == "critical"
        # A ratio: one check at which the samples fly apart would outweigh all others in a mean.
        evidence = (
            *measured(
                run, alarm, str(spread.key), "median, share of what real data gives", spread.steps,
                spread.values, 1 - self._limit["collapsed" if critical else "narrow"], "below",
                important=True, reduce=np.median,
            ),
            *measured(
                run, alarm, str(pairs.key), "mean above the reals", pairs.steps, pairs.values,
                self._limit["copies" if critical else "repeats"],
            ),
        )  # fmt: skip
        kept, copied = (max(e.value, 0) for e in evidence)
        said = f"the samples have {percent(kept)} of the spread of the real data"
        if copied > self._limit["repeats"]:
            images = "a single image" if copied > 0.7 else f"{1 / copied:.0f} images"
            said += f" and differ as much as {images} over and over"
        message = f"Since step {alarm.onset:g} {said}."
        return self._report(score, alarm, player, message, evidence)


def _signals(run: Run, player: str) -> tuple[Series | Missing, Series | Missing]:
    """The spread over its null, and the pairs of copies above theirs."""
    return (
        against_null(run, "sample/spread_ratio", player),
        excess_over_null(run, "sample/copied_pairs", player),
    )
