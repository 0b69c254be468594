"""The objective of a training, told from the losses it reports and D's outputs together.

Each family's loss is computed again from D's outputs and compared with what was reported, step by
step. What cannot follow from that stays unknown: penalties may be left out of what is reported, and
rare flips of labels may not have come up, so neither is ever said to be absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gan_doctor.core import FloatArray, Objective
from gan_doctor.core.objective import Family, Reduction
from gan_doctor.losses import (
    discriminator_loss,
    generator_loss,
    relativistic_average,
    relativistic_paired,
)

Output = Literal["logit", "probability"]

# Ours, checked by tests/benchmarks/objective_inference.py.
MIN_STEPS = 8
SHARE = 0.75  # of the steps that must agree: lazy penalties and flips spoil some
MOVES = 10  # tolerances by which a loss must move: agreement where nothing moves is no evidence
REST = 0.7  # deviation of what penalties leave unexplained, in that of the loss
ROUNDING = 1e-5  # relative, in float32; in half precision two units in the last place

_CLAMP = 100.0  # where binary_cross_entropy cuts its logarithms off
_WEIGHTS: Mapping[Reduction | None, float] = {"sum": 1.0, "mean": 0.5}


@dataclass(frozen=True)
class Fit:
    """An objective that explains the losses.

    Args:
        objective: With None for what the losses do not tell.
        output: What the loss takes D's output for; None if it has no use for the difference.
    """

    objective: Objective
    output: Output | None = None


def fitting_objectives(
    loss_d: Sequence[float],
    real: Sequence[Tensor],
    fake: Sequence[Tensor],
    loss_g: Sequence[float] = (),
    generator: Sequence[Tensor] = (),
) -> tuple[Fit, ...]:
    """The objectives that explain the losses of a stretch of training; one alone is an answer.

    None does where the loss is of no family known here, is a running mean or not finite, or hardly
    moves. Several do where the steps do not part them; cross-entropy is both `minimax` and
    `non-saturating` until G's loss tells. Beside a penalty in D's loss, G's may tell the family.

    Args:
        loss_d: (S,) D's loss as reported, for each D step.
        real: (S,) D's raw outputs on the reals in that step, of any shape, on the host.
        fake: (S,) The same on the fakes.
        loss_g: (T,) G's loss as reported, best its adversarial part, for each G step.
        generator: (T,) D's raw outputs on the fakes in that step.

    Returns:
        What fits; nothing in fewer than `MIN_STEPS` steps. Targets of labels have two decimals.

    Example:
        >>> real, fake = torch.randn(16, 64) + 1, torch.randn(16, 64)
        >>> losses = [discriminator_loss("hinge", *x).item() for x in zip(real, fake)]
        >>> [fit.objective.family for fit in fitting_objectives(losses, real, fake)]
        ['hinge']
    """
    d = _Reported.of(loss_d, real, fake)
    g = _Reported.of(loss_g, generator) if len(generator) else _Reported.of(())
    if len(d.values) < MIN_STEPS or not np.isfinite([*d.tolerance, *g.tolerance]).all():
        return ()
    candidates = list(_candidates(real, fake, generator))
    by_d = [(c, objective) for c in candidates for objective in c.explaining(d)]
    by_both = [(c, objective) for c, objective in by_d if c.explains_g(g, objective)]
    found = by_both or by_d or _beside_a_penalty(candidates, d, g)
    return tuple(dict.fromkeys(Fit(objective, c.output) for c, objective in found))


@dataclass(frozen=True)
class _Reported:
    """Losses as reported, and how far their rounding lets them be from the true ones."""

    values: FloatArray
    tolerance: FloatArray

    @classmethod
    def of(cls, losses: Sequence[float], *outputs: Sequence[Tensor]) -> _Reported:
        values = np.array([float(loss) for loss in losses])
        # Halves of a difference are rounded each by itself, so the outputs' own size counts.
        size = sum((_each(lambda x: x.abs().mean(), x) for x in outputs), np.abs(values))
        eps = max((torch.finfo(x.dtype).eps for xs in outputs for x in xs), default=0.0)
        return cls(values, max(ROUNDING, 2 * eps) * size)

    def agree(self, predicted: FloatArray) -> bool:
        """Whether the losses follow a prediction, and move far enough for that to say something."""
        hits = np.abs(self.values - predicted) <= self.tolerance
        if len(hits) < MIN_STEPS or hits.mean() < SHARE:
            return False
        values = self.values[hits]
        moved = np.median(np.abs(values - np.median(values)))
        return bool(moved > MOVES * np.median(self.tolerance[hits]))

    def follow(self, predicted: FloatArray) -> bool:
        """Whether the losses move with a prediction, and less with what else is in them."""
        return bool(np.std(self.values - predicted) < REST * np.std(self.values))


@dataclass(frozen=True, eq=False)
class _Candidate:
    """What a family predicts of a stretch.

    Args:
        objective: Family and coding.
        d: (S,) L_real + L_fake.
        g: (T,) G's loss; None if that takes more than D's outputs on fakes.
        output: What D gives, where the family makes a difference.
        weights: Of L_real + L_fake in each reduction.
        real_shift: (S,) What a target of 0 for the reals would add; a target t adds 1 - t of it.
        g_shift: (T,) The same of G's loss, for those who show G the reals' target.
    """

    objective: Objective
    d: FloatArray
    g: FloatArray | None = None
    output: Output | None = None
    weights: Mapping[Reduction | None, float] = field(default_factory=lambda: _WEIGHTS)
    real_shift: FloatArray | None = None
    g_shift: FloatArray | None = None

    def explaining(self, d: _Reported) -> Iterator[Objective]:
        """The objectives of this family that explain D's loss."""
        for reduction, weight in self.weights.items():
            objective, predicted = replace(self.objective, reduction=reduction), self.d
            if self.real_shift is not None:
                target, known = _real_target(d, weight, self.d, self.real_shift)
                if not target > 0.5:
                    continue
                objective = replace(objective, smoothing=target if known else None)
                predicted = self.d + (1 - target) * self.real_shift
            if d.agree(weight * predicted):
                yield objective

    def explains_g(self, g: _Reported, objective: Objective) -> bool:
        """Whether this family explains G's loss, in either reduction."""
        if self.g is None:
            return False
        predicted = [self.g]
        if self.g_shift is not None and objective.smoothing is not None:
            predicted.append(self.g + (1 - objective.smoothing) * self.g_shift)
        return any(g.agree(weight * p) for weight in _WEIGHTS.values() for p in predicted)


def _real_target(
    d: _Reported, weight: float, plain: FloatArray, shift: FloatArray
) -> tuple[float, bool]:
    """The label of the reals, to two decimals, and whether the losses are exact enough to tell it.

    Cross-entropy is linear in it, so each step gives it.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        target = np.median(1 - (d.values / weight - plain) / shift)
        error = np.median(d.tolerance / weight / np.abs(shift))
    return min(round(float(target), 2), 1.0), bool(error < 0.005)


def _beside_a_penalty(
    candidates: Sequence[_Candidate], d: _Reported, g: _Reported
) -> list[tuple[_Candidate, Objective]]:
    """The families that explain G's loss while something beside theirs is in D's.

    Least squares are left out: G's loss does not tell D's targets.
    """
    fitting = [c for c in candidates if c.objective.coding is None and c.explains_g(g, c.objective)]
    # Penalties only add, so that D's loss lies above its adversarial part, in any reduction.
    above = {c: d.values >= np.minimum(c.d, 0) - d.tolerance for c in fitting}
    follows = {c: any(d.follow(weight * c.d) for weight in _WEIGHTS.values()) for c in fitting}
    rivals = [c for c in fitting if follows[c] or above[c].mean() > 0.5]
    sound = [c for c in rivals if follows[c] and above[c].all()]
    return [(c, c.objective) for c in rivals] if len(rivals) > 1 or sound else []


def _candidates(
    real: Sequence[Tensor], fake: Sequence[Tensor], generator: Sequence[Tensor]
) -> Iterator[_Candidate]:
    real, fake, generator = ([x.detach().double() for x in xs] for xs in (real, fake, generator))
    yield from _cross_entropies("logit", real, fake, generator)
    if all(x.min() >= 0 and x.max() <= 1 for xs in (real, fake, generator) for x in xs):
        logits = ([x.logit().clamp(-_CLAMP, _CLAMP) for x in xs] for xs in (real, fake, generator))
        yield from _cross_entropies("probability", *logits)
    yield _least_squares((0.0, 1.0, 1.0), real, fake, generator)
    yield _least_squares((-1.0, 1.0, 0.0), real, fake, generator)
    critic = _plain("wasserstein", real, fake, generator)
    # Until a logit leaves the margin, hinge is a critic's loss beside a constant.
    yield from (_plain("hinge", real, fake, generator), critic, replace(critic, d=2 + critic.d))
    if all(x.shape == y.shape for x, y in zip(real, fake, strict=True)):
        paired = _each(relativistic_paired, real, fake)
        yield _Candidate(Objective("relativistic-paired"), paired, weights={None: 1.0})
    yield _Candidate(Objective("relativistic-average"), _each(relativistic_average, real, fake))


def _plain(
    family: Family, real: Sequence[Tensor], fake: Sequence[Tensor], generator: Sequence[Tensor]
) -> _Candidate:
    return _Candidate(
        Objective(family),
        d=_each(partial(discriminator_loss, family), real, fake),
        g=_each(partial(generator_loss, family), generator),
    )


def _cross_entropies(
    output: Output, real: Sequence[Tensor], fake: Sequence[Tensor], generator: Sequence[Tensor]
) -> Iterator[_Candidate]:
    """The two of them, which G's loss alone parts."""
    shift = _each(torch.mean, real)
    plain = _plain("minimax", real, fake, generator)
    yield replace(plain, output=output, real_shift=shift)
    plain = _plain("non-saturating", real, fake, generator)
    g_shift = _each(torch.mean, generator)
    yield replace(plain, output=output, real_shift=shift, g_shift=g_shift)


def _least_squares(
    coding: tuple[float, float, float],
    real: Sequence[Tensor],
    fake: Sequence[Tensor],
    generator: Sequence[Tensor],
) -> _Candidate:
    to_fake, to_real, to_g = (partial(_square_error, target) for target in coding)
    return _Candidate(
        Objective("least-squares", coding=coding),
        d=_each(to_real, real) + _each(to_fake, fake),
        g=_each(to_g, generator),
    )


def _square_error(target: float, x: Tensor) -> Tensor:
    return (x - target).square().mean()


def _each(measure: Callable[..., Tensor], *batches: Sequence[Tensor]) -> FloatArray:
    """(S,) a measure of each step's batches."""
    return np.array([measure(*xs).item() for xs in zip(*batches, strict=True)], dtype=np.float64)
