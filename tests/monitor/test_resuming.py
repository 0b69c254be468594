"""A run that was interrupted goes on in a new segment of the same log."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from loops.gan_loops import Training, plain, points

import gan_doctor
from gan_doctor import Run
from gan_doctor.core import MonitorWarning


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def t() -> Training:
    return points()


def steps(run: Run, name: str = "loss/d") -> list[float]:
    series = run.get(name)
    return [] if series is None else series.steps.tolist()


def test_a_resumed_run_goes_on_where_the_log_ends(t, attach, folder):
    for _ in range(3):
        with attach(t, exists="resume") as doctor:
            plain(t, doctor, 25)
    run = gan_doctor.read(folder)
    assert run.last_step == 75
    assert [segment.first_step for segment in run.segments] == [0, 25, 50]
    assert steps(run) == [*range(1, 76)]
    assert [steps(part)[0] for part in run.parts] == [1, 26, 51]
    assert [event.step for event in run.events if event.kind == "resume"] == [25, 50]
    assert run.segments[0].started < run.segments[2].started


def test_the_clock_goes_back_to_the_checkpoint(t, attach, folder):
    with attach(t) as doctor:
        plain(t, doctor, 30)
        kept = doctor.state_dict()
        plain(t, doctor, 15)
    assert kept == {"step": 30}
    with attach(t, exists="resume") as doctor:
        doctor.load_state_dict(kept)
        plain(t, doctor, 30)
        live = doctor.diagnose().run
    run = gan_doctor.read(folder)
    assert [segment.first_step for segment in run.segments] == [0, 30]
    assert [len(part.get("loss/d")) for part in run.parts] == [45, 30]
    assert steps(run.current) == [*range(1, 61)]
    np.testing.assert_array_equal(live.ticks, run.parts[1].ticks)


def test_a_roll_back_within_the_process_is_a_segment_too(t, attach, folder):
    with attach(t) as doctor:
        plain(t, doctor, 60)
        doctor.load_state_dict({"step": 20})
        plain(t, doctor, 60)
        assert doctor.state_dict() == {"step": 80}
    run = gan_doctor.read(folder)
    assert run.setup.d_steps == 1
    assert [segment.first_step for segment in run.segments] == [0, 20]
    assert [part.last_step for part in run.parts] == [60, 80]
    assert run.notes == ()


def test_a_checkpoint_in_a_new_directory_sets_the_clock(t, attach, folder):
    with attach(t) as doctor:
        doctor.load_state_dict({"step": 500})
        plain(t, doctor, 120)
        live = doctor.diagnose().run
    run = gan_doctor.read(folder)
    assert [segment.first_step for segment in run.segments] == [500]
    assert steps(run)[0] == 501
    assert live.ticks.tolist() == run.ticks.tolist() == [550, 600]


def test_a_run_that_died_before_its_first_flush_can_be_resumed(t, attach, folder):
    doctor = attach(t)
    plain(t, doctor, 5)  # and the process is killed: nothing was flushed
    with attach(t, exists="resume") as second:
        plain(t, second, 5)
    run = gan_doctor.read(folder)
    assert [segment.first_step for segment in run.segments] == [0, 0]
    assert steps(run) == [1, 2, 3, 4, 5]


def test_a_segment_without_values_does_not_set_the_clock_back(t, attach, folder):
    with attach(t) as doctor:
        plain(t, doctor, 30)
    attach(t, exists="resume")  # killed at once
    with attach(t, exists="resume") as doctor:
        plain(t, doctor, 10)
    run = gan_doctor.read(folder)
    assert [segment.first_step for segment in run.segments] == [0, 30, 30]
    assert run.last_step == 40


def test_what_was_torn_within_a_line_is_left_out_and_the_rest_goes_on(t, attach, folder):
    with attach(t) as doctor:
        plain(t, doctor, 30)
    with (folder / "scalars.jsonl").open("ab") as file:
        file.write(b'{"step":[31,32],"loss/d":[1.0,')
    with attach(t, exists="resume") as doctor:
        plain(t, doctor, 10)
    run = gan_doctor.read(folder)
    assert steps(run) == [*range(1, 41)]
    assert run.notes == ("scalars.jsonl: 1 broken lines left out",)


def test_samples_belong_to_the_segment_that_kept_them(t, attach, folder):
    with attach(t) as doctor:
        plain(t, doctor, 45)
    with attach(t, exists="resume") as doctor:
        doctor.load_state_dict({"step": 20})
        plain(t, doctor, 25)
    parts = gan_doctor.read(folder).parts
    kept = [[(s.step, s.kind) for s in part.samples] for part in parts]
    # Of reals only the latest are kept.
    assert kept == [[(20, "fake"), (40, "fake")], [(40, "fake"), (40, "real")]]
    assert all(s.load().shape[1:] == (2,) for part in parts for s in part.samples)


def test_each_segment_says_itself_in_which_mode_it_trains(t, attach, folder):
    t.G.eval()
    with attach(t) as doctor:
        plain(t, doctor, 30)
        doctor.load_state_dict({"step": 20})
        plain(t, doctor, 10)
    parts = gan_doctor.read(folder).parts
    modes = [[e.detail["training"] for e in part.events if e.kind == "mode"] for part in parts]
    assert modes == [[False], [False]]


def test_old_facts_are_overruled_by_new_ones(t, attach, folder):
    with attach(t, total_steps=1000) as doctor:
        plain(t, doctor, 30)
    t = points(lr=5e-4)
    with attach(t, exists="resume", total_steps=2000) as doctor:
        plain(t, doctor, 30)
    setup = gan_doctor.read(folder).setup
    assert setup.total_steps == 2000
    assert setup.optimizer("d").lr == 5e-4
    assert len(setup.optimizers) == 2


def test_the_schedule_goes_on_from_there(t, attach):
    with attach(t) as doctor:
        plain(t, doctor, 30)
    with attach(t, exists="resume") as doctor:
        plain(t, doctor, 40)
    recall = doctor.diagnose().run.get("sample/recall")
    assert recall.steps.tolist() == [50, 60]


def test_a_checkpoint_of_another_kind_is_one_warning(t, attach):
    doctor = attach(t)
    with pytest.warns(MonitorWarning, match=r"load_state_dict\(\) failed: KeyError"):
        doctor.load_state_dict({"epoch": 3})
    plain(t, doctor, 3)
    assert doctor.state_dict() == {"step": 3}
