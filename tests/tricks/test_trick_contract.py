"""What holds for every card."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from itertools import combinations
from typing import Any

import pytest
import torch

from gan_doctor.core import (
    ConfigError,
    Finding,
    Objective,
    OptimizerFacts,
    Run,
    Setup,
    UnknownNameError,
)
from gan_doctor.detectors import known as detectors
from gan_doctor.training import PRESETS, TrainConfig, train
from gan_doctor.tricks import CATEGORIES, Plan, Trick, check_compatible, known, trick

SECTIONS = [
    "What it does",
    "When to use it",
    "When not to",
    "Values",
    "Cost",
    "How to see that it worked",
    "References",
]
# Fields of a plan that are no numbers: lists of hooks, and what is hooked in alone.
HOOKS = {
    f.name
    for f in fields(Plan)
    if f.default_factory is not MISSING or f.name in ("replay", "look_ahead")
}
SETTINGS = [(slug, name) for slug, card in known().items() for name in card.settings]
EMPTY = Run("empty")
SIGNATURES = {*detectors(), *PRESETS}


def equal(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return len(a) == len(b) and all(map(torch.equal, a, b))


@pytest.fixture(params=known())
def card(request: pytest.FixtureRequest) -> Trick:
    return trick(request.param)


def test_the_page_has_its_sections_in_order(card: Trick) -> None:
    assert re.findall(r"^(\S[^\n]*):$", card.page, re.M) == SECTIONS
    summary, _, _ = card.page.partition("\n\n")
    assert summary.endswith(".")


def test_the_card_is_filled_in(card: Trick) -> None:
    assert card.title
    assert card.category in CATEGORIES
    assert card.items
    assert all(re.fullmatch(r"\d+(\.\d+)+|S\d+[a-c]?", item) for item in card.items)
    assert card.cost >= 1
    assert card.check.endswith(".")
    assert card.avoid_when.endswith(".")
    assert card.references
    assert set(card.treats) <= set(SIGNATURES)
    assert set(card.excludes) | set(card.with_care) <= set(known())
    assert set(card.choices) <= set(card.settings)
    assert set(card.sets) <= {f.name for f in fields(Plan)} - HOOKS


# The numbers of the catalogue: items 1 to 4 and 6 of the article, then modern ones. Section 5 holds
# the signatures; what is policy is tested in tests/diagnosis/test_policy.py.
ITEMS = {
    *(f"1.1.{n}" for n in range(1, 7)), *(f"1.2.{n}" for n in range(1, 7)), "1.3.1", "1.3.2",
    *(f"2.{n}" for n in range(1, 6)), *(f"3.{n}" for n in range(1, 4)),
    *(f"4.{n}" for n in range(1, 4)), *(f"6.{n}" for n in range(1, 15)),
    *(f"7.{n}" for n in range(1, 19)),
}  # fmt: skip
POLICY = {"3.1", "6.12", "6.13", "6.14"}


def test_no_item_of_the_catalogue_is_missing() -> None:
    numbered = {item for card in known().values() for item in card.items if item[0] != "S"}
    assert numbered == ITEMS - POLICY


def test_prescriptions_hold_settings_of_the_card(
    card: Trick, finding: Callable[[str], Finding]
) -> None:
    for slug in detectors():
        offer = card.prescribe(EMPTY, finding(slug))
        if offer is not None:
            assert slug in card.treats
            assert offer.action.endswith(".")
            card.configured(offer.values)


def test_an_empty_set_up_is_unknown_not_denied(card: Trick) -> None:
    assert card.in_use(Setup()) in (None, False)
    assert card.avoid(Setup()) in (None, "")


def test_a_rate_of_0_is_no_number_to_go_by(card: Trick) -> None:
    optimizers = tuple(OptimizerFacts(role, kind="Adam", lr=0.0) for role in ("g", "d"))
    run = Run("warming up", setup=Setup(optimizers=optimizers))
    for slug in card.treats:
        finding = Finding("GD000", slug, "critical", "", 0, 0)
        prescription = card.prescribe(run, finding)
        assert prescription is None or "from 0 " not in prescription.action


def test_declared_tricks_are_in_use_where_no_fact_says_more(card: Trick) -> None:
    undeclared = card.in_use(Setup(tricks=()))
    declared = card.in_use(Setup(tricks=(card.slug,)))
    assert (undeclared, declared) in {(False, True), (None, None), (False, False)}


# A value of each number of a plan that no card sets by default.
UNUSUAL: dict[str, Any] = {
    "family": "minimax", "coding": (0.0, 2.0, 2.0), "real_label": 0.6, "flip": 0.3,
    "adversarial_weight": 0.5, "lr_g": 0.1, "lr_d": 0.2, "betas": (0.3, 0.4),
    "optimizer": "other", "weight_decay": 0.3, "d_steps": 7, "lazy": 9, "network": "other",
    "g_norm": "other", "d_norm": "other", "g_slope": 0.7, "d_slope": 0.8, "dropout": 0.9,
    "upsampling": "other", "spectral_norm": False, "attention": 1, "generators": 9,
    "conditional": False, "class_logits": False, "latent_law": "other", "shuffle": False,
    "data_range": "other", "group": 7,
}  # fmt: skip


def test_switching_on_sets_what_the_card_names_and_no_other_number(card: Trick) -> None:
    plan, untouched = Plan(**UNUSUAL), Plan(**UNUSUAL)
    card.apply(plan, card.configured({}))
    numbers = {f.name for f in fields(Plan)} - HOOKS
    assert {n for n in numbers if getattr(plan, n) != getattr(untouched, n)} == set(card.sets)


# The smallest trainings, one of which suits each card: some need images, classes, pairs, a loss or
# a penalty of a kind.
GROUNDS: list[dict[str, Any]] = [
    {"data": "ring"},
    {"data": "digits"},
    {"data": "pairs"},
    {"data": "ring", "loss": "wasserstein"},
    {"data": "digits", "network": "mlp"},
    {"data": "ring", "tricks": {"r1-penalty": {}}},
    {"data": "digits", "tricks": {"r1-penalty": {}}},
    {"data": "pairs", "tricks": {"r1-penalty": {}}},
    {"data": "digits", "tricks": {"dragan": {}}},
    {"data": "digits", "loss": "wasserstein"},
    {"data": "pairs", "loss": "wasserstein"},
    {"data": "digits", "loss": "wasserstein", "network": "mlp"},
]


def configured(ground: dict[str, Any], tricks: dict[str, Any]) -> TrainConfig:
    smallest = {"steps": 2, "batch_size": 16, "width": 8, "latent": 4}
    on = {**ground.get("tricks", {}), **tricks}
    return TrainConfig.of(settings={**smallest, **ground, "tricks": on})


def fitting(*slugs: str) -> tuple[list[TrainConfig], list[str]]:
    """The grounds on which tricks may be on together, and why not on the others."""
    fit, refusals = [], []
    for ground in GROUNDS:
        try:
            fit.append(configured(ground, {slug: {} for slug in slugs}))
        except ConfigError as error:
            refusals.append(str(error))
    return fit, refusals


def weights(config: TrainConfig) -> list[torch.Tensor]:
    done = train(config)
    return [*done.generator.state_dict().values(), *done.discriminator.state_dict().values()]


def test_a_switched_on_card_trains_wherever_it_fits(card: Trick) -> None:
    fit, _ = fitting(card.slug)
    assert fit
    for config in fit:
        assert all(w.isfinite().all() for w in weights(config))


def test_off_is_not_listed(card: Trick) -> None:
    for ground in GROUNDS[:3]:
        assert equal(
            weights(configured(ground, {card.slug: False})), weights(configured(ground, {}))
        )


NEUTRAL: dict[str, dict[str, Any]] = {
    "learning-rate": {"lr_g": 1e-3, "lr_d": 1e-3},
    "ttur": {"lr_g": 1e-3, "lr_d": 1e-3},
    "d-steps": {"d_steps": 1},
    "adam-beta1": {"beta1": 0},
    "one-sided-labels": {"real_label": 1},
    "noisy-labels": {"low": 1, "high": 1},
    "label-flipping": {"p": 0},
    "instance-noise": {"sd": 0},
    "r1-penalty": {"gamma": 0},
    "r2-penalty": {"gamma": 0},
    "gradient-penalty": {"weight": 0},
    "dragan": {"weight": 0},
    "packing": {"m": 1},
    "non-saturating-loss": {},
    "mode-seeking": {"weight": 0},
    "lecam": {"weight": 0},
    "orthogonal-regularization": {"weight": 0},
    "historical-averaging": {"weight": 0},
    "path-length": {"weight": 0},
    "weight-decay": {"decay": 0, "l1": 0},
    "d-gating": {"threshold": 1},
    "replay-buffer": {"share": 0},
    "top-k": {"least": 1},
    "ema": {},
    "shuffle": {},
    "latent-law": {"law": "normal"},
    "multi-generator": {"count": 1},
    "lr-decay": {"start": 1},
}


@pytest.mark.parametrize("slug", NEUTRAL)
def test_on_without_effect_is_not_listed(slug: str) -> None:
    for ground in GROUNDS[:2]:
        try:
            on = configured(ground, {slug: NEUTRAL[slug]})
        except ConfigError:
            continue
        assert equal(weights(on), weights(configured(ground, {})))


# What shows only after more than two steps, or is told to the monitor alone.
SLOW = {
    ("replay-buffer", "size"), ("ada", "target"), ("ada", "kimg"), ("ada", "interval"),
    ("d-gating", "threshold"), ("ema", "decay"), ("ema", "ramp"), ("top-k", "least"),
    ("top-k", "until"), ("lr-decay", "start"), ("lr-decay", "floor"), ("pixel-loss", "until"),
    ("path-length", "interval"), ("lazy-regularization", "interval"),
    ("minibatch-stddev", "group"), ("gradient-clipping", "norm"), ("pixel-loss", "p"),
    ("weight-decay", "decay"), ("replay-buffer", "share"), ("weight-clipping", "limit"),
}  # fmt: skip


# Values whose effect shows within two steps, where one near the default would not.
PLAIN = {
    ("label-flipping", "p"): 0.4,
    ("self-attention", "side"): 2,
    ("instance-noise", "until"): 1,
}


@pytest.mark.parametrize(("slug", "name"), [pair for pair in SETTINGS if pair not in SLOW])
def test_every_setting_changes_the_training(slug: str, name: str) -> None:
    card = trick(slug)
    default = card.settings[name]
    if name in card.choices:
        others = [choice for choice in card.choices[name] if choice != default]
    elif (slug, name) in PLAIN:
        others = [PLAIN[slug, name]]
    elif isinstance(default, int):
        others = [default + 1]
    else:
        others = [default * 0.9] if default else [0.5]
    base = fitting(slug)[0][0]
    for other in others:
        changed = replace(base, tricks={**base.tricks, slug: {name: other}})
        assert not equal(weights(base), weights(changed))


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "much", True, None])
@pytest.mark.parametrize(
    ("slug", "name"), [pair for pair in SETTINGS if pair[1] not in trick(pair[0]).choices]
)
def test_a_setting_that_is_no_number_is_refused_by_name(slug: str, name: str, wrong: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{slug}.{name}")):
        trick(slug).configured({name: wrong})


@pytest.mark.parametrize(
    ("slug", "settings"),
    [
        ("d-steps", {"d_steps": 0}),
        ("adam-beta1", {"beta1": 1}),
        ("one-sided-labels", {"real_label": 1.1}),
        ("one-sided-labels", {"real_label": 0}),
        ("instance-noise", {"until": 0}),
        ("packing", {"m": 0}),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(slug: str, settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigError, match=re.escape(f"{slug}.{name}")):
        trick(slug).apply(Plan(), trick(slug).configured(settings))


def test_unknown_names_are_refused_beside_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="r1-penalty"):
        trick("r1-penaltty")
    with pytest.raises(UnknownNameError, match="Known: m"):
        trick("packing").configured({"n": 2})


FAMILIES = {
    "hinge-loss", "least-squares-loss", "non-saturating-loss", "relativistic-average-loss",
    "relativistic-paired-loss", "wasserstein-loss",
}  # fmt: skip
UNLABELLED = FAMILIES - {"least-squares-loss", "non-saturating-loss"}
LABELS = {"one-sided-labels", "noisy-labels", "label-flipping"}
RELATIVISTIC = {"relativistic-average-loss", "relativistic-paired-loss"}
PENALTIES = {"gradient-penalty", "r1-penalty", "r2-penalty", "dragan"}

# The incompatibility matrix: no trick of the one set goes with one of the other, and why.
MATRIX: list[tuple[set[str], set[str], str]] = [
    (FAMILIES, FAMILIES, "both set family"),
    (UNLABELLED, LABELS, "no labels|has none"),
    ({"ada"}, {"least-squares-loss", "wasserstein-loss", *RELATIVISTIC}, "not centred on 0"),
    ({"weight-clipping"}, FAMILIES - {"wasserstein-loss"}, "is for the Wasserstein loss"),
    ({"weight-clipping"}, LABELS, "no labels"),
    ({"weight-clipping"}, {*PENALTIES, "spectral-norm"}, "clipped weights"),
    ({"weight-clipping"}, {"learning-rate", "ttur"}, "both set lr_g"),
    ({"weight-clipping"}, {"optimistic-adam"}, "both set optimizer"),
    ({"weight-clipping"}, {"adam-beta1"}, "not Adam"),
    ({"weight-clipping"}, {"ada"}, "not centred on 0"),
    ({"weight-clipping"}, {"lazy-regularization"}, "no penalty to take"),
    ({"d-gating"}, {"wasserstein-loss", "weight-clipping"}, "near its optimum"),
    ({"d-steps"}, {"wasserstein-loss"}, "both set d_steps"),
    ({"batch-norm"}, PENALTIES - {"dragan"}, "mixes the samples"),
    ({"class-softmax"}, {"packing"}, "no one class"),
    ({"class-softmax"}, {"projection"}, "both use the labels"),
    (
        {"class-softmax", "projection"},
        {"pixel-loss"},
        "no classes|has no labels|is paired|no label",
    ),
    ({"convolutional"}, {"residual"}, "both set network"),
    ({"unrolled"}, PENALTIES, "third derivatives"),
    ({"unrolled"}, {"lazy-regularization"}, "third derivatives"),
    ({"unrolled"}, {"optimistic-adam"}, "cannot foresee"),
    ({"feature-matching"}, {"unrolled", "top-k"}, "has no weight"),
    ({"top-k"}, RELATIVISTIC, "compares reals with all"),
    ({"learning-rate"}, {"ttur"}, "both set lr_g"),
    ({"multi-generator"}, {"packing"}, "mixes the fakes"),
    ({"multi-generator"}, {"projection"}, "split the data"),
    ({"multi-generator"}, {"replay-buffer"}, "which generator"),
    ({"multi-generator"}, {"pixel-loss"}, "paired"),
    ({"noisy-labels"}, {"one-sided-labels"}, "both set real_label"),
    ({"optimistic-adam"}, {"weight-decay"}, "decays no weights"),
    ({"packing"}, {"projection"}, "mix classes"),
    ({"packing"}, {"pixel-loss"}, "more than one input"),
]


def refused(one: str, other: str) -> str:
    """The reason of the matrix against a pair, "" if it is allowed."""
    for some, others, reason in MATRIX:
        if (one in some and other in others) or (other in some and one in others):
            return reason
    return ""


@pytest.mark.parametrize("pair", list(combinations(known(), 2)), ids="+".join)
def test_every_pair_trains_or_is_refused_with_the_reason(pair: tuple[str, str]) -> None:
    fit, refusals = fitting(*pair)
    reason = refused(*pair)
    if reason:
        assert not fit
        assert any(re.search(reason, refusal) for refusal in refusals), refusals
    else:
        assert fit, refusals
        assert all(w.isfinite().all() for w in weights(fit[0]))


@pytest.mark.parametrize(
    ("slug", "plan", "reason"),
    [
        ("r1-penalty", Plan(d_norm="batch"), "BatchNorm"),
        ("gradient-penalty", Plan(d_norm="batch"), "BatchNorm"),
        ("one-sided-labels", Plan(family="wasserstein"), "wasserstein loss has no labels"),
        ("hinge-loss", Plan(real_label=0.9), "labels are smoothed"),
    ],
)
def test_a_trick_that_the_rest_of_the_plan_forbids_is_refused(
    slug: str, plan: Plan, reason: str
) -> None:
    with pytest.raises(ConfigError, match=f"{slug} cannot be used here: .*{reason}"):
        check_compatible([slug], plan)


def test_the_plan_tells_its_objective() -> None:
    plan = Plan(family="hinge", penalties=["r1"])
    assert plan.objective == Objective("hinge", "sum", None, 1.0, 0.0, ("r1",))


def test_random_numbers_of_one_purpose_do_not_depend_on_another() -> None:
    draws = {
        (seed, purpose): torch.rand(3, generator=Plan(seed=seed).generator(purpose)).tolist()
        for seed in (0, 1)
        for purpose in ("latent", "data")
    }
    assert len({tuple(draw) for draw in draws.values()}) == 4
    assert torch.rand(3, generator=Plan(seed=1).generator("data")).tolist() == draws[1, "data"]
