from __future__ import annotations

import math

import pytest
import torch
from torch.autograd import gradcheck

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.losses import LOSS_FAMILIES, discriminator_loss, generator_loss
from gan_doctor.tricks import Plan

SMOOTHABLE = ("minimax", "non-saturating", "least-squares")


@pytest.fixture
def real() -> torch.Tensor:
    return torch.randn(16, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3


@pytest.fixture
def fake() -> torch.Tensor:
    return torch.randn(16, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 3


def by_the_paper(family: str, real: torch.Tensor, fake: torch.Tensor) -> tuple[float, float]:
    """The losses of D and G, sample by sample, as the papers print them."""

    def mean(terms: list[float]) -> float:
        return sum(terms) / len(terms)

    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    xs, gs = real.tolist(), fake.tolist()
    if family in ("minimax", "non-saturating"):
        d = -mean([math.log(sigmoid(x)) for x in xs]) - mean([math.log(1 - sigmoid(g)) for g in gs])
        g_minimax = mean([math.log(1 - sigmoid(g)) for g in gs])
        g_non_saturating = -mean([math.log(sigmoid(g)) for g in gs])
        return d, g_minimax if family == "minimax" else g_non_saturating
    if family == "least-squares":
        d = 0.5 * mean([(x - 1) ** 2 for x in xs]) + 0.5 * mean([g**2 for g in gs])
        return d, 0.5 * mean([(g - 1) ** 2 for g in gs])
    if family == "hinge":
        d = mean([max(0, 1 - x) for x in xs]) + mean([max(0, 1 + g) for g in gs])
        return d, -mean(gs)
    assert family == "wasserstein"
    return mean(gs) - mean(xs), -mean(gs)


@pytest.mark.parametrize("family", LOSS_FAMILIES)
def test_losses_equal_the_formulas_of_the_papers(
    family: str, real: torch.Tensor, fake: torch.Tensor
) -> None:
    d, g = by_the_paper(family, real, fake)
    assert discriminator_loss(family, real, fake).item() == pytest.approx(d, rel=1e-12)
    assert generator_loss(family, fake).item() == pytest.approx(g, rel=1e-12)


@pytest.mark.parametrize("family", LOSS_FAMILIES)
def test_gradients_are_those_of_the_losses(
    family: str, real: torch.Tensor, fake: torch.Tensor
) -> None:
    real, fake = real.requires_grad_(), fake.requires_grad_()
    assert gradcheck(lambda x, g: discriminator_loss(family, x, g), (real, fake))
    assert gradcheck(lambda g: generator_loss(family, g), (fake,))


@pytest.mark.parametrize("family", ["minimax", "non-saturating"])
def test_smoothed_cross_entropy_equals_that_of_torch(
    family: str, real: torch.Tensor, fake: torch.Tensor
) -> None:
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    expected = bce(real, torch.full_like(real, 0.9)) + bce(fake, torch.zeros_like(fake))
    ours = discriminator_loss(family, real, fake, real_label=0.9)
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("label", [0.9, 1.0])
@pytest.mark.parametrize("family", SMOOTHABLE)
def test_the_plan_states_the_equilibrium_of_the_loss_where_real_and_fake_agree(
    family: str, label: float
) -> None:
    logits = torch.linspace(-3, 3, 2001, dtype=torch.float64)
    lowest = min(discriminator_loss(family, x, x, label).item() for x in logits)
    assert lowest == pytest.approx(Plan(family, real_label=label).objective.equilibrium, abs=1e-5)


def test_losses_stay_finite_and_the_gradient_of_g_alive_where_d_is_certain() -> None:
    certain = torch.full((4,), -1e4, requires_grad=True)
    loss = generator_loss("non-saturating", certain)
    loss.backward()
    assert torch.isfinite(loss)
    assert certain.grad is not None
    torch.testing.assert_close(certain.grad.sum(), torch.tensor(-1.0))


def test_the_gradient_of_a_minimax_generator_vanishes_where_d_is_certain() -> None:
    certain = torch.full((4,), -50.0, requires_grad=True)
    generator_loss("minimax", certain).backward()
    assert certain.grad is not None
    assert certain.grad.abs().max() < 1e-20


@pytest.mark.parametrize("family", ["hinge", "wasserstein"])
def test_labels_are_refused_where_there_are_none(family: str) -> None:
    with pytest.raises(ConfigError, match=rf"{family} loss has no labels.*got 0.9"):
        discriminator_loss(family, torch.zeros(2), torch.zeros(2), real_label=0.9)


@pytest.mark.parametrize("label", [0.0, 1.2, float("nan")])
def test_a_label_that_leaves_the_loss_unbounded_is_refused(label: float) -> None:
    with pytest.raises(ConfigError, match="real_label"):
        discriminator_loss("non-saturating", torch.zeros(2), torch.zeros(2), real_label=label)


def test_an_unknown_family_is_named_beside_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'hing'.*Did you mean 'hinge'"):
        generator_loss("hing", torch.zeros(2))
