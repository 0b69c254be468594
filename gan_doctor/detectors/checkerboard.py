"""GD403: a regular grid lies over the samples, as upsampling layers leave it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import measured
from gan_doctor.detectors._signals import NO_SAMPLES, against_null, excess_over_null, only_where
from gan_doctor.stats import Alarm

__all__ = ["Checkerboard"]

_PEAK = "sample/checkerboard"


class Checkerboard(Detector):
    """Finds the grid of period 2, 4, 8 ... that upsampling leaves in images.

    What it does:
        Looks in the spectrum of the fakes for power at the frequencies that layers which enlarge by
        2 leave, and compares with the same places in the spectrum of the reals.

    Why this is a problem:
        Where the kernel of a transposed convolution is no multiple of its stride, some pixels get
        more contributions than others. D learns the grid as a sign of fakes, and G cannot unlearn
        it in the other layers.

    How it is measured:
        The log of the power at each such frequency less that of its neighbours, the largest, less
        the same in the reals. It must lie beyond the band of the reals, too. Where the share of
        power in high frequencies was recorded, it must be some of that of the reals: in blurred
        images a ratio of next to nothing to nothing is no grid that one could see. No alarm sounds
        in the first tenth of the budget: untrained transposed convolutions of any kernel have one.

        Measured on 512 MNIST digits of 28 pixels: reals differ by .1; a checkerboard of amplitude
        .3 in [-1, 1] adds 7 nats (5.4 where the values are cut off at -1 and 1), one of .03 2.5;
        a blur over 3 x 3 pixels 1.3, the sharp ones alone .7. A DCGAN whose kernels of 4 fit the
        stride of 2 has 3.0 at a twentieth of its training, 1.1 at a tenth and .2 from then on; one
        whose D is shown turned digits 2.2 at a fifth and 1.0 at its end; one whose output is
        blurred over 3 x 3 pixels 1.2 to 3.2, with .04 to .08 of the real high frequencies.

    Limits:
        grid 2 nats, detail .3 of the real share of high frequencies, earliest .1 of the budget; all
        proposals, chosen on the digits above.

    Known false alarms:
        Reals that have the grid themselves, such as the 8-pixel blocks of JPEG or a dithering, are
        compared with themselves and stay silent. Stripes or a lattice as content that G makes more
        often than the data. Data that is not images is not assessed.

    Remedies:
        A kernel that is a multiple of the stride (4 and 2), or to enlarge first and convolve then.

    References:
        Catalogue S7 and 6.3; Odena et al. 2016 (Deconvolution and checkerboard artifacts); Durall
        et al. 2020 (2003.01826).
    """

    code = "GD403"
    title = "Checkerboard"
    limits = {
        "grid": Limit(2.0, "nats by which the grid stands out more than in the reals", "proposal"),
        "detail": Limit(0.3, "share of the real high frequencies from which it counts", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """How far the grid stands out beyond the reals, at each check."""
        series, excess = run.get(_PEAK, player), excess_over_null(run, _PEAK, player)
        if series is None or isinstance(excess, Missing):
            if run.get("sample/precision", player) is None:
                return NO_SAMPLES
            return Missing("no series", f"images, and {_PEAK} of them beside that of the reals")
        holds = series.values > run.null_at(series, "high")
        fine = against_null(run, "sample/high_frequency", player)
        if not isinstance(fine, Missing):
            holds &= fine.values >= self._limit["detail"]
        grid = only_where(holds, _finite(excess.values))
        earliest = share_of_budget(run, self._limit["earliest"])
        return [Score("warning", excess.steps, grid, self._limit["grid"], THREE_CHECKS, earliest)]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how far the grid stands out, and which layers are known to leave one."""
        excess = excess_over_null(run, _PEAK, player)
        assert not isinstance(excess, Missing)
        evidence = measured(
            run, alarm, str(excess.key), "mean above the reals", excess.steps,
            _finite(excess.values), score.limit, important=True,
        )  # fmt: skip
        message = (
            f"Since step {alarm.onset:g} a regular grid has lain over the samples: its frequencies "
            f"have {np.exp(min(evidence[0].value, 50)):.3g} times the power of their neighbours, "
            f"measured against real images{_uneven(run, player)}."
        )
        return self._report(score, alarm, player, message, evidence)


def _finite(values: FloatArray) -> FloatArray:
    # Images that are nothing but a grid have no power beside it.
    return np.where(np.isfinite(values), values, np.nan)


def _uneven(run: Run, player: str) -> str:
    """The transposed convolutions of G that overlap unevenly, as the end of a sentence."""
    network = run.setup.network("g", player)
    for layer in (network.upsampling if network else None) or ():
        if layer.kernel is None or layer.stride is None:
            continue
        if any(k % s for k, s in zip(layer.kernel, layer.stride, strict=False)):
            kernel, stride = (" x ".join(f"{n:g}" for n in sizes) for sizes in
                              (layer.kernel, layer.stride))  # fmt: skip
            return (
                f"; G enlarges with a transposed convolution whose kernel of {kernel} is no "
                f"multiple of its stride of {stride}"
            )
    return ""
