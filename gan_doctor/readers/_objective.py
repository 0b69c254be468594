"""The loss family of a training of which only the losses were printed; none where they fit several.

Each family leaves marks: where its losses begin, what they cannot be, which values they stick to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from gan_doctor.core import FloatArray, Objective

_LN2 = math.log(2)
_FEWEST = 8  # rows from which on a range says anything
_START = 0.1  # of a log, which is its beginning: at most so much
_NEAR = 0.12  # of where a family's loss begins, relative to it: D has learned a little by then
_ZERO = 1e-6
_MOST_SQUARED = 1.1  # of a loss that is a squared distance to a target
_TINY = 1e-9  # a loss below which nothing is told apart
_FACTOR, _CLEARER = math.log(30), math.log(10)  # of losses from logits: their means mislead
_SETTLED = 0.02  # share of a hinge D's losses that are exactly 0, at least


def guessed(losses: Mapping[str, FloatArray]) -> Objective:
    """What one pair of players optimises, as far as their numbers tell.

    Args:
        losses: (N,) each, in the order of the log, by series name.

    Returns:
        Without a family where several fit.
    """
    finite = {name: values[np.isfinite(values)] for name, values in losses.items()}
    d = finite.get("loss/d", np.array([]))
    g = finite.get("loss/g", np.array([]))
    if not len(d):
        return Objective()
    if d.min() < -_ZERO:
        return _of_critic(d, g)
    told = _by_probabilities(finite)
    if told.family is not None:
        return told
    if len(d) < _FEWEST or not len(g):
        return Objective()
    return _by_marks(d, g)


def _of_critic(d: FloatArray, g: FloatArray) -> Objective:
    """A loss below 0 is a critic's, unless both are the log-likelihoods of the minimax game."""
    both_logs = d.max() <= 0 and len(g) > 0 and g.max() <= 0
    return Objective() if both_logs else Objective("wasserstein")


def _by_probabilities(finite: Mapping[str, FloatArray]) -> Objective:
    """Cross-entropy, where D's output or accuracy is printed as a share beside the loss."""
    real, fake = finite.get("score/real"), finite.get("score/fake")
    if real is not None and fake is not None and len(real) == len(fake) == len(finite["loss/d"]):
        shares = np.concatenate([real, fake])
        if shares.min() >= 0 and shares.max() <= 1 and shares.std() > 0:
            return _scaled(finite["loss/d"], real, fake)
        return _by_logits(finite, real, fake)
    if "accuracy/d" in finite and finite["loss/d"].max() > _MOST_SQUARED:
        return Objective("non-saturating", "mean")  # as Keras trains: a mean over both halves
    return Objective()


def _by_logits(finite: Mapping[str, FloatArray], real: FloatArray, fake: FloatArray) -> Objective:
    """Of cross-entropy on logits, whether each stands for itself or against the other side's."""
    halves = [finite.get(f"loss/d/{side}", np.array([])) for side in ("real", "fake")]
    if any(len(half) != len(real) for half in halves):
        return Objective()
    whole = np.log(np.maximum(halves[0] + halves[1], _TINY))
    apart = np.logaddexp(0, -real) + np.logaddexp(0, fake)
    against = 2 * np.logaddexp(0, fake - real)
    far = {
        family: float(np.median(np.abs(whole - np.log(np.maximum(losses, _TINY)))))
        for family, losses in (("non-saturating", apart), ("relativistic-average", against))
    }
    best, other = sorted(far, key=lambda family: far[family])
    clear = far[best] <= _FACTOR and far[other] - far[best] >= _CLEARER
    return Objective(best, "sum") if clear else Objective()  # type: ignore[arg-type]


def _scaled(d: FloatArray, real: FloatArray, fake: FloatArray) -> Objective:
    """Sum or mean of both halves: -ln D(x) - ln(1 - D(G(z))), which a batch's mean exceeds."""
    eps = 1e-4  # of what is printed with four digits
    sums = -np.log(np.clip(real, eps, 1)) - np.log(np.clip(1 - fake, eps, 1))
    inside = (sums > 0.05) & (sums < 4)
    if not inside.any():
        return Objective("non-saturating")
    ratio = float(np.median(d[inside] / sums[inside]))
    if 0.85 <= ratio <= 1.8:
        return Objective("non-saturating", "sum")
    return Objective("non-saturating", "mean" if 0.4 <= ratio < 0.75 else None)


def _by_marks(d: FloatArray, g: FloatArray) -> Objective:
    first = max(1, min(5, round(_START * len(d))))
    begin_d, begin_g = float(np.median(d[:first])), float(np.median(g[:first]))
    if (np.abs(d) <= _ZERO).mean() >= _SETTLED and g.min() < -_ZERO:
        return Objective("hinge")  # exactly 0 where all margins are kept; G's loss has both signs
    if g.min() >= 0 and _near(begin_d, 2 * _LN2) and _near(begin_g, _LN2, 0.35):
        return Objective("non-saturating", "sum")
    if g.min() >= 0 and _near(begin_d, _LN2) and _near(begin_g, _LN2, 0.2):
        return Objective("non-saturating", "mean")
    if g.min() < -_ZERO and _near(begin_d, 2.0):
        return Objective("hinge")
    if g.min() >= 0 and _sticks_to_targets(d, g):
        return Objective("least-squares")
    return Objective()


def _near(value: float, start: float, tolerance: float = _NEAR) -> bool:
    return abs(value - start) <= tolerance * start


def _sticks_to_targets(d: FloatArray, g: FloatArray) -> bool:
    """Squares of distances to targets 0 and 1: neither loss is ever far above 1."""
    return max(float(np.quantile(loss, 0.98)) for loss in (d, g)) <= _MOST_SQUARED
