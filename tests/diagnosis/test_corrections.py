from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from gan_doctor.core import (
    Event,
    Evidence,
    Finding,
    Key,
    Network,
    Objective,
    OptimizerFacts,
    Remedy,
    Run,
    Series,
    Setup,
    Upsampling,
)
from gan_doctor.detectors import known as detectors
from gan_doctor.diagnosis.answers import ANSWERS
from gan_doctor.diagnosis.corrections import corrections
from gan_doctor.diagnosis.decision_table import remedies
from gan_doctor.tricks import CATEGORIES, known

STEPS = np.arange(1.0, 1001)
EVERYTHING = Setup(
    objective=Objective("non-saturating", "sum", penalties=("r1",)),
    total_steps=1000,
    networks=(
        Network("g", parameters=1000, output_activation="Tanh"),
        Network("d", parameters=1000, norms=("BatchNorm2d",)),
    ),
    optimizers=tuple(
        OptimizerFacts(role, kind="Adam", lr=1e-3, betas=(0.5, 0.999)) for role in ("g", "d")
    ),
    tricks=(),
    batch_size=64,
    sample_shape=(3, 32, 32),
    labelled=True,
    real_range=(0.0, 1.0),
)


def run(setup: Setup = EVERYTHING, events: tuple[Event, ...] = (), **series: float) -> Run:
    """Constant series, by their names with `__` for `/`."""
    made = (
        Series(Key(name.replace("__", "/")), STEPS, np.full(len(STEPS), value))
        for name, value in series.items()
    )
    return Run("run", series=tuple(made), setup=setup, events=events)


def finding(slug: str, series: str = "", onset: float = 100, **facts: Any) -> Finding:
    evidence = (Evidence(series, "mean", 0.0, important=True),) if series else ()
    return Finding("GD000", slug, "critical", "", onset, onset + 50, evidence=evidence, **facts)


def first(slug: str, series: str = "", of: Run | None = None, **facts: Any) -> Remedy:
    return remedies(of or run(), finding(slug, series, **facts))[0]


@pytest.mark.parametrize("slug", [slug for slug in detectors() if slug != "healthy-pattern"])
def test_every_signature_has_an_answer(slug: str) -> None:
    few = Setup(
        objective=Objective("minimax", "sum", penalties=("r1",)),
        networks=(Network("d", norms=("BatchNorm2d",)),),
    )
    for setup in (EVERYTHING, few):
        offers = remedies(run(setup), _at(slug))
        assert 1 <= len(offers) <= 3
        assert len({offer.slug for offer in offers}) == len(offers)
        for offer in offers:
            assert offer.title
            assert offer.action.endswith(".")
            assert offer.check.endswith(".")


def _at(slug: str) -> Finding:
    best = Evidence("sample/coverage", "at its best", 0.8, window=(80, 80))
    return Finding("GD000", slug, "critical", "", 100, 150, evidence=(best,))


@pytest.mark.parametrize(
    "slug",
    [
        "player-not-updated", "double-sigmoid", "labels-swapped", "loss-not-backpropagated",
        "incompatible-pair", "train-eval-mismatch", "quality-regression", "augmentation-leak",
        "latent-ignored", "condition-ignored",
    ],
)  # fmt: skip
def test_a_fault_is_corrected_before_any_trick(slug: str) -> None:
    offers = remedies(run(), _at(slug))
    assert offers[0].slug == slug
    assert slug not in known()


def test_a_correction_takes_its_place_in_the_order_of_tricks() -> None:
    wide = Setup(
        networks=(Network("g", parameters=100), Network("d", parameters=1600)),
        optimizers=EVERYTHING.optimizers, amp="float16", sample_shape=(1, 8, 8),
    )  # fmt: skip
    slugs = [r.slug for r in remedies(run(wide), finding("discriminator-overpowering"))]
    assert slugs[-1] == "capacity"
    order = [CATEGORIES.index(known()[slug].category) for slug in slugs[:-1]]
    assert order == [0, 1]
    slugs = [r.slug for r in remedies(run(wide), finding("exploding-gradient"))]
    assert slugs[0] == "full-precision"
    assert [known()[slug].category for slug in slugs[1:]] == ["loss", "architecture"]


def test_what_no_trick_cures_has_a_page_of_its_own() -> None:
    """A report sends to `gan-doctor explain` for every name in it."""
    for slug, said in ANSWERS.items():
        assert slug not in known()
        assert slug not in detectors()
        headings = re.findall(r"^(\w.*):$", said.page, re.MULTILINE)
        wanted = ["What it does", "When to use it", "When not to", "Cost"]
        assert [h for h in headings if h != "Values"] == [
            *wanted, "How to see that it worked", "References",
        ]  # fmt: skip
    setups = EVERYTHING, Setup(amp="float16"), Setup(sample_shape=(1, 8, 8))
    sizes = Network("g", parameters=100), Network("d", parameters=1600)
    setups = *setups, Setup(networks=sizes), Setup(networks=sizes, amp="bfloat16")
    offered = {
        offer.remedy.slug
        for slug in detectors()
        for setup in setups
        for offer in corrections(run(setup), _at(slug))
    }
    assert set(ANSWERS) <= offered
    assert offered <= {*ANSWERS, *detectors()}


def test_few_data_are_answered_by_more_after_all_that_costs_less() -> None:
    for slug in ("discriminator-overfitting", "memorization"):
        (more,) = corrections(run(), finding(slug))
        assert (more.remedy.slug, more.category) == ("more-data", "tuning")
    tricks = {"ada", "diff-augment", "consistency", "lecam", "dropout", "r1-penalty"}
    offers = remedies(run(), finding("discriminator-overfitting"))
    assert offers[0].slug in tricks


# Faults of the wiring


@pytest.mark.parametrize(
    ("series", "facts", "of", "said"),
    [
        ("update/d", {"lr__d": 0.0, "update__d": 0.0}, {}, "D's learning rate is 0"),
        ("update/g", {"gradient__g": 0.0, "lr__g": 1e-3}, {}, "G has no gradient"),
        ("update/g", {"update__g": 0.0, "lr__g": 1e-3}, {}, "G has no gradient"),
        ("update/g", {"gradient__g": 0.1, "lr__g": 1e-3}, {}, "See that G's optimizer holds"),
        ("steps/d", {"steps__d": 0.0}, {}, "No optimizer steps D"),
        ("setup", {}, {"d": 40}, "The optimizer of D steps 40 of 1,000 parameters"),
        ("setup", {}, {"g": 0}, "The optimizer of G steps 0 of 1,000 parameters"),
    ],
)
def test_a_player_that_stands_still(
    series: str, facts: dict[str, float], of: dict[str, int], said: str
) -> None:
    held = tuple(
        OptimizerFacts(role, parameters=of.get(role, 1000))  # type: ignore[arg-type]
        for role in ("g", "d")
    )
    setup = Setup(networks=EVERYTHING.networks, optimizers=held)
    assert first("player-not-updated", series, run(setup, **facts)).action.startswith(said)


def test_a_second_sigmoid_goes_by_the_loss() -> None:
    assert "BCEWithLogitsLoss" in first("double-sigmoid").action
    hinge = run(Setup(objective=Objective("hinge")))
    assert first("double-sigmoid", of=hinge).action.startswith("Take the sigmoid off D: the hinge")


def test_labels_go_by_the_loss() -> None:
    assert "the target 1" in first("labels-swapped").action
    critic = run(Setup(objective=Objective("wasserstein")))
    assert "change places" in first("labels-swapped", of=critic).action


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ("reached/real", "D's loss on reals"),
        ("reached/generator", "G's loss"),
        ("penalty/d", "Compute the penalty"),
    ],
)
def test_the_loss_that_is_lost_is_named(series: str, said: str) -> None:
    assert said in first("loss-not-backpropagated", series).action


def test_each_pair_is_parted() -> None:
    both = Setup(
        objective=Objective("hinge", smoothing=0.9, penalties=("r1",)), networks=EVERYTHING.networks
    )
    action = first("incompatible-pair", of=run(both)).action
    assert "GroupNorm" in action
    assert "smoothing" in action


@pytest.mark.parametrize(("role", "said"), [("g", "Call G.train()"), ("d", "Call D.train()")])
def test_who_is_in_evaluation_mode_is_called_to_train(role: str, said: str) -> None:
    events = (
        Event(50, "mode", detail={"role": role, "training": False}),
        Event(900, "mode", detail={"role": "g", "training": False}),
    )
    assert first("train-eval-mismatch", of=run(events=events)).action.startswith(said)


# Numbers of this run


def test_a_weight_is_divided_until_d_has_a_fifth() -> None:
    offer = first("auxiliary-loss-dominates", of=run(gradient__g__through_d=0.02))
    k = offer.values["divide_by"]
    assert 0.02 / (0.02 + 0.98 / k) == pytest.approx(0.2, rel=0.02)
    assert "is 2% of G's gradient" in offer.action
    nothing = first("auxiliary-loss-dominates", of=run(gradient__g__through_d=0.0))
    assert nothing.action.startswith("See that D's verdict is in G's loss at all")


def test_the_added_loss_is_named_where_it_is_known() -> None:
    paired = run(Setup(tricks=("pixel-loss",)), gradient__g__through_d=0.02)
    assert "the added loss (pixel-loss)" in first("auxiliary-loss-dominates", of=paired).action


def test_a_schedule_is_stretched_to_the_end() -> None:
    offer = first("learning-rate-exhausted", onset=250)
    assert offer.action.startswith("Stretch the schedule 4 times")
    assert offer.values == {"schedule_steps": 1000}
    unknown = first("learning-rate-exhausted", of=run(Setup()))
    assert unknown.action == "End the decay with the training: it ran out at step 100."


def test_quality_rolls_back_to_its_best() -> None:
    offer = remedies(run(), _at("quality-regression"))[0]
    assert offer.values == {"step": 80}
    assert "step 80" in offer.action
    # Without a best there is nothing to go back to.
    assert first("quality-regression").slug != "quality-regression"


@pytest.mark.parametrize(
    ("end", "shape", "series", "said"),
    [
        ("Tanh", (1, 8, 8), "setup", "Scale the reals from [0, 1] to what G's Tanh gives"),
        ("Sigmoid", (1, 8, 8), "setup", "Scale the reals from [0, 1] to the [0, 1] of G's sigmoid"),
        ("Tanh", (2,), "setup", "Give G a linear output in place of its Tanh"),
        ("Tanh", (1, 8, 8), "sample/border_distance", "Crop and pad the reals"),
        ("", (1, 8, 8), "sample/outside", "Give both sides the same values"),
    ],
)
def test_ranges_are_brought_together(end: str, shape: Any, series: str, said: str) -> None:
    network = Network("g", output_activation=end)
    setup = Setup(networks=(network,), sample_shape=shape, real_range=(0.0, 1.0))
    offers = remedies(run(setup), finding("value-range-mismatch", series))
    assert any(offer.action.startswith(said) for offer in offers)


def test_an_augmentation_that_leaks_is_done_less() -> None:
    leak = finding("augmentation-leak", "sample/leak/rotation")
    often = remedies(run(augment__p=0.95), leak)
    assert often[1].values == {"p": 0.8}
    assert "rose to 0.95" in often[1].action
    fixed = remedies(run(), leak)
    assert fixed[1].action.startswith("Leave rotation out of the augmentation")


def test_a_kernel_is_made_to_fit_its_stride() -> None:
    layers = (Upsampling("nearest"), Upsampling("transposed", (5, 5), (2, 2)))
    setup = Setup(networks=(Network("g", upsampling=layers),), sample_shape=(1, 8, 8))
    offers = remedies(run(setup), finding("checkerboard"))
    assert offers[0].action == (
        "Give G's transposed convolution of stride 2x2 a kernel of 6x6, not 5x5."
    )
    even = Setup(networks=(Network("g", upsampling=(Upsampling("transposed", (4,), (2,)),)),))
    assert "kernel" not in remedies(run(even), finding("checkerboard"))[0].action


# What people found to be the cause


@pytest.mark.parametrize(
    ("slug", "g", "d", "said"),
    [
        ("discriminator-overpowering", 100, 1600, "Narrow D's layers to about 0.25 times"),
        ("discriminator-failing", 900, 100, "Widen D's layers to about 3 times"),
        ("discriminator-overpowering", 1600, 100, ""),
        ("discriminator-failing", 100, 900, ""),
        ("discriminator-overpowering", 100, 300, ""),
    ],
)
def test_players_of_very_different_size(slug: str, g: int, d: int, said: str) -> None:
    setup = Setup(networks=(Network("g", parameters=g), Network("d", parameters=d)))
    offers = {offer.slug: offer.action for offer in remedies(run(setup), finding(slug))}
    assert ("capacity" in offers) is bool(said)
    assert offers.get("capacity", "").startswith(said)


@pytest.mark.parametrize(
    "slug", ["non-finite", "exploding-gradient", "vanishing-generator-gradient"]
)
def test_mixed_precision_is_left_first(slug: str) -> None:
    assert first(slug, of=run(Setup(amp="float16"))).slug == "full-precision"
    assert first(slug, of=run(Setup(amp=None))).slug != "full-precision"
