"""GD306: what G makes does not depend on the class that was asked."""

from __future__ import annotations

from collections.abc import Sequence

from gan_doctor.core import Finding, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score, graded, share_of_budget
from gan_doctor.detectors._evidence import measured
from gan_doctor.detectors._signals import NO_LABELS, against_null, sample_state
from gan_doctor.stats import Alarm

__all__ = ["ConditionIgnored"]


class ConditionIgnored(Detector):
    """Finds a conditional G whose samples are not of the class that was asked.

    What it does:
        Lets a classifier that was fitted to the real data name the class of each fake, and compares
        that with the class that G was asked for.

    Why this is a problem:
        Samples and losses can look fine while the label does nothing: a D that does not look at it
        gives G no reason to.

    How it is measured:
        Cohen's kappa between the classes asked and the classes found, 0 by chance, over what the
        same classifier reaches on reals that it was not fitted to. It counts where the fakes look
        like something in the data, and where the classifier knows the reals.

    Limits:
        lost .5 of the agreement that reals have (warning) and .9 (critical); realistic .1 of real
        precision; classes .5, the kappa on reals below which it is not assessed; all proposals.

    Known false alarms:
        Labels that images do not show: the classifier then fails on reals too, and it is not
        assessed. Early training: no alarm in the first tenth of the budget.

    Remedies:
        A projection D or an auxiliary classifier; see that real and fake labels go with their
        samples.

    References:
        Catalogue, section 6; Miyato and Koyama 2018 (1802.05637).
    """

    code = "GD306"
    title = "Condition ignored"
    limits = {
        "lost": Limit(0.5, "agreement lost, a warning", "proposal"),
        "nearly all": Limit(0.9, "agreement lost, critical", "proposal"),
        "realistic": Limit(0.1, "share of real precision from which it counts", "proposal"),
        "classes": Limit(0.5, "kappa on reals from which the classifier is believed", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The agreement that is lost, at each check with realistic fakes."""
        agreement, state = (
            against_null(run, "sample/label_agreement", player),
            sample_state(run, player),
        )
        if isinstance(agreement, Missing):
            return NO_LABELS if agreement.why == "no series" else agreement
        if isinstance(state, Missing):
            return state
        band = run.band(agreement.key, agreement.steps[0])
        if band is None or band.mean < self._limit["classes"]:
            return Missing("degenerate data", "a classifier that can tell the classes of the reals")
        lost = 1 - state.where_real(agreement, self._limit["realistic"])
        earliest = share_of_budget(run, self._limit["earliest"])
        limits = self._limit["lost"], self._limit["nearly all"]
        return graded(agreement.steps, lost, *limits, not_before=earliest)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how little the samples have to do with their labels."""
        agreement, state = (
            against_null(run, "sample/label_agreement", player),
            sample_state(run, player),
        )
        assert not isinstance(agreement, Missing)
        assert not isinstance(state, Missing)
        words = "mean, share of what real data gives"
        evidence = (
            *measured(
                run, alarm, str(agreement.key), words, agreement.steps, agreement.values,
                1 - score.limit, "below", important=True,
            ),
            *measured(run, alarm, "sample/precision", words, state.steps, state.precision),
        )  # fmt: skip
        message = (
            f"Since step {alarm.onset:g} the samples have not been of the class that was asked: "
            f"their agreement with it is {evidence[0].value:.2f} of that of real samples."
        )
        return self._report(score, alarm, player, message, evidence)
