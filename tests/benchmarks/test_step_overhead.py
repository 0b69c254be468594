"""The benchmark times what it says it times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.overhead_recorders import RECORDERS, GanDoctor, Histograms, Recorder, Stopwatch
from benchmarks.overhead_rounds import ROUNDS, Arm, measured
from benchmarks.overhead_trainings import SIZES, Training
from benchmarks.step_overhead import Target, summary, targets

import gan_doctor

STEPS = 4


@pytest.fixture
def training() -> Training:
    return Training(SIZES["mlp"], 8, torch.device("cpu"), amp=False, compiled=False)


def train(training: Training, recorder: Recorder) -> None:
    recorder.attach()
    for _ in range(STEPS):
        training.step(recorder.step)
    recorder.detach()


def make(name: str, training: Training, directory: Path) -> Recorder:
    if name == "naive":
        pytest.importorskip("tensorboard")
    return RECORDERS[name](training, directory / "log", Stopwatch())


@pytest.mark.parametrize("name", ["gan_doctor", "naive", "histograms"])
def test_a_recorder_that_is_detached_costs_nothing(name, training, tmp_path):
    recorder = make(name, training, tmp_path)
    train(training, recorder)
    spent = recorder.watch.total
    train(training, Recorder(training, tmp_path, Stopwatch()))
    assert recorder.watch.total == spent > 0
    recorder.close()


def test_gan_doctor_sees_the_steps_it_is_attached_for_and_no_others(training, tmp_path):
    recorder = GanDoctor(training, tmp_path / "log", Stopwatch())
    train(training, recorder)
    train(training, Recorder(training, tmp_path, Stopwatch()))
    train(training, recorder)
    recorder.close()
    run = gan_doctor.read(tmp_path / "log")
    for name in ("loss/d", "gradient/g", "auroc", "steps/d"):
        assert len(run.get(name)) == 2 * STEPS
    assert set(run.get("steps/d").values) == {1}


def test_gan_doctor_has_its_tick_where_it_is_sent(training, tmp_path):
    recorder = GanDoctor(training, tmp_path / "log", Stopwatch())
    recorder.attach()
    for _ in range(2):
        recorder.go_to_tick()
        training.step(recorder.step)
    recorder.close()
    assert len(recorder.ticks) == 2
    assert list(gan_doctor.read(tmp_path / "log").get("weight/d").steps) == [50, 100]


def test_histograms_hold_every_gradient(training, tmp_path):
    recorder = Histograms(training, tmp_path / "log", Stopwatch())
    train(training, recorder)
    recorder.close()
    lines = (tmp_path / "log" / "history.jsonl").read_text().splitlines()
    assert len(lines) == STEPS
    assert lines[-1].count("gradients/") == 12


def test_every_arm_is_measured_in_every_round(training):
    arms = measured(training, ["bare", "gan_doctor", "histograms"], seconds=0)
    assert {len(arm.whole) for arm in arms.values()} == {ROUNDS}
    assert not any(arms["bare"].inside)
    assert min(arms["gan_doctor"].inside) > 0
    assert arms["gan_doctor"].waits == arms["bare"].waits < arms["histograms"].waits


def test_what_a_recorder_adds_is_found_in_the_noise(tmp_path):
    rng = np.random.default_rng(0)
    drift = rng.uniform(1e-3, 2e-3, 200)  # of the machine, the same for all arms of a round

    def arm(added: float) -> Arm:
        whole = drift + added + rng.laplace(0, 2e-4, 200)
        return Arm(Recorder(None, tmp_path, Stopwatch()), [*whole], [added] * 200)

    found = summary({"bare": arm(0), "gan_doctor": arm(1e-4), "naive": arm(8e-4)})
    value, low, high = found["recorders"]["gan_doctor"]["added_us"]
    assert low < 100 < high
    assert value == pytest.approx(100, abs=30)
    assert found["times_ours"]["naive"]["added"][0] == pytest.approx(8, rel=0.3)
    assert found["times_ours"]["naive"]["inside"] == 8


def test_a_tick_counts_with_its_share(tmp_path):
    arms = {
        name: Arm(Recorder(None, tmp_path, Stopwatch()), [1e-3] * 3, [0.0] * 3, tick)
        for name, tick in {"bare": 0.0, "gan_doctor": 2e-5}.items()
    }
    assert summary(arms)["recorders"]["gan_doctor"]["added_us"] == [20, 20, 20]


def test_a_target_within_the_interval_is_open():
    assert Target("", [90, 80, 95], 100).verdict == "met"
    assert Target("", [90, 80, 105], 100).verdict == "open"
    assert Target("", [110, 105, 120], 100).verdict == "missed"
    assert Target("", [6, 5.5, 7], 5, at_most=False).verdict == "met"
    assert Target("", [4, 3, 4.5], 5, at_most=False).verdict == "missed"


def test_no_target_is_met_by_noise(tmp_path):
    whole = {"bare": 2e-3, "gan_doctor": 1e-3, "naive": 2e-3}  # as if the doctor saved time
    arms = {
        name: Arm(Recorder(None, tmp_path, Stopwatch()), [seconds] * 6, [2e-4] * 6)
        for name, seconds in whole.items()
    }
    assert {target.text: target.verdict for target in targets("mlp", summary(arms))} == {
        "microseconds added": "noise",
        "microseconds inside": "missed",
        "naive against ours, added": "noise",
        "naive against ours, inside": "missed",
        "synchronisations a step": "met",
    }
