"""GD302: the samples look real but leave out parts of the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gan_doctor.core import Evidence, Finding, Key, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score, graded, share_of_budget
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.detectors._signals import against_null, sample_state
from gan_doctor.stats import Alarm

__all__ = ["ModeDropping"]

MISSED = 0.1  # share of a cluster's real share, below which it is missed (as in metrics.reached)
OVERFILLED = 2.0  # times it, above which it stands in for others
_SHOWN = 2  # clusters of each kind that are shown


class ModeDropping(Detector):
    """Finds clusters of the real data that G does not make.

    What it does:
        Sorts reals and fakes into clusters that were found in the real data, and counts those that
        the fakes miss.

    Why this is a problem:
        Every single sample can look right while whole classes are missing. Neither the losses nor
        the distance between samples show it.

    How it is measured:
        k-means on the features of the reals; a cluster is missed when the fakes fill it to less
        than a tenth of its real share. The share that is reached is held against the same between
        halves of the reals. Where the fakes look like nothing in the data, their clusters mean
        nothing and the check does not count. The largest clusters that are missed, and those with
        more than twice their share, are shown by their numbers. No alarm sounds in the first fifth
        of the budget: healthy digits missed .3 of the clusters up to a seventh of it.

    Limits:
        missing .15 (warning) and many .5 (critical); realistic .1 of real precision; all proposals.

    Known false alarms:
        Small batches: the number of samples at a check is fixed and the null has the same. A batch
        with one label on purpose.

    Remedies:
        Packing, a lower learning rate, R1 or a gradient penalty.

    References:
        Catalogue S3b; Richardson and Weiss 2018 (1805.12462) for the bins.
    """

    code = "GD302"
    title = "Mode dropping"
    limits = {
        "missing": Limit(0.15, "share of the clusters that is missed, a warning", "proposal"),
        "many": Limit(0.5, "share of the clusters that is missed, critical", "proposal"),
        "realistic": Limit(
            0.1, "share of real precision from which clusters mean something", "proposal"
        ),
        "earliest": Limit(0.2, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The share of the clusters that is missed, at each check with realistic fakes."""
        reached, state = against_null(run, "sample/modes", player), sample_state(run, player)
        if isinstance(reached, Missing):
            return reached
        if isinstance(state, Missing):
            return state
        missed = 1 - state.where_real(reached, self._limit["realistic"])
        if np.isnan(missed).all():
            return Missing(
                "degenerate data",
                "samples real enough to be sorted into the clusters of the data",
                "cure what keeps the samples unreal first",
            )
        earliest = share_of_budget(run, self._limit["earliest"])
        limits = self._limit["missing"], self._limit["many"]
        return graded(reached.steps, missed, *limits, not_before=earliest)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how many are missed, and which."""
        reached = against_null(run, "sample/modes", player)
        state = sample_state(run, player)
        assert not isinstance(reached, Missing)
        assert not isinstance(state, Missing)
        words = "mean, share of what real data gives"
        evidence = (
            *measured(
                run, alarm, str(reached.key), words, reached.steps, reached.values,
                1 - score.limit, "below", important=True,
            ),
            *_of_clusters(run, alarm, reached.key),
            *measured(run, alarm, "sample/precision", words, state.steps, state.precision),
            *measured(run, alarm, "sample/recall", words, state.steps, state.recall),
        )  # fmt: skip
        message = (
            f"Since step {alarm.onset:g} the samples miss "
            f"{percent(1 - min(evidence[0].value, 1))} of the clusters of the real data."
        )
        return self._report(score, alarm, player, message, evidence)


def _of_clusters(run: Run, alarm: Alarm, modes: Key) -> Iterator[Evidence]:
    """The largest clusters that are missed, and those that are filled in their place."""
    filled = []
    for series in run.by_label("sample/mode_share", modes.player, modes.features).values():
        real = float(run.null_at(series)[-1])
        for row in measured(run, alarm, str(series.key), "", series.steps, series.values):
            where = f"in cluster {series.key.label}, where {percent(real)} of the reals are"
            words = f"mean, share of the fakes {where}"
            filled.append((replace(row, statistic=words), real))
    missed = [(row, real) for row, real in filled if row.value < MISSED * real]
    over = [(row, real) for row, real in filled if row.value > OVERFILLED * real > 0]
    for rows in (
        sorted(missed, key=lambda pair: -pair[1]),
        sorted(over, key=lambda pair: pair[1] - pair[0].value),
    ):
        yield from (row for row, _ in rows[:_SHOWN])
