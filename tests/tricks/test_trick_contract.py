"""What holds for every card."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
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
HOOKS = {"penalties", "d_wrappers", "d_inputs", "d_losses"}
SETTINGS = [(slug, name) for slug, card in known().items() for name in card.settings]
EMPTY = Run("empty")


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
    assert re.fullmatch(r"\d+(\.\d+)+", card.item)
    assert card.cost >= 1
    assert card.check.endswith(".")
    assert card.avoid_when.endswith(".")
    assert card.references
    assert set(card.treats) <= set(detectors())


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


def test_switching_on_sets_what_the_card_names_and_no_other_number(card: Trick) -> None:
    def unusual() -> Plan:
        return Plan("minimax", 0.1, 0.2, (0.3, 0.4), d_steps=5, real_label=0.6, group=7)

    plan, untouched = unusual(), unusual()
    card.apply(plan, card.configured({}))
    numbers = {f.name for f in fields(Plan)} - HOOKS
    assert {n for n in numbers if getattr(plan, n) != getattr(untouched, n)} == set(card.sets)


@pytest.mark.parametrize("data", ["ring", "digits"])
def test_a_switched_on_card_trains(
    card: Trick, data: str, two_steps: Callable[..., list[torch.Tensor]]
) -> None:
    weights = two_steps(data, **{card.slug: {}})
    assert all(w.isfinite().all() for w in weights)


def test_off_is_not_listed(card: Trick, two_steps: Callable[..., list[torch.Tensor]]) -> None:
    assert equal(two_steps(**{card.slug: False}), two_steps())


@pytest.mark.parametrize(
    ("slug", "settings"),
    [
        ("learning-rate", {"lr_g": 1e-3, "lr_d": 1e-3}),
        ("ttur", {"lr_g": 1e-3, "lr_d": 1e-3}),
        ("d-steps", {"d_steps": 1}),
        ("adam-beta1", {"beta1": 0}),
        ("one-sided-labels", {"real_label": 1}),
        ("instance-noise", {"sd": 0}),
        ("r1-penalty", {"gamma": 0}),
        ("gradient-penalty", {"weight": 0}),
        ("packing", {"m": 1}),
    ],
)
@pytest.mark.parametrize("data", ["ring", "digits"])
def test_on_without_effect_is_not_listed(
    slug: str, settings: dict[str, Any], data: str, two_steps: Callable[..., list[torch.Tensor]]
) -> None:
    assert equal(two_steps(data, **{slug: settings}), two_steps(data))


@pytest.mark.parametrize(("slug", "name"), SETTINGS)
def test_every_setting_changes_the_training(
    slug: str, name: str, two_steps: Callable[..., list[torch.Tensor]]
) -> None:
    default = trick(slug).settings[name]
    other = default + 1 if isinstance(default, int) else default * 1.1
    assert not equal(two_steps(**{slug: {}}), two_steps(**{slug: {name: other}}))


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "much", True, None])
@pytest.mark.parametrize(("slug", "name"), SETTINGS)
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


REFUSED = {
    ("hinge-loss", "one-sided-labels"): "labels are smoothed",
    ("learning-rate", "ttur"): "both set lr_g",
}


@pytest.mark.parametrize("pair", list(combinations(known(), 2)), ids="+".join)
def test_every_pair_trains_or_is_refused_with_the_reason(
    pair: tuple[str, str], two_steps: Callable[..., list[torch.Tensor]]
) -> None:
    tricks: dict[str, Any] = {slug: {} for slug in pair}
    if pair in REFUSED:
        with pytest.raises(ConfigError, match=REFUSED[pair]):
            two_steps(**tricks)
    else:
        assert all(w.isfinite().all() for w in two_steps(**tricks))


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
