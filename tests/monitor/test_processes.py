"""Several monitors in one process, one monitor over several processes, and the end of a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from loops.gan_loops import plain, points

import gan_doctor
from gan_doctor import Run


def assert_same_series(run: Run, other: Run) -> None:
    """But for what the monitor says of its own time."""
    assert [s.key for s in run.series] == [s.key for s in other.series]
    for one, two in zip(run.series, other.series, strict=True):
        if one.key.name != "monitor/cost":
            np.testing.assert_array_equal(one.steps, two.steps)
            np.testing.assert_array_equal(one.values, two.values)


# Several monitors


class Dice:
    """Random numbers of a training of its own."""

    def __init__(self) -> None:
        self.state = torch.get_rng_state()

    def __enter__(self) -> None:
        torch.set_rng_state(self.state)

    def __exit__(self, *_: Any) -> None:
        self.state = torch.get_rng_state()


def test_monitors_of_two_trainings_see_nothing_of_each_other(attach, recorded):
    trainings, dice = [], []
    for seed in (0, 1):
        trainings.append(points(seed))
        dice.append(Dice())
    doctors = [attach(t, f"both{seed}") for seed, t in enumerate(trainings)]
    for _ in range(45):
        for t, doctor, own in zip(trainings, doctors, dice, strict=True):
            with own:
                plain(t, doctor, 1)
    for seed, doctor in enumerate(doctors):
        doctor.close()
        alone = recorded(t=points(seed), steps=45, name=f"alone{seed}")
        assert_same_series(gan_doctor.read(doctor.directory), alone)


class Both:
    def __init__(self, *doctors: Any) -> None:
        self.doctors = doctors

    def step(self, **values: Any) -> None:
        for doctor in self.doctors:
            doctor.step(**values)


def test_two_monitors_of_one_training_see_the_same(attach, recorded):
    alone, t = recorded(steps=45, name="alone"), points()
    with attach(t, "first") as first, attach(t, "second", attach="forward") as second:
        plain(t, Both(first, second), 45)
    for doctor in (first, second):
        assert_same_series(gan_doctor.read(doctor.directory), alone)


# A monitor and forked processes


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], tuple[Run, str]]:
    """Runs a program with a doctor, and gives the run that it left and what went to stderr."""

    def run(code: str) -> tuple[Run, str]:
        child = subprocess.run(
            [sys.executable, "-c", PRELUDE + code, tmp_path / "run"],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert child.returncode == 0, child.stderr
        return gan_doctor.read(tmp_path / "run"), child.stderr

    return run


PRELUDE = """
import os, sys
import torch
import gan_doctor
from loops.gan_loops import loss_of_d, loss_of_g, plain, points
from loops.outcome import bits, undisturbed_bits

torch.set_num_threads(1)
t = points()
doctor = gan_doctor.Monitor(
    sys.argv[1], t.G, t.D, total_steps=2000, sample_every=20
)
"""


def assert_recorded_once(run: Run, steps: int) -> None:
    assert run.notes == ()
    for name in ("loss/d", "loss/g", "auroc"):
        assert run.get(name).steps.tolist() == [*range(1, steps + 1)]
    checks = [*range(20, steps + 1, 20)]
    assert run.get("sample/recall").steps.tolist() == checks
    assert [batch.step for batch in run.samples if batch.kind == "fake"] == checks


def test_workers_of_a_data_loader_leave_the_log_alone(program):
    run, said = program("""
loader = torch.utils.data.DataLoader(
    t.data, batch_size=32, shuffle=True, num_workers=2, multiprocessing_context="fork"
)
for epoch in range(3):  # each with workers of its own, which end while the training goes on
    for real in loader:
        t.step_d(loss_d := loss_of_d(t.D(real), t.D(t.G(t.z()).detach())))
        t.step_g(loss_g := loss_of_g(t.D(t.G(t.z()))))
        doctor.step(loss_d=loss_d, loss_g=loss_g)
doctor.close()
""")
    assert_recorded_once(run, 3 * 512 // 32)
    assert said == ""


def test_a_fork_that_trains_on_or_closes_the_doctor_leaves_the_log_alone(program):
    run, said = program("""
with doctor:
    plain(t, doctor, 25)
    child = os.fork()
    plain(t, doctor, 40)
    assert torch.equal(bits(t), undisturbed_bits(65))
    if child == 0:
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
""")
    assert_recorded_once(run, 65)
    assert said.count("Warning") == 1
    assert "make a Monitor of its own in the process that trains" in said


# The end


def test_a_process_that_ends_without_close_ends_quietly(program):
    run, said = program("plain(t, doctor, 65)")
    assert said == ""
    assert_recorded_once(run, 60)  # what came after the last flush is lost
