"""GD501: D knows the reals that it was trained on from others."""

from __future__ import annotations

from collections.abc import Sequence

from gan_doctor.core import Finding, Missing, Run, Series
from gan_doctor.detectors._base import Detector, Limit, Score, graded
from gan_doctor.detectors._evidence import measured, percent, recorded
from gan_doctor.detectors._signals import (
    NO_ORIENTATION,
    orientation,
    oriented,
    sample_evidence,
    sample_state,
)
from gan_doctor.stats import Alarm

__all__ = ["DiscriminatorOverfitting"]

_NO_HELD_OUT = Missing(
    "no series",
    "D's output on real samples that it was not trained on",
    "keep some reals out of the training and pass them: Monitor(..., held_out=reals)",
)


class DiscriminatorOverfitting(Detector):
    """Finds a D that remembers its training data.

    What it does:
        Shows D reals that it was trained on and reals that it never saw, and looks whether it ranks
        the former as more real.

    Why this is a problem:
        What D has learned by heart it cannot teach: the gradients that G gets point at single
        training samples, and quality falls again after it had risen (Karras et al. 2020, figure 1).
        It is what little data does.

    How it is measured:
        AUROC between D's outputs on both, in the direction in which D scores reals. Both are real,
        so that .5 is what a D gives that has memorised nothing, in every loss family and however
        far it is ahead of G. Shown beside it: ADA's r_v, the effective rank of D's last features on
        reals and the mean sign of D's output on reals. The sign alone convicts nobody: a D that is
        ahead has one of 1.

    Limits:
        remembers .6 (catalogue S10) and by heart .75 (proposal).

    Known false alarms:
        Held-out reals that differ from the others, as by another day or camera. A held-out set that
        was in the training after all makes it silent.

    Remedies:
        Adaptive or differentiable augmentation, R1, dropout in D, a smaller D, more data.

    References:
        Catalogue S10; Karras et al. 2020 (2006.06676), section 3.1.
    """

    code = "GD501"
    title = "Discriminator overfitting"
    limits = {
        "remembers": Limit(0.6, "AUROC of trained against held-out reals", "catalogue S10"),
        "by heart": Limit(0.75, "AUROC of trained against held-out reals, critical", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The oriented AUROC of trained against held-out reals, at each check."""
        memory = _memory(run, player)
        if isinstance(memory, Missing):
            return memory
        limits = self._limit["remembers"], self._limit["by heart"]
        return graded(memory.steps, memory.values, *limits)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how often D tells a trained real from another."""
        memory, samples = _memory(run, player), sample_state(run, player)
        assert not isinstance(memory, Missing)
        evidence = (
            *measured(
                run, alarm, str(memory.key), "mean, oriented", memory.steps, memory.values,
                score.limit, important=True,
            ),
            *recorded(run, alarm, ("overfit/r_v", "rank/d", "sign/real"), player),
            *sample_evidence(run, alarm, samples),
        )  # fmt: skip
        message = (
            f"Since step {alarm.onset:g} D has known its training data by heart: it ranks a real "
            f"it was trained on above one it never saw in {percent(evidence[0].value)} of pairs, "
            "where 50% is chance."
        )
        return self._report(score, alarm, player, message, evidence)


def _memory(run: Run, player: str) -> Series | Missing:
    series = run.get("auroc/held_out", player)
    if series is None:
        return _NO_HELD_OUT
    up = orientation(run, series.steps, player)
    if up is None:
        return NO_ORIENTATION
    return Series(series.key, series.steps, oriented(series.values, up))
