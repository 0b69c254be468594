from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_doctor.cli import progress as progress_module
from gan_doctor.cli.progress import progress
from gan_doctor.training import PRESETS, TrainConfig

QUICK = ["--steps", "3", "--batch-size", "8", "--set", "width=4"]


def saved(folder: Path) -> dict[str, Any]:
    return asdict(TrainConfig.of(file=folder / "config.toml"))


def test_trains_and_says_how_it_went(command: Any, tmp_path: Path) -> None:
    answer = command("train", *QUICK)
    assert answer.code == 0
    assert "assessed" in answer.out  # the headline
    assert "gan-doctor report runs/healthy" in answer.out
    assert answer.err.count("\n") == 1  # no bar where nobody watches
    assert "Training healthy: step 3 of 3" in answer.err
    assert command("report", tmp_path / "runs" / "healthy").code in (0, 1)


def test_every_option_reaches_the_training(command: Any, tmp_path: Path) -> None:
    answer = command(
        *("train", "--preset", "mode-dropping", "--data", "ring", "--loss", "hinge"),
        *("--trick", "packing", "--trick", "ttur", "--set", "packing.m=3", "--set", "latent=5"),
        *("--steps", "4", "--batch-size", "6", "--seed", "7", "--device", "cpu", "--size", "0"),
        *("--out", "here"),
    )
    assert answer.code == 0, answer.err
    settings = saved(tmp_path / "here")
    asked = {
        "preset": "mode-dropping", "data": "ring", "loss": "hinge", "latent": 5, "steps": 4,
        "batch_size": 6, "seed": 7, "device": "cpu", "size": 0,
    }  # fmt: skip
    assert asked.items() <= settings.items()
    assert set(settings["tricks"]) == {"packing", "ttur"}
    assert settings["tricks"]["packing"]["m"] == 3


def test_a_data_file_is_looked_for(command: Any) -> None:
    answer = command("train", "--data", "mnist", "--data-file", "nowhere.npz", *QUICK)
    assert answer.code == 2
    assert "nowhere.npz" in answer.err


def test_a_run_can_be_repeated_from_its_own_settings(command: Any, tmp_path: Path) -> None:
    command("train", *QUICK, "--preset", "noise-output", "--out", "a")
    command("train", "--config", "a/config.toml", "--set", "seed=3", "--out", "b")
    assert saved(tmp_path / "b") == saved(tmp_path / "a") | {"seed": 3}


def test_without_the_doctor_no_log_is_written(command: Any, tmp_path: Path) -> None:
    answer = command("train", *QUICK, "--no-monitor", "--out", "bare")
    assert answer.code == 0
    assert "without the doctor" in answer.out
    assert sorted(path.name for path in (tmp_path / "bare").iterdir()) == [
        "checkpoint.pt",
        "config.toml",
    ]


def test_samples_are_looked_at_as_often_as_asked(command: Any, tmp_path: Path) -> None:
    command(
        "train",
        *QUICK,
        "--steps",
        "8",
        "--batch-size",
        "64",
        "--sample-every",
        "2",
        "--out",
        "often",
    )
    kept = sorted((tmp_path / "often" / "samples").glob("fake-*.npy"))
    assert len(kept) == 4


def test_an_older_run_is_not_written_over_unasked(command: Any, tmp_path: Path) -> None:
    command("train", *QUICK, "--out", "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").glob("*.*")}
    refused = command("train", *QUICK, "--out", "run", "--seed", "5")
    assert refused.code == 2
    assert "--exists overwrite" in refused.err
    assert {path: path.read_bytes() for path in (tmp_path / "run").glob("*.*")} == before
    assert (
        command("train", *QUICK, "--out", "run", "--seed", "5", "--exists", "overwrite").code == 0
    )
    assert saved(tmp_path / "run")["seed"] == 5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--preset", "helthy"], "Did you mean 'healthy'?"),
        (["--trick", "paking"], "Did you mean 'packing'?"),
        (["--loss", "hing"], "Did you mean 'hinge'?"),
        (["--data", "cifar"], "No data set is called 'cifar'"),
        (["--set", "lr_d"], "Expected NAME=VALUE"),
        (["--set", "lr_d=fast"], "lr_d must be a number, got 'fast'"),
        (["--sample-every", "often"], "--sample-every takes a number of steps"),
        (["--config", "none.toml"], "none.toml"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_bad_settings_are_one_line_and_exit_code_2(
    command: Any, tmp_path: Path, options: list[str], said: str
) -> None:
    answer = command("train", *QUICK, *options)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_lists_the_presets(command: Any) -> None:
    listed = json.loads(command("list", "presets", "--json").out)
    assert {row["slug"] for row in listed} == set(PRESETS)
    assert all(row["summary"] for row in listed)


@pytest.fixture
def threads() -> Iterator[None]:
    """The demo sets the number of threads of its process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_the_demo_shows_a_healthy_and_a_sick_run(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = TrainConfig.of
    short = {"steps": 6, "batch_size": 64, "width": 4}
    monkeypatch.setattr(TrainConfig, "of", lambda preset: of(preset, settings=short))
    monkeypatch.setattr("gan_doctor.cli.demo.SAMPLE_EVERY", 3)
    answer = command("demo", "--out", "show")
    assert answer.code == 0
    assert " healthy " in answer.out
    assert "In short:\n  healthy" in answer.out
    assert "samples.png first" in answer.out
    for run in ("healthy", "mode-collapse"):
        assert (tmp_path / "show" / run / "pictures" / "samples.png").is_file()
        assert f"show/{run}/pictures/losses.png" in answer.out
    assert command("demo", "--out", "show").code == 2
    assert command("demo", "--out", "show", "--exists", "overwrite").code == 0


def test_a_terminal_gets_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("Training", 2) as tell:
        tell(1, {"loss_d": 1.25})
        tell(2, {"loss_d": 0.75})
    said = capsys.readouterr()
    assert "loss_d 0.750" in said.err
    assert "2/2" in said.err
    assert said.out == ""


def test_a_log_file_gets_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = iter([0.0, 10.0, 40.0, 40.0, 45.0])
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: next(seconds))
    with progress("Training", 100) as tell:
        for step in (10, 20, 30):
            tell(step, {"loss_d": 1.0})
    assert capsys.readouterr().err == "Training: step 20 of 100, loss_d 1.000\n"
