from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from gan_doctor.clinic.cases import (
    CAUSES,
    DATA,
    EXAMINED_ONLY,
    OBJECTIVES,
    REFERENCES,
    Case,
    cases,
    references,
    seed_of,
    tried,
)
from gan_doctor.core import ConfigError

DESIGN, EXAMINATION = cases("design"), cases("examination")


def test_no_configuration_is_in_both_splits() -> None:
    both = {case.digest for case in DESIGN} & {case.digest for case in EXAMINATION}
    assert not both
    assert all(case.split == "design" for case in DESIGN)
    assert all(case.split == "examination" for case in EXAMINATION)
    assert len({case.digest for case in DESIGN + EXAMINATION}) == len(DESIGN + EXAMINATION)


def test_the_split_does_not_depend_on_the_seed() -> None:
    assert [case.split for case in DESIGN] == [replace(c, seed=99).split for c in DESIGN]
    assert {case.digest for case in cases("design", seed=7)} == {case.digest for case in DESIGN}


def test_a_commit_draws_seeds_that_nothing_else_has() -> None:
    assert seed_of("94defee") == seed_of("94defee" + 33 * "0") >= 10_000
    assert seed_of("94defee") != seed_of("94defef")
    for wrong in ("", "94def", "main", "94DEFEE"):
        with pytest.raises(ConfigError, match="no hash of a commit"):
            seed_of(wrong)


def test_the_examination_has_what_design_has_never_seen() -> None:
    for part, only in EXAMINED_ONLY.items():
        for split, present in ((DESIGN, False), (EXAMINATION, True)):
            found = {
                CAUSES[c.cause].family if part == "family" else getattr(c, part) for c in split
            }
            assert all((value in found) is present for value in only)


def test_both_splits_hold_every_cause_and_enough_cases() -> None:
    assert set(CAUSES) - {"no-norm", "r1-x100", "r1-x10000"} <= {case.cause for case in DESIGN}
    assert {case.cause for case in EXAMINATION} == set(CAUSES)
    assert len(EXAMINATION) >= 280
    assert {case.objective for case in DESIGN + EXAMINATION} == set(OBJECTIVES)
    assert {case.data for case in DESIGN + EXAMINATION} == set(DATA)


def test_many_of_the_cases_look_suspicious_and_many_do_not() -> None:
    suspicious = Counter(case.suspicious for case in EXAMINATION)
    assert suspicious[True] > 0.25 * len(EXAMINATION)
    assert suspicious[False] > 0.5 * len(EXAMINATION)


def test_every_case_can_be_configured_and_differs_from_its_healthy_self() -> None:
    for case in DESIGN + EXAMINATION:
        config = case.config()
        assert config.seed == case.seed
        assert config.steps >= (15_000 if case.points else 4_000)
        if case.cause != "none":
            assert config != replace(case, cause="none").config()


@pytest.mark.parametrize(
    ("case", "changed"),
    [
        (Case("ring", "hinge", "mlp", "lr-d-x20"), {"lr_d": 2e-2}),
        (Case("ring", "hinge", "mlp", "d-width-d16"), {"d_width": 8, "width": 128}),
        (Case("digits", "hinge", "mlp", "g-width-d4"), {"width": 32, "d_width": 128}),
        (Case("digits", "hinge", "dcgan", "beta1-0.9-fast"), {"beta1": 0.9, "lr_g": 5e-3}),
        (Case("ring", "wgan-gp", "mlp"), {"tricks": {"gradient-penalty": {"weight": 0.1}}}),
        (Case("digits", "wgan-gp", "mlp"), {"tricks": {"gradient-penalty": {"weight": 10.0}}}),
    ],
)
def test_a_cause_changes_what_it_says(case: Case, changed: dict[str, object]) -> None:
    config = case.config()
    for name, value in changed.items():
        assert getattr(config, name) == value


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (Case("ring", "hinge", "mlp", "blurred"), "no meaning for points"),
        (Case("texture", "hinge", "mlp", "sorted"), "no classes to be sorted by"),
        (Case("ring", "hinge", "mlp", "z-ignored"), "made for digits"),
        (Case("digits", "hinge", "mlp", "no-norm"), "changes nothing here"),
    ],
)
def test_what_makes_no_sense_is_no_case(case: Case, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        case.config()


def test_references_are_healthy_and_of_seeds_that_no_case_has() -> None:
    for data in DATA:
        first = tried(data)
        assert {case.cause for case in first} == {"none"}
        assert {case.seed for case in first}.isdisjoint({c.seed for c in DESIGN + EXAMINATION})
        more = references(first[0])
        assert len({case.seed for case in more}) == REFERENCES
        assert first[0] in more
