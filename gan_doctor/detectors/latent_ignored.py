"""GD305: at a fixed condition G makes one sample, whatever its latent."""

from __future__ import annotations

from collections.abc import Sequence

from gan_doctor.core import Finding, Missing, Run
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score
from gan_doctor.detectors._evidence import measured
from gan_doctor.detectors._signals import NO_LABELS, against_null
from gan_doctor.stats import Alarm

__all__ = ["LatentIgnored"]

_WITHIN = "sample/class_spread_ratio"


class LatentIgnored(Detector):
    """Finds a conditional G that leaves out its latent.

    What it does:
        Looks whether the fakes of one class differ at all.

    Why this is a problem:
        A conditional G can please D with one good answer to each condition, and then z has no
        gradient to be heard by (Mao et al. 2019, section 1). It is a table with a row a class.

    How it is measured:
        Trace of the feature covariance of the fakes within a class over that of the reals, the
        median over classes, held against the same between halves of the reals. Unlike intra-class
        collapse, where they differ little, they are one and the same here, also when they look like
        nothing.

    Limits:
        nothing .9999 of the spread within a class lost: differences of a hundredth of the real ones
        (proposal). A z of a fiftieth of its strength left .0002, one that is not heard 1e-11.

    Known false alarms:
        Paired image-to-image models answer each input with one image on purpose; their conditions
        are no classes, and they are not assessed.

    Remedies:
        A mode-seeking loss; dropout or noise inside G; see that z reaches G at all.

    References:
        Catalogue, section 6; Mao et al. 2019 (1903.05628); Isola et al. 2017 (1611.07004).
    """

    code = "GD305"
    title = "Latent ignored"
    limits = {
        "nothing": Limit(0.9999, "spread lost within a class", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The spread that is lost within a class, at each check."""
        within = against_null(run, _WITHIN, player)
        if isinstance(within, Missing):
            return NO_LABELS if within.why == "no series" else within
        lost = 1 - within.values
        return [Score("critical", within.steps, lost, self._limit["nothing"], THREE_CHECKS)]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says that z changes nothing."""
        within = against_null(run, _WITHIN, player)
        assert not isinstance(within, Missing)
        evidence = measured(
            run, alarm, str(within.key), "mean, share of what real data gives", within.steps,
            within.values, 1 - score.limit, "below", important=True,
        )  # fmt: skip
        message = (
            f"Since step {alarm.onset:g} G has made one sample for each class: with another z it "
            f"differs {max(evidence[0].value, 0):.2g} times as much as real ones do."
        )
        return self._report(score, alarm, player, message, evidence)
