from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gan_doctor.core import Objective, OptimizerFacts, Run, Setup, Source
from gan_doctor.triage.configuration import configuration_of, without_seed


@pytest.mark.parametrize(
    ("path", "cut"),
    [
        ("dcgan_s1", "dcgan"),
        ("dcgan-seed-3", "dcgan"),
        ("dcgan seed=3", "dcgan"),
        ("lr=1e-3,seed=12", "lr=1e-3"),
        ("a.Seed7", "a"),
        ("a/s0", "a"),
        ("a/seed_1/version_0", "a/version_0"),
        ("a/loss_s2.csv", "a/loss.csv"),
        ("a/seed3.jsonl", "a"),
        ("./runs/a_s1", "./runs/a"),
        ("/runs/a_s1", "/runs/a"),
        ("../a_s1", "../a"),
        ("s3://bucket/a_s1", "s3://bucket/a"),
        ("seed=3", ""),
    ],
)
def test_the_number_of_the_seed_is_cut(path: str, cut: str) -> None:
    assert without_seed(path) == cut


@pytest.mark.parametrize(
    "path", ["run_1", "version_3", "classes3", "dcgan_s", "lr_s1_big", "biggan-bs256", "reseed2"]
)
def test_other_numbers_stay(path: str) -> None:
    assert without_seed(path) == path


def configured(folder: Path, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text)
    return configuration_of(Run("a"), Source.of(folder))


def test_the_settings_beside_a_log_count_without_their_seed(tmp_path: Path) -> None:
    one = configured(tmp_path / "x", "loss = 1\nseed = 1\n[tricks.ema]\nseed = 4\ndecay = 0.9")
    two = configured(tmp_path / "y", "seed = 2\nloss = 1\n[tricks.ema]\ndecay = 0.9\nseed = 5")
    other = configured(tmp_path / "z", "loss = 1\nseed = 1\n[tricks.ema]\ndecay = 0.99")
    assert one == two != other


def test_settings_that_are_no_toml_are_as_good_as_none(tmp_path: Path) -> None:
    assert configured(tmp_path / "a_s1", "loss = ") == f"name {tmp_path}/a"


ADAM = OptimizerFacts("d", lr=1e-3)
SETUP = Setup(Objective("hinge"), optimizers=(ADAM,), batch_size=64, real_range=(-1, 1))


def test_facts_of_the_setup_count_but_not_what_was_measured(tmp_path: Path) -> None:
    def of(setup: Setup) -> str:
        return configuration_of(Run("a", setup=setup), Source.of(tmp_path))

    assert of(SETUP) == of(replace(SETUP, real_range=(-0.99, 1), d_steps=1.01))
    assert of(SETUP) != of(replace(SETUP, optimizers=(replace(ADAM, lr=2e-3),)))
    assert of(SETUP) != of(replace(SETUP, objective=Objective("minimax")))
    assert of(replace(SETUP, objective_inferred=True)) == of(
        replace(SETUP, objective=Objective(), objective_inferred=True)
    )


def test_without_facts_the_path_counts(make_run: Any) -> None:
    one, two, other = (configuration_of(None, str(make_run(n))) for n in ("a_s1", "a_s2", "b_s1"))
    assert one == two != other
