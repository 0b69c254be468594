"""The values that the cards give for a run, and the facts that they read from its set-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gan_doctor.core import Finding, Network, Objective, OptimizerFacts, Run, Setup
from gan_doctor.tricks import trick

Make = Callable[[str], Finding]


def run_with(
    lr_g: float = 2e-4, lr_d: float = 2e-4, beta1: float = 0.5, kind: str = "Adam", **facts: Any
) -> Run:
    optimizers = (
        OptimizerFacts("g", kind=kind, lr=lr_g, betas=(beta1, 0.999)),
        OptimizerFacts("d", kind=kind, lr=lr_d, betas=(beta1, 0.999)),
    )
    return Run("run", setup=Setup(optimizers=optimizers, **facts))


@pytest.mark.parametrize(
    ("slug", "signature", "rates", "action", "values"),
    [
        (
            "ttur", "discriminator-overpowering", (1e-5, 2e-3),
            "Lower lr_d from 0.002 to 0.0002 and raise lr_g from 1e-5 to 0.0002.",
            {"lr_g": 2e-4, "lr_d": 2e-4},
        ),
        (
            "ttur", "discriminator-overpowering", (2e-4, 4e-3),
            "Lower lr_d from 0.004 to 0.0002.", {"lr_d": 2e-4},
        ),
        (
            "ttur", "discriminator-overpowering", (2e-4, 2e-4),
            "Lower lr_d from 0.0002 to 5e-5.", {"lr_d": 5e-5},
        ),
        (
            "ttur", "discriminator-failing", (2e-4, 1e-6),
            "Lower lr_g from 0.0002 to 0.0001 and raise lr_d from 1e-6 to 0.0004.",
            {"lr_g": 1e-4, "lr_d": 4e-4},
        ),
        (
            "ttur", "stalled-at-chance", (5e-3, 1e-4),
            "Lower lr_g from 0.005 to 0.0001 and raise lr_d from 0.0001 to 0.0004.",
            {"lr_g": 1e-4, "lr_d": 4e-4},
        ),
        (
            "learning-rate", "mode-collapse", (1e-3, 2e-4),
            "Lower lr_g from 0.001 to 0.0002, and start again from scratch.", {"lr_g": 2e-4},
        ),
        (
            "learning-rate", "mode-collapse", (2e-4, 2e-4),
            "Lower lr_g from 0.0002 to 0.0001 and lower lr_d from 0.0002 to 0.0001, "
            "and start again from scratch.",
            {"lr_g": 1e-4, "lr_d": 1e-4},
        ),
        (
            "learning-rate", "noise-output", (1e-7, 2e-4),
            "Raise lr_g from 1e-7 to 0.0002, and start again from scratch.", {"lr_g": 2e-4},
        ),
    ],
)  # fmt: skip
def test_learning_rates_are_answered_with_numbers(
    slug: str,
    signature: str,
    rates: tuple[float, float],
    action: str,
    values: Mapping[str, float],
    finding: Make,
) -> None:
    offer = trick(slug).prescribe(run_with(*rates), finding(signature))
    assert offer is not None
    assert offer.action == action
    assert offer.values == pytest.approx(values)


@pytest.mark.parametrize("lr_g", [1e-6, 1e-4, 2e-4, 1e-2])
@pytest.mark.parametrize("lr_d", [1e-6, 1e-4, 2e-4, 1e-2])
def test_a_d_that_wins_is_never_made_faster(lr_g: float, lr_d: float, finding: Make) -> None:
    offer = trick("ttur").prescribe(run_with(lr_g, lr_d), finding("discriminator-overpowering"))
    values = dict(offer.values) if offer else {}
    before, after = lr_d / lr_g, values.get("lr_d", lr_d) / values.get("lr_g", lr_g)
    assert values.get("lr_d", lr_d) < lr_d
    assert after < before


@pytest.mark.parametrize("lr_g", [1e-6, 1e-4, 2e-4, 1e-2])
@pytest.mark.parametrize("lr_d", [1e-6, 1e-4, 2e-4, 1e-2])
def test_a_d_that_fails_is_never_made_slower(lr_g: float, lr_d: float, finding: Make) -> None:
    offer = trick("ttur").prescribe(run_with(lr_g, lr_d), finding("discriminator-failing"))
    values = dict(offer.values) if offer else {}
    assert values.get("lr_d", lr_d) >= lr_d
    assert values.get("lr_d", lr_d) / values.get("lr_g", lr_g) >= 4


def test_rates_that_already_fit_are_left_alone(finding: Make) -> None:
    usual = run_with()
    assert trick("learning-rate").prescribe(usual, finding("stalled-at-chance")) is None
    assert trick("learning-rate").prescribe(usual, finding("noise-output")) is None
    assert trick("ttur").prescribe(usual, finding("mode-collapse")) is None
    ahead = run_with(1e-4, 4e-4)
    assert trick("ttur").prescribe(ahead, finding("discriminator-failing")) is None


def test_usual_rates_are_left_alone_while_the_momentum_is_not_usual(finding: Make) -> None:
    card = trick("learning-rate")
    assert card.prescribe(run_with(beta1=0.9), finding("mode-collapse")) is None
    assert card.prescribe(run_with(1e-3, 1e-3, beta1=0.9), finding("mode-collapse")) is not None


def test_rates_of_other_optimizers_are_given_as_factors(finding: Make) -> None:
    sgd = run_with(0.1, 0.1, kind="SGD")
    offer = trick("learning-rate").prescribe(sgd, finding("mode-collapse"))
    assert offer is not None
    assert "Divide both learning rates by 2" in offer.action
    assert not offer.values


def test_d_steps_go_down_where_d_wins_and_up_where_it_fails(finding: Make) -> None:
    card = trick("d-steps")
    down = card.prescribe(run_with(d_steps=5.0), finding("discriminator-overpowering"))
    up = card.prescribe(run_with(d_steps=1.0), finding("discriminator-failing"))
    assert down is not None
    assert up is not None
    assert (down.action, down.values) == ("Lower d_steps from 5 to 1.", {"d_steps": 1})
    assert (up.action, up.values) == ("Raise d_steps from 1 to 2.", {"d_steps": 2})
    assert card.prescribe(run_with(d_steps=1.0), finding("discriminator-overpowering")) is None
    assert card.prescribe(run_with(d_steps=5.0), finding("discriminator-failing")) is None


def test_a_wasserstein_critic_keeps_its_steps(finding: Make) -> None:
    run = run_with(d_steps=5.0, objective=Objective("wasserstein"))
    assert trick("d-steps").prescribe(run, finding("discriminator-overpowering")) is None


def test_a_blind_d_that_is_not_slower_gets_no_more_steps(finding: Make) -> None:
    card = trick("d-steps")
    assert card.prescribe(run_with(2e-4, 2e-4), finding("stalled-at-chance")) is None
    assert card.prescribe(run_with(5e-3, 1e-4), finding("stalled-at-chance")) is not None


def test_beta1_comes_down_from_the_default_of_adam(finding: Make) -> None:
    offer = trick("adam-beta1").prescribe(run_with(beta1=0.9), finding("mode-collapse"))
    assert offer is not None
    assert (offer.action, offer.values) == ("Lower beta1 from 0.9 to 0.5.", {"beta1": 0.5})
    assert trick("adam-beta1").in_use(run_with(beta1=0.5).setup) is True
    assert trick("adam-beta1").in_use(run_with(beta1=0.9).setup) is False
    assert trick("adam-beta1").avoid(run_with(kind="RMSprop").setup)


def test_noise_fades_at_a_step_of_this_run(finding: Make) -> None:
    run = run_with(total_steps=10_000, sample_shape=(1, 28, 28))
    offer = trick("instance-noise").prescribe(run, finding("discriminator-overpowering"))
    assert offer is not None
    assert "falling to 0 at step 5000" in offer.action


def test_noise_is_not_offered_for_points_whose_modes_it_may_hide(finding: Make) -> None:
    run = run_with(sample_shape=(2,))
    assert trick("instance-noise").prescribe(run, finding("discriminator-overpowering")) is None


def test_the_weight_of_the_gradient_penalty_fits_the_kind_of_data(finding: Make) -> None:
    card = trick("gradient-penalty")
    images = card.prescribe(run_with(sample_shape=(3, 32, 32)), finding("mode-collapse"))
    points = card.prescribe(run_with(sample_shape=(2,)), finding("mode-collapse"))
    assert images is not None
    assert points is not None
    assert (images.values["weight"], points.values["weight"]) == (10, 0.1)


def test_one_penalty_is_enough(finding: Make) -> None:
    r1 = run_with(objective=Objective(penalties=("r1",)))
    gp = run_with(objective=Objective(penalties=("gradient-penalty",)))
    collapse = finding("mode-collapse")
    assert trick("gradient-penalty").prescribe(r1, collapse) is None
    assert trick("r1-penalty").prescribe(gp, collapse) is None
    assert trick("spectral-norm").prescribe(gp, collapse) is None


def test_packing_names_the_batch_and_needs_enough_packs(finding: Make) -> None:
    card = trick("packing")
    offer = card.prescribe(run_with(batch_size=64), finding("mode-dropping"))
    assert offer is not None
    assert "batches of 64 pairs" in offer.action
    assert card.prescribe(run_with(batch_size=4), finding("mode-dropping")) is None


D_WITH_BATCH_NORM = Network("d", norms=("BatchNorm2d",))


@pytest.mark.parametrize("slug", ["r1-penalty", "gradient-penalty"])
def test_penalties_are_avoided_beside_batch_norm_in_d_only(slug: str) -> None:
    card = trick(slug)
    assert "BatchNorm" in (card.avoid(Setup(networks=(D_WITH_BATCH_NORM,))) or "")
    assert card.avoid(Setup(networks=(Network("d", norms=("GroupNorm",)),))) == ""
    g_only = Setup(networks=(Network("g", norms=("BatchNorm2d",)),))
    assert card.avoid(g_only) is None


def test_spectral_norm_is_not_offered_where_batch_norm_undoes_it(finding: Make) -> None:
    run = run_with(networks=(D_WITH_BATCH_NORM,))
    assert trick("spectral-norm").prescribe(run, finding("discriminator-overpowering")) is None


@pytest.mark.parametrize(
    ("family", "avoided"),
    [
        ("non-saturating", False),
        ("least-squares", False),
        ("wasserstein", True),
        ("hinge", True),
        ("relativistic-paired", True),
    ],
)
def test_labels_are_smoothed_only_where_there_are_some(family: Any, avoided: bool) -> None:
    reason = trick("one-sided-labels").avoid(Setup(objective=Objective(family)))
    assert bool(reason) is avoided


def test_hinge_is_not_offered_to_a_wasserstein_critic(finding: Make) -> None:
    card = trick("hinge-loss")
    bce = run_with(objective=Objective("non-saturating"))
    wgan = run_with(objective=Objective("wasserstein"))
    assert card.prescribe(bce, finding("discriminator-overpowering")) is not None
    assert card.prescribe(wgan, finding("discriminator-overpowering")) is None


def pair(given: int, taken: int) -> Setup:
    return Setup(networks=(Network("g", output_channels=given), Network("d", input_channels=taken)))


@pytest.mark.parametrize(
    ("slug", "setup", "used"),
    [
        ("one-sided-labels", Setup(objective=Objective(smoothing=0.9)), True),
        ("one-sided-labels", Setup(objective=Objective(smoothing=1.0)), False),
        ("r1-penalty", Setup(objective=Objective(penalties=("r1",))), True),
        ("r1-penalty", Setup(objective=Objective(penalties=())), False),
        ("gradient-penalty", Setup(objective=Objective.of("wgan-gp")), True),
        ("gradient-penalty", Setup(objective=Objective(penalties=("r1",))), False),
        ("spectral-norm", Setup(networks=(Network("d", spectral_norm=True),)), True),
        ("spectral-norm", Setup(networks=(Network("d"),)), False),
        ("hinge-loss", Setup(objective=Objective("hinge")), True),
        ("hinge-loss", Setup(objective=Objective("wasserstein")), False),
        ("packing", pair(3, 6), True),
        ("packing", pair(3, 3), False),
        ("packing", pair(1, 11), None),  # a label map beside the image is no pack
        ("instance-noise", Setup(tricks=("ttur",)), False),
        ("d-steps", Setup(d_steps=1.0), False),
    ],
)
def test_facts_tell_whether_a_trick_is_in_use(slug: str, setup: Setup, used: bool | None) -> None:
    assert trick(slug).in_use(setup) is used
