from __future__ import annotations

import math

import pytest
import torch
from torch.autograd import gradcheck
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

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


def targets(seed: int) -> torch.Tensor:
    return torch.rand(16, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


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
    if family == "relativistic-paired":
        pairs = list(zip(xs, gs, strict=True))
        d = -mean([math.log(sigmoid(x - g)) for x, g in pairs])
        return d, -mean([math.log(sigmoid(g - x)) for x, g in pairs])
    if family == "relativistic-average":
        x_mean, g_mean = mean(xs), mean(gs)
        d = -mean([math.log(sigmoid(x - g_mean)) for x in xs])
        d -= mean([math.log(1 - sigmoid(g - x_mean)) for g in gs])
        g = -mean([math.log(sigmoid(g - x_mean)) for g in gs])
        return d, g - mean([math.log(1 - sigmoid(x - g_mean)) for x in xs])
    assert family == "wasserstein"
    return mean(gs) - mean(xs), -mean(gs)


@pytest.mark.parametrize("family", LOSS_FAMILIES)
def test_losses_equal_the_formulas_of_the_papers(
    family: str, real: torch.Tensor, fake: torch.Tensor
) -> None:
    d, g = by_the_paper(family, real, fake)
    assert discriminator_loss(family, real, fake).item() == pytest.approx(d, rel=1e-12)
    assert generator_loss(family, fake, real).item() == pytest.approx(g, rel=1e-12)


@pytest.mark.parametrize("family", LOSS_FAMILIES)
def test_gradients_are_those_of_the_losses(
    family: str, real: torch.Tensor, fake: torch.Tensor
) -> None:
    real, fake = real.requires_grad_(), fake.requires_grad_()
    assert gradcheck(lambda x, g: discriminator_loss(family, x, g), (real, fake))
    assert gradcheck(lambda g: generator_loss(family, g, real.detach()), (fake,))


@pytest.mark.parametrize("label", [0.9, 1.0])
@pytest.mark.parametrize("family", SMOOTHABLE)
def test_a_number_as_label_costs_no_bit_against_the_plain_formula(
    family: str, label: float, real: torch.Tensor, fake: torch.Tensor
) -> None:
    real, fake = real.float(), fake.float()
    if family == "least-squares":
        expected = ((real - label).square() / 2).mean() + (fake.square() / 2).mean()
    else:
        expected = (softplus(-real) + (1 - label) * real).mean() + softplus(fake).mean()
    assert torch.equal(discriminator_loss(family, real, fake, label), expected)


def test_a_certain_d_has_no_loss_even_at_infinity() -> None:
    loss = discriminator_loss("non-saturating", torch.tensor([200.0]), torch.tensor([-torch.inf]))
    assert loss.item() == 0


@pytest.mark.parametrize("family", ["minimax", "non-saturating"])
def test_cross_entropy_with_a_target_for_each_sample_equals_that_of_torch(
    family: str, real: torch.Tensor, fake: torch.Tensor
) -> None:
    to_real, to_fake = targets(2), targets(3)
    expected = bce(real, to_real) + bce(fake, to_fake)
    ours = discriminator_loss(family, real, fake, to_real, fake_label=to_fake)
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("coding", [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0)])
def test_least_squares_reach_for_the_share_of_the_coding_that_the_label_says(
    coding: tuple[float, float, float], real: torch.Tensor, fake: torch.Tensor
) -> None:
    a, b, c = coding
    to_real, to_fake = targets(2), targets(3)
    d = sum((x - (a + t * (b - a))) ** 2 for x, t in zip(real, to_real, strict=True))
    d += sum((g - (a + t * (b - a))) ** 2 for g, t in zip(fake, to_fake, strict=True))
    ours = discriminator_loss(
        "least-squares", real, fake, to_real, fake_label=to_fake, coding=coding
    )
    torch.testing.assert_close(ours, d / 16 / 2)
    g = generator_loss("least-squares", fake, coding=coding)
    torch.testing.assert_close(g, (fake - c).square().mean() / 2)


@pytest.mark.parametrize("family", SMOOTHABLE)
def test_swapped_labels_are_swapped_batches(
    family: str, real: torch.Tensor, fake: torch.Tensor
) -> None:
    swapped = discriminator_loss(
        family, real, fake, torch.zeros_like(real), fake_label=torch.ones_like(fake)
    )
    torch.testing.assert_close(swapped, discriminator_loss(family, fake, real))


@pytest.mark.parametrize("family", SMOOTHABLE)
def test_a_target_goes_with_all_logits_of_its_sample(family: str) -> None:
    real, fake = torch.randn(2, 4, 1, 3, 3, generator=torch.Generator().manual_seed(4))
    label = torch.tensor([1.0, 0.9, 0.5, 0.0])
    spread = label.repeat_interleave(9)
    ours = discriminator_loss(family, real, fake, label)
    expected = discriminator_loss(family, real.flatten(), fake.flatten(), spread)
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("family", LOSS_FAMILIES)
def test_a_loss_for_each_row_is_that_of_the_row(family: str) -> None:
    real, fake = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(5)) * 3
    rows = discriminator_loss(family, real, fake, dim=1)
    each = [discriminator_loss(family, x, g) for x, g in zip(real, fake, strict=True)]
    torch.testing.assert_close(rows, torch.stack(each))


def test_labels_on_a_device_are_not_waited_for() -> None:
    logits = torch.zeros(4, device="meta")  # where any look at a value is an error
    discriminator_loss("non-saturating", logits, logits, logits, fake_label=logits)


@pytest.mark.parametrize("family", ["minimax", "non-saturating"])
def test_smoothed_cross_entropy_equals_that_of_torch(
    family: str, real: torch.Tensor, fake: torch.Tensor
) -> None:
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


@pytest.mark.parametrize("family", sorted(set(LOSS_FAMILIES) - set(SMOOTHABLE)))
def test_labels_are_refused_where_there_are_none(family: str) -> None:
    logits = torch.zeros(2)
    with pytest.raises(ConfigError, match=rf"{family} loss has no labels.*must be 1, got 0.9"):
        discriminator_loss(family, logits, logits, real_label=0.9)
    with pytest.raises(ConfigError, match=rf"{family} loss has no labels.*must be 0, got 0.1"):
        discriminator_loss(family, logits, logits, fake_label=0.1)
    with pytest.raises(ConfigError, match="no labels: real_label must be 1, got a tensor"):
        discriminator_loss(family, logits, logits, real_label=torch.ones(2))


@pytest.mark.parametrize("family", sorted(set(LOSS_FAMILIES) - {"least-squares"}))
def test_a_coding_is_refused_where_there_is_none(family: str) -> None:
    logits = torch.zeros(2)
    with pytest.raises(ConfigError, match=rf"{family} loss has no coding.*got \(-1, 1, 0\)"):
        discriminator_loss(family, logits, logits, coding=(-1, 1, 0))
    with pytest.raises(ConfigError, match=rf"{family} loss has no coding"):
        generator_loss(family, logits, logits, coding=(-1, 1, 0))


def test_a_coding_that_does_not_part_real_from_fake_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"different targets of fake and real"):
        discriminator_loss("least-squares", torch.zeros(2), torch.zeros(2), coding=(1, 1, 0))


@pytest.mark.parametrize("label", [0.0, 1.2, float("nan")])
def test_a_label_that_leaves_the_loss_unbounded_is_refused(label: float) -> None:
    with pytest.raises(ConfigError, match="real_label"):
        discriminator_loss("non-saturating", torch.zeros(2), torch.zeros(2), real_label=label)


@pytest.mark.parametrize("label", [-0.1, 1.0, float("nan")])
def test_a_label_of_the_fakes_is_below_1(label: float) -> None:
    with pytest.raises(ConfigError, match=r"fake_label must lie in \[0, 1\)"):
        discriminator_loss("non-saturating", torch.zeros(2), torch.zeros(2), fake_label=label)


@pytest.mark.parametrize("shape", [(), (3,), (4, 1)])
def test_labels_that_are_not_one_for_each_sample_are_refused(shape: tuple[int, ...]) -> None:
    logits = torch.zeros(4)
    with pytest.raises(ConfigError, match=r"fake_label must be a number or .* the 4 samples"):
        discriminator_loss("minimax", logits, logits, fake_label=torch.zeros(shape))


@pytest.mark.parametrize("family", ["relativistic-paired", "relativistic-average"])
def test_a_relativistic_generator_asks_for_reals(family: str) -> None:
    with pytest.raises(ConfigError, match=rf"{family} loss of G .*pass .* as real_logits"):
        generator_loss(family, torch.zeros(2))


def test_pairs_of_different_number_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"favoured and other.*\(8,\) and \(4,\)"):
        discriminator_loss("relativistic-paired", torch.zeros(8), torch.zeros(4))


def test_an_unknown_family_is_named_beside_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'hing'.*Did you mean 'hinge'"):
        generator_loss("hing", torch.zeros(2))
