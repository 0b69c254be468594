"""Several monitors in one process, one monitor over several processes, and the end of a process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from loops.gan_loops import loss_of_d, loss_of_g, plain, points
from loops.outcome import bits, undisturbed_bits
from torch.optim.optimizer import _global_optimizer_pre_hooks
from torch.utils.data import DataLoader

import gan_doctor
from gan_doctor import Run
from gan_doctor.core import MonitorWarning


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

# So Python warns from 3.12 on; what is forked here takes no lock that a thread may hold.
forks = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def assert_recorded_once(run: Run, steps: int) -> None:
    assert run.notes == ()
    for name in ("loss/d", "loss/g", "auroc"):
        assert run.get(name).steps.tolist() == [*range(1, steps + 1)]
    checks = [*range(20, steps + 1, 20)]
    recall = run.get("sample/recall")
    assert ([] if recall is None else recall.steps.tolist()) == checks
    assert [batch.step for batch in run.samples if batch.kind == "fake"] == checks
    assert not [event for event in run.events if event.kind == "note"]


@forks
def test_workers_of_a_data_loader_leave_the_log_alone(attach):
    t = points()
    loader = DataLoader(
        t.data, batch_size=32, shuffle=True, num_workers=2, multiprocessing_context="fork"
    )
    doctor = attach(t)
    for _ in range(3):  # epochs, whose workers end while the training goes on
        for real in loader:
            t.step_d(loss_d := loss_of_d(t.D(real), t.D(t.G(t.z()).detach())))
            t.step_g(loss_g := loss_of_g(t.D(t.G(t.z()))))
            doctor.step(loss_d=loss_d, loss_g=loss_g)
    doctor.close()
    assert_recorded_once(gan_doctor.read(doctor.directory), 3 * len(loader))


@forks
def test_a_fork_that_asks_and_closes_the_doctor_leaves_the_log_alone(attach):
    t = points()
    doctor = attach(t)
    plain(t, doctor, 25)
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            with pytest.warns(MonitorWarning, match="make a Monitor of its own") as said, doctor:
                doctor.diagnose()
            os._exit(0 if len(said) == 1 else 1)
        os._exit(2)
    plain(t, doctor, 40)
    assert os.waitpid(child, 0)[1] == 0
    assert torch.equal(bits(t), undisturbed_bits(65))
    doctor.close()
    assert_recorded_once(gan_doctor.read(doctor.directory), 65)


# The end

FORGETFUL = """
import sys
import torch
import gan_doctor
from loops.gan_loops import plain, points

torch.set_num_threads(1)
t = points()
plain(t, gan_doctor.Monitor(sys.argv[1], t.G, t.D, sample_every=20), 65)
"""


def test_a_process_that_ends_without_close_ends_quietly(tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", FORGETFUL, tmp_path / "run"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stderr == ""
    assert_recorded_once(gan_doctor.read(tmp_path / "run"), 65)


def test_a_doctor_that_is_let_go_of_leaves_its_rows_and_no_hooks(tmp_path):
    t, before = points(), len(_global_optimizer_pre_hooks)
    doctor = gan_doctor.Monitor(tmp_path / "run", t.G, t.D)
    plain(t, doctor, 5)
    del doctor
    assert len(_global_optimizer_pre_hooks) == before
    assert not t.G._forward_hooks
    assert not t.D._forward_hooks
    assert gan_doctor.read(tmp_path / "run").last_step == 5


def test_a_doctor_that_another_replaces_leaves_nothing_in_its_log(tmp_path):
    for steps in (5, 3):  # a cell of a notebook that is run again
        t = points()
        doctor = gan_doctor.Monitor(tmp_path / "run", t.G, t.D, exists="overwrite")
        plain(t, doctor, steps)
    doctor.close()
    assert_recorded_once(gan_doctor.read(tmp_path / "run"), 3)
