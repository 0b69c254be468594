"""GD502: G makes the training samples again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gan_doctor.core import Evidence, Finding, Missing, Run
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, graded, share_of_budget
from gan_doctor.detectors._evidence import measured
from gan_doctor.detectors._signals import against_null
from gan_doctor.stats import Alarm

__all__ = ["Memorization"]


class Memorization(Detector):
    """Finds fakes that are copies of training samples.

    What it does:
        Compares how near the fakes lie to the training data with how near other real samples lie to
        it.

    Why this is a problem:
        Precision, recall and FID against the training data are perfect for a G that replays it. It
        has learned nothing beyond it, and gives away what should stay private.

    How it is measured:
        With held-out reals: C_T, which asks in each region of the data whether fakes lie nearer to
        the training samples than held-out ones do, and is a z-score. Without: the median distance
        of a fake to the nearest of the reals that are kept, over that between reals. The latter
        sees copies only where the reals kept are a good part of the data, as with little data,
        which is where it happens.

    Limits:
        copying -3 (catalogue 2.4) and near .5 of the distance between reals (proposal); it is
        critical where the fakes are nearer than copies .25 (proposal).

    Known false alarms:
        Data with duplicates has distances of 0 between reals and is not assessed. Samples narrowed
        to the middle of dense clusters lie nearer than reals do, about .7 in a measured case.

    Remedies:
        More data, augmentation, an earlier checkpoint, a smaller G.

    References:
        Catalogue 2.4; Meehan et al. 2020 (2004.05675).
    """

    code = "GD502"
    title = "Memorization"
    limits = {
        "copying": Limit(3.0, "z below which C_T convicts", "catalogue 2.4"),
        "near": Limit(0.5, "distance to the data, over that between reals", "proposal"),
        "copies": Limit(0.25, "distance to the data from which it is critical", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """-C_T, and by how much nearer fakes lie than reals do, at each check."""
        earliest = share_of_budget(run, self._limit["earliest"])
        found: list[Score] = []
        copying = run.get("sample/copying", player)
        if copying is not None:
            steps, values, limit = copying.steps, -copying.values, self._limit["copying"]
            found.append(Score("warning", steps, values, limit, THREE_CHECKS, earliest))
        near = against_null(run, "sample/nearest_ratio", player)
        if isinstance(near, Missing):
            return found or near
        limits = 1 - self._limit["near"], 1 - self._limit["copies"]
        return found + graded(near.steps, 1 - near.values, *limits, not_before=earliest)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how near the samples lie to the training data."""
        near, copying = (
            against_null(run, "sample/nearest_ratio", player),
            run.get("sample/copying", player),
        )
        evidence: tuple[Evidence, ...] = ()
        if not isinstance(near, Missing):
            evidence += measured(
                run, alarm, str(near.key), "median over that between reals", near.steps,
                near.values, self._limit["near"], "below",
            )  # fmt: skip
        if copying is not None:
            evidence += measured(
                run, alarm, str(copying.key), "mean z", copying.steps, copying.values,
                -self._limit["copying"], "below",
            )  # fmt: skip
        convicted = next((e for e in evidence if e.limit is not None and e.value <= e.limit), None)
        convicted = convicted or evidence[0]
        if convicted.series.startswith("sample/copying"):
            said = f"nearer to the training data than held-out reals do (C_T {convicted.value:.1f})"
        else:
            said = f"at {convicted.value:.2f} of the distance that reals have from each other"
        message = f"Since step {alarm.onset:g} the samples copy the training data: they lie {said}."
        marked = tuple(replace(e, important=e is convicted) for e in evidence)
        return self._report(score, alarm, player, message, marked)
