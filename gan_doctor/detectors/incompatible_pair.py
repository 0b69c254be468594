"""GD606: parts of the set-up that do not go together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Evidence, Finding, Missing, Run
from gan_doctor.detectors._base import Detector, Score
from gan_doctor.detectors._pairs import Pair, pairs_in
from gan_doctor.stats import Alarm, Persistence

__all__ = ["IncompatiblePair"]

_AT_ONCE = Persistence(1, 1.0)


class IncompatiblePair(Detector):
    """Finds pairs of a loss, a penalty, layers and tricks that contradict each other.

    What it does:
        Reads the facts of the set-up and looks each pair up that is known not to work.

    Why this is a problem:
        Each of the two is right by itself, so that no curve tells which one is wrong: a penalty
        that is taken per sample means nothing in a D whose BatchNorm mixes the samples, and a loss
        for raw outputs never sees any behind a sigmoid.

    How it is measured:
        It is not measured, but read: the loss, its labels and penalties as declared or inferred,
        the layers of D as they were inspected, the tricks as declared. Critical are BatchNorm in D
        with a gradient penalty, R1 or R2; smoothed or flipped labels with a Wasserstein, hinge or
        relativistic loss; a sigmoid with these or with least squares; weight clipping with a
        penalty; ADA with a Wasserstein or relativistic loss; a pixel loss on unpaired data. A
        warning are BatchNorm in D with DRAGAN, spectral normalisation with a penalty, a D that
        compares samples with the gradient penalty, a batch of less than 8 with BatchNorm or such a
        D, and flipped beside smoothed labels. Whatever the hyperparameters, a verdict on how the
        training goes is left to the other signatures.

    Limits:
        None.

    Known false alarms:
        Pairs that are a warning work in many published trainings. R1 beside a minibatch standard
        deviation, which StyleGAN2 uses, is left out for that reason.

    Remedies:
        The finding names the part to take out or to replace.

    References:
        Catalogue section 1, incompatibility matrix; Gulrajani 2017 (1704.00028), section 4, on
        BatchNorm.
    """

    code = "GD606"
    title = "Incompatible pair"

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """1 at each tick if there is a pair of that severity, else 0."""
        setup = run.setup
        # The set-up is one, however many players there are.
        pairs = pairs_in(setup) if player == run.players[0] else ()
        if not pairs and setup.objective.family is None:
            return Missing(
                "objective unknown", "the loss and its penalties", "declare it: loss='hinge'"
            )
        if not pairs and not any(network.role == "d" for network in setup.networks):
            return Missing("no series", "the layers of D", "attach the Monitor to G and D")
        return [
            Score(
                severity,
                run.ticks,
                np.full(len(run.ticks), float(any(p.severity == severity for p in pairs))),
                1.0,
                _AT_ONCE,
                fact=True,
            )
            for severity in ("warning", "critical")
        ]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Lists the pairs, since the first step."""
        pairs = pairs_in(run.setup)
        first = min(float(series.steps[0]) for series in run.series if len(series))
        count = Evidence("setup", "pairs that do not go together", len(pairs), 0, important=True)
        known = Alarm(min(first, alarm.onset), alarm.alarm, alarm.cleared, alarm.confidence)
        return self._report(score, known, "", f"{_said(pairs, known.onset)}.", (count,))


def _said(pairs: Sequence[Pair], step: float) -> str:
    listed = "; ".join(map(str, pairs))
    if len(pairs) == 1:
        return f"Since step {step:g} two parts of the set-up do not go together: {listed}"
    return f"Since step {step:g}, {len(pairs)} pairs of the set-up do not go together: {listed}"
