from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from loops.gan_loops import images, points
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss, relu, softplus

from gan_doctor.core import Objective
from gan_doctor.losses import relativistic_average, relativistic_paired
from gan_doctor.monitor.objective_inference import MIN_STEPS, Fit, fitting_objectives

Loss = Callable[..., Tensor]

STEPS = 24


def bce(x: Tensor, target: float) -> Tensor:
    return binary_cross_entropy_with_logits(x, torch.full_like(x, target))


def square(x: Tensor, target: float) -> Tensor:
    return mse_loss(x, torch.full_like(x, target))


# D's and G's loss as people write them, and what is to be told.
WRITTEN: dict[str, tuple[Loss, Loss, Objective]] = {
    "minimax": (
        lambda r, f: bce(r, 1) + bce(f, 0),
        lambda f: -bce(f, 0),
        Objective("minimax", "sum", smoothing=1.0),
    ),
    "non-saturating": (
        lambda r, f: bce(r, 1) + bce(f, 0),
        lambda f: bce(f, 1),
        Objective("non-saturating", "sum", smoothing=1.0),
    ),
    "halved cross-entropy": (
        lambda r, f: (bce(r, 1) + bce(f, 0)) / 2,
        lambda f: bce(f, 1),
        Objective("non-saturating", "mean", smoothing=1.0),
    ),
    "smoothed labels": (
        lambda r, f: bce(r, 0.9) + bce(f, 0),
        lambda f: bce(f, 1),
        Objective("non-saturating", "sum", smoothing=0.9),
    ),
    "smoothed labels, shown to G too": (
        lambda r, f: bce(r, 0.85) + bce(f, 0),
        lambda f: bce(f, 0.85),
        Objective("non-saturating", "sum", smoothing=0.85),
    ),
    "least squares": (
        lambda r, f: square(r, 1) + square(f, 0),
        lambda f: square(f, 1),
        Objective("least-squares", "sum", (0, 1, 1)),
    ),
    "least squares of the paper": (
        lambda r, f: (square(r, 1) + square(f, 0)) / 2,
        lambda f: square(f, 1) / 2,
        Objective("least-squares", "mean", (0, 1, 1)),
    ),
    "least squares about 0": (
        lambda r, f: square(r, 1) + square(f, -1),
        lambda f: square(f, 0),
        Objective("least-squares", "sum", (-1, 1, 0)),
    ),
    "hinge": (
        lambda r, f: relu(1 - r).mean() + relu(1 + f).mean(),
        lambda f: -f.mean(),
        Objective("hinge", "sum"),
    ),
    "halved hinge": (
        lambda r, f: 0.5 * (relu(1 - r).mean() + relu(1 + f).mean()),
        lambda f: -f.mean(),
        Objective("hinge", "mean"),
    ),
    "wasserstein": (
        lambda r, f: f.mean() - r.mean(),
        lambda f: -f.mean(),
        Objective("wasserstein", "sum"),
    ),
    "relativistic-paired": (
        relativistic_paired,
        lambda f: softplus(-f).mean() * 1.1,  # G's takes reals too: nothing to compare with
        Objective("relativistic-paired"),
    ),
    "relativistic-average": (
        relativistic_average,
        lambda f: softplus(-f).mean() * 1.1,
        Objective("relativistic-average", "sum"),
    ),
}


class Stretch:
    """D's outputs of some steps, parting as a training goes on, and the losses of a name."""

    def __init__(self, name: str = "non-saturating", shape: tuple[int, ...] = (16, 1)) -> None:
        rng = torch.Generator().manual_seed(0)
        self.real, self.fake, self.generator = (
            [sign * 2 * i / STEPS + torch.randn(shape, generator=rng) for i in range(STEPS)]
            for sign in (1, -1, -1)
        )
        self.of_d, self.of_g, self.told = WRITTEN[name]

    @property
    def loss_d(self) -> np.ndarray:
        pairs = zip(self.real, self.fake, strict=True)
        return np.array([self.of_d(r, f).item() for r, f in pairs])

    @property
    def loss_g(self) -> np.ndarray:
        return np.array([self.of_g(f).item() for f in self.generator])

    def fits(self, **other: Any) -> tuple[Fit, ...]:
        given = {name: getattr(self, name) for name in ("loss_d", "real", "fake", "loss_g")}
        return fitting_objectives(**{**given, "generator": self.generator, **other})


def families(fits: tuple[Fit, ...]) -> list[str | None]:
    return [fit.objective.family for fit in fits]


@pytest.mark.parametrize("shape", [(16, 1), (4, 1, 5, 5)], ids=["one logit", "patch maps"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_loss_is_told_as_it_is_written(name: str, shape: tuple[int, ...]) -> None:
    stretch = Stretch(name, shape)
    (fit,) = stretch.fits()
    assert fit.objective == stretch.told


def test_neither_penalties_nor_flips_are_ever_said_to_be_absent() -> None:
    (fit,) = Stretch().fits()
    assert fit.objective.penalties is None
    assert fit.objective.flip is None


@pytest.mark.parametrize("name", ["non-saturating", "minimax", "smoothed labels"])
def test_cross_entropy_of_probabilities_is_told_from_that_of_logits(name: str) -> None:
    stretch = Stretch(name)
    as_probabilities = {
        side: [x.sigmoid() for x in getattr(stretch, side)]
        for side in ("real", "fake", "generator")
    }
    told = [(fit.objective, fit.output) for fit in stretch.fits(**as_probabilities)]
    assert told == [(stretch.told, "probability")]
    assert [fit.output for fit in stretch.fits()] == ["logit"]


@pytest.mark.parametrize("beside", ["no G loss", "feature matching"])
def test_without_a_clean_g_loss_minimax_and_non_saturating_stay_open(beside: str) -> None:
    stretch = Stretch()
    if beside == "no G loss":
        fits = stretch.fits(loss_g=(), generator=())
    else:
        fits = stretch.fits(loss_g=stretch.loss_g + np.random.default_rng(0).random(STEPS))
    assert families(fits) == ["minimax", "non-saturating"]


def test_hinge_and_a_critic_beside_a_constant_part_where_logits_leave_the_margin() -> None:
    stretch = Stretch("hinge")
    assert families(stretch.fits()) == ["hinge"]
    stretch.real, stretch.fake = ([x / 10 for x in xs] for xs in (stretch.real, stretch.fake))
    assert families(stretch.fits()) == ["hinge", "wasserstein"]


@pytest.mark.parametrize("name", ["non-saturating", "minimax"])
def test_beside_a_penalty_g_tells_the_family_alone(name: str) -> None:
    stretch = Stretch(name)
    penalty = 0.2 * np.random.default_rng(0).random(STEPS)
    (fit,) = stretch.fits(loss_d=stretch.loss_d + penalty)
    assert fit.objective == Objective(stretch.told.family)


def test_beside_a_penalty_a_critic_parts_from_hinge_where_it_goes_far_below_0() -> None:
    penalty = 0.2 * np.random.default_rng(0).random(STEPS)
    for name in ("hinge", "wasserstein"):
        stretch = Stretch(name)
        assert families(stretch.fits(loss_d=stretch.loss_d + penalty)) == ["hinge", "wasserstein"]
    for side in ("real", "fake", "generator"):
        setattr(stretch, side, [4 * x for x in getattr(stretch, side)])
    assert families(stretch.fits(loss_d=stretch.loss_d + penalty)) == ["wasserstein"]


def test_a_lazy_penalty_does_not_hide_the_objective() -> None:
    stretch = Stretch()
    (fit,) = stretch.fits(loss_d=stretch.loss_d + 3.0 * (np.arange(STEPS) % 16 == 0))
    assert fit.objective == stretch.told


@pytest.mark.parametrize("name", ["non-saturating", "wasserstein", "hinge"])
def test_losses_in_half_precision_are_told(name: str) -> None:
    stretch = Stretch(name, shape=(64, 1))
    for side in ("real", "fake", "generator"):
        setattr(stretch, side, [(3 * x).half() for x in getattr(stretch, side)])
    assert families(stretch.fits()) == [stretch.told.family]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_running_mean_fits_nothing(name: str) -> None:
    stretch = Stretch(name)

    def running(losses: np.ndarray) -> np.ndarray:
        return np.cumsum(losses) / np.arange(1, STEPS + 1)

    assert stretch.fits(loss_d=running(stretch.loss_d), loss_g=running(stretch.loss_g)) == ()


@pytest.mark.parametrize("name", WRITTEN)
def test_reals_scored_low_fit_nothing(name: str) -> None:
    stretch = Stretch(name)
    negated = {side: [-x for x in getattr(stretch, side)] for side in ("real", "fake", "generator")}
    assert stretch.fits(**negated) == ()


@pytest.mark.parametrize("name", WRITTEN)
def test_a_dead_discriminator_fits_nothing(name: str) -> None:
    stretch = Stretch(name)
    stretch.real = stretch.fake = stretch.generator = [torch.zeros(16, 1)] * STEPS
    assert stretch.fits() == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_losses_and_outputs_that_are_not_finite_fit_nothing(bad: float) -> None:
    stretch = Stretch()
    assert stretch.fits(loss_d=np.where(np.arange(STEPS) == 3, bad, stretch.loss_d)) == ()
    assert stretch.fits(real=[torch.full((16, 1), bad), *stretch.real[1:]]) == ()


def test_a_few_steps_are_no_evidence() -> None:
    stretch = Stretch()
    few = slice(MIN_STEPS - 1)
    short = {side: getattr(stretch, side)[few] for side in ("loss_d", "real", "fake")}
    assert stretch.fits(**short) == ()


def test_unequal_batches_cannot_be_paired_and_the_rest_is_told() -> None:
    stretch = Stretch("relativistic-average")
    stretch.fake = [x[:10] for x in stretch.fake]
    assert families(stretch.fits()) == ["relativistic-average"]


@pytest.mark.parametrize("make", [points, images])
def test_a_real_training_is_told(make: Callable[[], Any]) -> None:
    t = make()
    seen: dict[str, list[Any]] = {
        name: [] for name in ("loss_d", "real", "fake", "loss_g", "generator")
    }
    for _ in range(STEPS):
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = softplus(-real).mean() + softplus(fake).mean()
        t.step_d(loss_d)
        generator = t.D(t.G(t.z()))
        loss_g = softplus(-generator).mean()
        t.step_g(loss_g)
        values = (loss_d.item(), real, fake, loss_g.item(), generator)
        for name, value in zip(seen, values, strict=True):
            seen[name].append(value)
    (fit,) = fitting_objectives(**seen)
    assert fit.objective.family == "non-saturating"
    assert fit.objective.reduction == "sum"
    assert fit.objective.smoothing in (1.0, None)
