"""In every loop of real life the record is true, or silent where hooks cannot know."""

from __future__ import annotations

from typing import Any

import pytest
from loops import (
    input_loops,
    optimizer_loops,
    order_loops,
    output_loops,
    penalty_loops,
    player_loops,
    wrapper_loops,
)
from loops.played import Played, assert_nothing_wrong, assert_true, play_both
from loops.sameness import assert_same
from loops.witness import Loop

LOGITS = ("logit/real", "logit/fake", "auroc")
OPTIMIZERS = ("gradient/d", "gradient/g", "steps/d")
STEPS = 30
PATIENT = 55  # what cannot be told is asked for after 50 optimizer steps
FILES = (
    order_loops, penalty_loops, input_loops, output_loops, optimizer_loops, wrapper_loops,
    player_loops,
)  # fmt: skip
TOLD = {loop.__name__: loop for file in FILES for loop in file.TOLD}
UNTOLD = {loop.__name__: loop for file in FILES for loop in file.UNTOLD}
EITHER = {loop.__name__: loop for file in FILES for loop in file.EITHER}


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Plays the loop that is the parameter."""
    steps = STEPS if request.param in TOLD.values() else PATIENT
    return play_both(request.param, tmp_path_factory.mktemp("run"), steps)


def of(loops: dict[str, Loop]) -> Any:
    return pytest.mark.parametrize("played", loops.values(), ids=loops, indirect=True)


@of(TOLD | UNTOLD | EITHER)
def test_the_doctor_changes_nothing(played):
    assert_same(played.with_doctor, played.alone)


@of(TOLD | UNTOLD)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_optimizers_do_is_true(played, name):
    assert_true(played, name)


@of(TOLD)
@pytest.mark.parametrize("name", LOGITS)
def test_what_d_says_is_true(played, name):
    assert_true(played, name)


@of(TOLD)
def test_nothing_is_asked_of_a_person_where_all_is_seen(played):
    assert played.notes == []


@of(UNTOLD)
def test_what_cannot_be_known_is_not_recorded(played):
    assert [name for name in LOGITS if played.recorded(name)] == []


@of(UNTOLD)
def test_what_cannot_be_known_is_asked_for_once(played):
    assert ["doctor.observe(" in note for note in played.notes] == [True]


@of(EITHER)
@pytest.mark.parametrize("name", LOGITS + OPTIMIZERS)
def test_nothing_recorded_of_a_hard_loop_is_wrong(played, name):
    assert_nothing_wrong(played, name)


@of(EITHER)
def test_a_hard_loop_is_seen_or_asked_of_a_person(played):
    assert played.recorded("auroc") or any("doctor.observe(" in note for note in played.notes)
