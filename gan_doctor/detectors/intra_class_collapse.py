"""GD304: within each class or cluster the samples are nearly one and the same."""

from __future__ import annotations

from collections.abc import Sequence

from gan_doctor.core import Finding, Missing, Run, Series
from gan_doctor.detectors._base import Detector, Limit, Score, graded, share_of_budget
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.detectors._signals import against_null, sample_state
from gan_doctor.stats import Alarm

__all__ = ["IntraClassCollapse"]


class IntraClassCollapse(Detector):
    """Finds samples that differ between classes but hardly within one.

    What it does:
        Compares the spread of the fakes within a class, or within a cluster of the real data where
        no classes are known, with that of the reals within it.

    Why this is a problem:
        Every class is there, so that neither the spread over all nor the modes show anything, and
        still each class has one picture (catalogue S3c). A conditional G that learns to leave out z
        ends like this.

    How it is measured:
        Trace of the feature covariance within a class, fakes over reals, the median over classes
        with at least 16 samples on each side (clusters: 10), held against the same between halves
        of the reals. Where the fakes look like nothing in the data the clusters mean nothing and
        the check does not count. No alarm sounds in the first tenth of the budget.

    Limits:
        lost .92 of the spread (warning) and nearly all, .98 (critical); realistic .1 of real
        precision; all proposals. A healthy G on a ring of narrow Gaussians keeps .1 of the spread
        within each, healthy digits .6 and more.

    Known false alarms:
        Truncation narrows on purpose. Blur narrows a little within clusters, far from the limits.

    Remedies:
        A mode-seeking loss within the class, packing within the class, a lower truncation.

    References:
        Catalogue S3c; Mao et al. 2019 (1903.05628).
    """

    code = "GD304"
    title = "Intra-class collapse"
    limits = {
        "lost": Limit(0.92, "spread lost within a class, a warning", "proposal"),
        "nearly all": Limit(0.98, "spread lost within a class, critical", "proposal"),
        "realistic": Limit(0.1, "share of real precision from which it counts", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The spread that is lost within a class, at each check with realistic fakes."""
        within, state = _within(run, player), sample_state(run, player)
        if isinstance(within, Missing):
            return within
        if isinstance(state, Missing):
            return state
        lost = 1 - state.where_real(within, self._limit["realistic"])
        earliest = share_of_budget(run, self._limit["earliest"])
        limits = self._limit["lost"], self._limit["nearly all"]
        return graded(within.steps, lost, *limits, not_before=earliest)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how little the samples of one class differ."""
        within, state = _within(run, player), sample_state(run, player)
        assert not isinstance(within, Missing)
        assert not isinstance(state, Missing)
        words = "mean, share of what real data gives"
        evidence = (
            *measured(
                run, alarm, str(within.key), words, within.steps, within.values,
                1 - score.limit, "below", important=True,
            ),
            *measured(run, alarm, "sample/precision", words, state.steps, state.precision),
        )  # fmt: skip
        place = "class" if within.key.name == "sample/class_spread_ratio" else "cluster"
        message = (
            f"Since step {alarm.onset:g} the samples of one {place} have "
            f"{percent(max(evidence[0].value, 0))} of the spread that real ones have within it."
        )
        return self._report(score, alarm, player, message, evidence)


def _within(run: Run, player: str) -> Series | Missing:
    """By class where classes are known, else by cluster."""
    by_class = against_null(run, "sample/class_spread_ratio", player)
    if not isinstance(by_class, Missing):
        return by_class
    return against_null(run, "sample/cluster_spread_ratio", player)
