"""GD402: the samples look like the data but without its fine detail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.detectors._signals import against_null, only_where, sample_state
from gan_doctor.stats import Alarm

__all__ = ["BlurryOutput"]

_SHARPNESS = ("sample/laplacian_variance", "sample/high_frequency")


class BlurryOutput(Detector):
    """Finds images that are realistic but blurred.

    What it does:
        Compares the fine detail of the fakes with that of the reals: the variance of the Laplacian,
        and the share of the spectral power beyond half the Nyquist frequency.

    Why this is a problem:
        D does not look at fine detail, or something takes it away before D sees it: a large pixel
        loss, noise on D's inputs, a penalty that is too strong. Blurred images lie in the middle of
        the data, so precision and density are high and recall is low, which reads like mode
        collapse and is none.

    How it is measured:
        Both over their value in the reals; the larger of the two counts. Both must lie below the
        band of the reals: one by itself falls when all samples are of a class with little ink, or
        when the contrast is low. It counts where the fakes are realistic. No alarm sounds in the
        first tenth of the budget.

        Measured on 512 MNIST digits against as many others: Laplacian .12 and high frequencies .09
        after a blur over 3 x 3 pixels, .20 and .23 after a Gaussian one of .7 pixels, .45 and .54
        of .5 pixels, all with precision .96 to .99; sharp ones alone .56 and .69; a healthy DCGAN
        .48 and .53 after a tenth of its training, .78 and more thereafter.

    Limits:
        blurred .65 of the detail lost, realistic .1 of real precision, earliest .1 of the budget;
        all proposals, chosen on the digits above. Where D tells fakes by their blur, precision fell
        to .1 to .7 of real.

    Known false alarms:
        Noise on D's inputs that is still being taken back. A pixel loss that is meant to dominate.
        Data with no fine detail of its own, and data that is not images, is not assessed.

    Remedies:
        More training, a higher learning rate of D, a weaker penalty or pixel loss, less noise on
        D's inputs; then a larger D.

    References:
        Catalogue S6; Kynkaanniemi et al. 2019 (1904.06991) for precision and recall.
    """

    code = "GD402"
    title = "Blurry output"
    limits = {
        "blurred": Limit(0.65, "share of the real fine detail that is lost", "proposal"),
        "realistic": Limit(0.1, "share of real precision from which blur is one", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The lost detail where samples are realistic and below the band, at each check."""
        state, kept = sample_state(run, player), _kept(run, player)
        if isinstance(state, Missing):
            return state
        if isinstance(kept, Missing):
            return kept
        realistic = state.precision >= self._limit["realistic"]
        lost = only_where(realistic & _below_bands(run, player), 1 - kept.max(0))
        earliest = share_of_budget(run, self._limit["earliest"])
        limit = self._limit["blurred"]
        return [Score("warning", state.steps, lost, limit, THREE_CHECKS, earliest)]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how much detail is left, and that it is no collapse."""
        state, kept = sample_state(run, player), _kept(run, player)
        assert not isinstance(state, Missing)
        assert not isinstance(kept, Missing)
        words, steps = "mean, share of what real data gives", state.steps
        laplacian, fine = (
            measured(run, alarm, name, words, steps, values, 1 - score.limit, "below", first)
            for name, values, first in zip(_SHARPNESS, kept, (True, False), strict=True)
        )
        precision = measured(
            run, alarm, "sample/precision", words, steps, state.precision, self._limit["realistic"]
        )
        recall = measured(run, alarm, "sample/recall", words, steps, state.recall)
        left = max(laplacian[0].value, fine[0].value)
        message = (
            f"Since step {alarm.onset:g} the samples have been blurred: realistic, with "
            f"{percent(left)} of the fine detail of real images; a low recall comes from the blur "
            "and is not mode collapse by itself."
        )
        return self._report(score, alarm, player, message, (*laplacian, *fine, *precision, *recall))


# Share of the real power in high frequencies below which there is no detail to lose (proposal):
# digits have .10; noise whose power falls with the third power of the frequency has .01.
_SMOOTH = 1e-3


def _kept(run: Run, player: str) -> FloatArray | Missing:
    """(2, C) each measure of sharpness over its value in the reals, at each check."""
    kept = []
    for name in _SHARPNESS:
        series = against_null(run, name, player)
        if isinstance(series, Missing):
            if series.why == "no series":
                return Missing("no series", f"images, and {name} of them beside that of the reals")
            return series
        kept.append(np.where(np.isfinite(series.values), series.values, np.nan))
    fine = run.get(_SHARPNESS[1], player)
    band = fine and run.band(fine.key, fine.steps[0])
    if band and band.mean < _SMOOTH:
        return Missing("degenerate data", "fine detail in the real images: they have none")
    return np.array(kept)


def _below_bands(run: Run, player: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(C,) whether both measures lie below the band of the reals, at each check."""
    below = []
    for name in _SHARPNESS:
        series = run.get(name, player)
        assert series is not None
        below.append(series.values < run.null_at(series, "low"))
    return np.logical_and(*below)
