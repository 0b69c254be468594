"""GD604: the real batches differ from each other more than random ones do."""

from __future__ import annotations

from collections.abc import Sequence

from gan_doctor.core import Finding, Missing, Run
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score
from gan_doctor.detectors._evidence import measured
from gan_doctor.stats import Alarm

__all__ = ["DataNotShuffled"]


class DataNotShuffled(Detector):
    """Finds data that comes sorted, so that each batch shows D another part of it.

    What it does:
        Compares how far the means of the real batches lie apart with what batches drawn at random
        would give.

    Why this is a problem:
        D sees one class for a while and then the next. It forgets each over the next, G runs after
        it, and the losses swing with the period of the data: it looks like mode hopping and no
        setting cures it.

    How it is measured:
        Each real batch is projected on 16 fixed random directions. The variance of its means, times
        the batch size, over the variance within the batches is an F ratio, averaged over the
        directions: 1 for shuffled data. At each check the last 64 batches at most count, and 8 at
        least. It says nothing about dynamics and alarms in the warm-up too.

    Limits:
        spread 3 at three checks in a row. With 8 batches one direction alone exceeds 3.5 by chance
        in 1 of 1,000 cases (F with 7 degrees of freedom), with 64 batches 1.7; shuffled digits gave
        .87 to 1.01, the same sorted by class 34 to 52 (64 in a batch, ours).

    Known false alarms:
        Batches of one label on purpose (conditional samplers). Batches that hold several views of
        one sample, and augmentations drawn once for a batch. Batches of few samples sorted by
        class may go unseen, for chance moves their means as far.

    Remedies:
        shuffle=True in the DataLoader, or a RandomSampler; shuffle again each epoch.

    References:
        Catalogue 6.11 of section 1 and S4.
    """

    code = "GD604"
    title = "Data not shuffled"
    limits = {
        "spread": Limit(
            3.0, "variance between batch means over that of random batches", "F(7, many), see above"
        ),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The F ratio between the real batches, at each check."""
        spread = run.get("batch/spread", player)
        if spread is None:
            return Missing(
                "no series",
                "8 real batches of one size",
                "attach the Monitor to G and D, or pass real= to doctor.observe",
            )
        limit = self._limit["spread"]
        return [Score("warning", spread.steps, spread.values, limit, THREE_CHECKS, fact=True)]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how much further the batches lie apart than random ones."""
        evidence = measured(
            run, alarm, "batch/spread", "mean", score.steps, score.values,
            score.limit, important=True,
        )  # fmt: skip
        evidence = tuple(e for e in evidence if abs(e.value) < float("inf"))
        message = (
            f"Since step {alarm.onset:g} the means of the real batches vary "
            f"{evidence[0].value:.3g} times as much as those of shuffled data."
        )
        return self._report(score, alarm, player, message, evidence)
