"""GD401: after a good part of the budget the samples are still noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, Missing, Run
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import measured
from gan_doctor.detectors._signals import against_null, only_where, sample_evidence, sample_state
from gan_doctor.stats import Alarm

__all__ = ["NoiseOutput"]


class NoiseOutput(Detector):
    """Finds images whose pixels have nothing to do with their neighbours.

    What it does:
        Compares the correlation of neighbouring pixels in the fakes with that in the reals, where
        the fakes also lie nowhere near the data.

    Why this is a problem:
        If the images are still noise after a good part of the budget, the gradients that G gets are
        useless, and more time seldom helps.

    How it is measured:
        Neighbour correlation over its value in the real images: 1 is as smooth as real, 0 is white
        noise. It counts where precision and coverage are nearly 0. It warns from a tenth of the
        budget on and is critical from a quarter on.

    Limits:
        noisy .5 of the real correlation, unreal .1 of real precision and coverage (proposals);
        early .1 and late .25 of the budget (catalogue S5).

    Known false alarms:
        Data that is noise or texture itself: where the real correlation is below .3 it is not
        assessed. Data that is not images is not assessed.

    Remedies:
        Those of its cause where D has won or failed; else the balance of the learning rates, a loss
        that gives gradients (non-saturating, hinge, gradient penalty).

    References:
        Catalogue S5.
    """

    code = "GD401"
    title = "Noise output"
    limits = {
        "noisy": Limit(0.5, "share of the real neighbour correlation that is lost", "proposal"),
        "unreal": Limit(0.1, "precision and coverage below this share of real", "proposal"),
        "early": Limit(0.1, "share of the budget before which no alarm sounds", "catalogue S5"),
        "late": Limit(0.25, "share of the budget from which it is critical", "catalogue S5"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The lost neighbour correlation where the samples are unreal, else 0, at each check."""
        smooth, state = (
            against_null(run, "sample/neighbour_correlation", player),
            sample_state(run, player),
        )
        if isinstance(state, Missing):
            return state
        if isinstance(smooth, Missing):
            return Missing("no series", "images: the samples have no neighbouring pixels")
        if _rough(run, player):
            return Missing("degenerate data", "the real images are noise or texture themselves")
        unreal = np.maximum(state.precision, state.coverage) < self._limit["unreal"]
        # A constant image has no correlation at all: no noise, and no evaluation.
        lost = 1 - smooth.values
        noise = only_where(unreal, lost)
        early, late = (share_of_budget(run, self._limit[name]) for name in ("early", "late"))
        return [
            Score("warning", smooth.steps, noise, self._limit["noisy"], THREE_CHECKS, early),
            Score("critical", smooth.steps, noise, self._limit["noisy"], THREE_CHECKS, late),
        ]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how much of the real correlation is there."""
        smooth = against_null(run, "sample/neighbour_correlation", player)
        assert not isinstance(smooth, Missing)
        evidence = (
            *measured(
                run, alarm, str(smooth.key), "mean, share of what real data gives",
                smooth.steps, smooth.values, 1 - score.limit, "below", important=True,
            ),
            *sample_evidence(run, alarm, sample_state(run, player), self._limit["unreal"]),
        )  # fmt: skip
        correlation = max(evidence[0].value, 0)
        message = (
            f"Since step {alarm.onset:g} the samples have been noise: neighbouring pixels "
            f"correlate {correlation:.2f} times as much as in real images."
        )
        return self._report(score, alarm, player, message, evidence)


_ROUGH = 0.3  # real neighbour correlation below which noise is no fault (natural images: about .9)


def _rough(run: Run, player: str) -> bool:
    series = run.get("sample/neighbour_correlation", player)
    assert series is not None
    band = run.band(series.key, series.steps[0])
    return band is not None and band.mean < _ROUGH
