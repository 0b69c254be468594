"""In every loop of real life the record is true, or silent where hooks cannot know."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loops import input_loops, optimizer_loops, order_loops, output_loops, penalty_loops
from loops.sameness import assert_same
from loops.witness import Loop, Witness, play

import gan_doctor
from gan_doctor import Monitor, Run
from gan_doctor.core import MonitorWarning

LOGITS = ("logit/real", "logit/fake", "auroc")
OPTIMIZERS = ("gradient/d", "gradient/g", "steps/d")
STEPS = 30
PATIENT = 60  # what cannot be told is asked for after 50 optimizer steps
FILES = (order_loops, penalty_loops, input_loops, output_loops, optimizer_loops)
TOLD = {loop.__name__: loop for file in FILES for loop in file.TOLD}
UNTOLD = {loop.__name__: loop for file in FILES for loop in file.UNTOLD}
EITHER = {loop.__name__: loop for file in FILES for loop in file.EITHER}


@dataclass
class Played:
    """What came of a loop, with a doctor and without."""

    witness: Witness
    run: Run
    came_to: dict[str, Any]
    came_to_alone: dict[str, Any]

    @property
    def notes(self) -> list[str]:
        return [e.detail["text"] for e in self.run.events if e.kind == "note"]

    def recorded(self, name: str) -> dict[str, dict[int, float]]:
        """The values of a name by step, as `Witness.series` gives the true ones."""
        return {
            str(s.key): dict(zip(map(int, s.steps), s.values, strict=True))
            for s in self.run.series
            if s.key.name == name
        }


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Plays the loop that is the parameter."""
    loop = request.param
    steps = STEPS if loop in TOLD.values() else PATIENT
    return play_both(loop, tmp_path_factory.mktemp("run"), steps)


def play_both(loop: Loop, folder: Path, steps: int) -> Played:
    doctors: list[Monitor] = []

    def doctor_of(generator: Any, discriminator: Any, **options: Any) -> Monitor:
        doctors.append(Monitor(folder / "run", generator, discriminator, **options))
        return doctors[0]

    witness, alone = Witness(doctor_of, steps), Witness(None, steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MonitorWarning)  # also a note in the log, which is claimed
        came_to = play(loop, witness)
        doctors[0].close()
    came_to_alone = play(loop, alone)
    assert alone.rows == witness.rows
    return Played(witness, gan_doctor.read(folder / "run"), came_to, came_to_alone)


def of(loops: dict[str, Loop]) -> Any:
    return pytest.mark.parametrize("played", loops.values(), ids=loops, indirect=True)


def assert_true(played: Played, name: str) -> None:
    recorded, true = played.recorded(name), played.witness.series(name)
    assert recorded.keys() == true.keys()
    for key, values in true.items():
        assert recorded[key] == pytest.approx(values, rel=1e-4, abs=1e-5), key


@of(TOLD | UNTOLD | EITHER)
def test_the_doctor_changes_nothing(played):
    assert_same(played.came_to, played.came_to_alone)


@of(TOLD | UNTOLD | EITHER)
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
@pytest.mark.parametrize("name", LOGITS)
def test_what_is_recorded_of_a_hard_loop_is_true(played, name):
    true = played.witness.series(name)
    for key, values in played.recorded(name).items():
        assert values == pytest.approx({step: true[key][step] for step in values}, rel=1e-4)


@of(EITHER)
def test_a_hard_loop_is_seen_or_asked_of_a_person(played):
    assert played.recorded("auroc") or any("doctor.observe(" in note for note in played.notes)
