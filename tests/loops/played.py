"""A loop played twice, with a doctor and without, and what came of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loops.witness import Loop, Witness, play

import gan_doctor
from gan_doctor import Monitor, Run
from gan_doctor.core import MonitorWarning


@dataclass
class Played:
    """What came of a loop."""

    witness: Witness
    run: Run
    with_doctor: dict[str, Any]
    alone: dict[str, Any]

    @property
    def notes(self) -> list[str]:
        return [e.detail["text"] for e in self.run.events if e.kind == "note"]

    def recorded(self, name: str) -> dict[str, dict[int, float]]:
        """The values of a name by step, as `Witness.series` gives the true ones."""
        return {
            str(s.key): dict(zip(map(int, s.steps), s.values.tolist(), strict=True))
            for s in self.run.series
            if s.key.name == name
        }


def play_both(loop: Loop, folder: Path, steps: int, **options: Any) -> Played:
    """Plays a loop from the same seeds with a monitor and without.

    Args:
        loop: The loop.
        folder: Where the log goes.
        steps: How many generator steps to make.
        options: Of the monitor.
    """
    doctors: list[Monitor] = []

    def doctor_of(generator: Any, discriminator: Any, **own: Any) -> Monitor:
        doctors.append(Monitor(folder / "run", generator, discriminator, **options, **own))
        return doctors[0]

    witness, alone = Witness(doctor_of, steps), Witness(None, steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MonitorWarning)  # it is in the log as well, as a note
        # torch.compile looks at .grad of whatever a network is given (torch 2.13).
        warnings.filterwarnings("ignore", "The .grad attribute of a Tensor that is not a leaf")
        try:
            with_doctor = play(loop, witness)
        finally:
            for doctor in doctors:
                doctor.close()
        came_to = play(loop, alone)
    assert alone.rows == witness.rows
    return Played(witness, gan_doctor.read(folder / "run"), with_doctor, came_to)


def assert_true(played: Played, name: str) -> None:
    """Every step of every series of that name is recorded, and right."""
    recorded, true = played.recorded(name), played.witness.series(name)
    assert recorded.keys() == true.keys()
    for key, values in true.items():
        assert recorded[key] == pytest.approx(values, rel=1e-4, abs=1e-5), key


def assert_nothing_wrong(played: Played, name: str) -> None:
    """What is recorded of that name is right, though it may be less than there was."""
    true = played.witness.series(name)
    for key, values in played.recorded(name).items():
        assert values.keys() <= true[key].keys()
        assert values == pytest.approx({step: true[key][step] for step in values}, rel=1e-4), key
