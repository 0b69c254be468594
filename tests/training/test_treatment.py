from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gan_doctor.cli.app import app
from gan_doctor.core import Diagnosis, Finding, Outlook, Remedy, Run, RunExistsError, Verdict
from gan_doctor.diagnosis import diagnose
from gan_doctor.training import TrainConfig, train, treat, treated, treatment
from gan_doctor.tricks import known


def remedy(slug: str, **values: Any) -> Remedy:
    return Remedy(slug, slug, "Do it.", values)


def config(preset: str = "healthy", **settings: Any) -> TrainConfig:
    return TrainConfig.of(preset, settings={"data": "digits", "steps": 60, "width": 8} | settings)


# Carrying a remedy out


@pytest.mark.parametrize(
    ("before", "prescribed", "changed"),
    [
        (
            config(lr_g=7e-4),
            remedy("learning-rate", lr_d=1e-4),
            {"tricks": {"learning-rate": {"lr_g": 7e-4, "lr_d": 1e-4}}},
        ),
        (config(), remedy("packing", m=3), {"tricks": {"packing": {"m": 3}}}),
        (config(fault="labels-swapped"), remedy("labels-swapped"), {"fault": ""}),
        (config(fault="frozen-discriminator"), remedy("player-not-updated"), {"fault": ""}),
        (config(data_range="unit"), remedy("value-range-mismatch"), {"data_range": "tanh"}),
        (config(shuffle=False), remedy("shuffled-stream"), {"shuffle": True}),
        (config(width=16), remedy("capacity", d_width_factor=0.5), {"d_width": 8}),
    ],
)
def test_a_remedy_changes_what_it_says(
    before: TrainConfig, prescribed: Remedy, changed: dict[str, Any]
) -> None:
    after = treated(before, prescribed)
    assert after is not None
    for name in vars(before):
        assert getattr(after, name) == changed.get(name, getattr(before, name)), name


@pytest.mark.parametrize(
    ("before", "prescribed"),
    [
        (config(), remedy("labels-swapped")),  # nothing of the kind is wrong
        (config(fault="labels-swapped"), remedy("double-sigmoid")),
        (config(), remedy("quality-regression", step=3)),  # a step to go back to
        (config(), remedy("pixel-loss")),  # which needs pairs
        (config(tricks={"packing": {"m": 2}}), remedy("packing", m=2)),
    ],
)
def test_what_cannot_be_carried_out_is_none(before: TrainConfig, prescribed: Remedy) -> None:
    assert treated(before, prescribed) is None


def test_of_two_cards_that_set_the_same_the_later_counts() -> None:
    first = treated(config(), remedy("learning-rate", lr_g=1e-4, lr_d=1e-4))
    assert first is not None
    second = treated(first, remedy("ttur", lr_g=1e-4, lr_d=4e-4))
    assert second is not None
    assert second.tricks == {"ttur": {"lr_g": 1e-4, "lr_d": 4e-4}}


def test_an_added_loss_is_made_lighter() -> None:
    heavy = TrainConfig.of("auxiliary-loss-dominates", settings={"data": "pairs", "steps": 60})
    after = treated(heavy, remedy("auxiliary-loss-dominates", divide_by=100.0))
    assert after is not None
    assert after.tricks["pixel-loss"]["weight"] == 100


@pytest.mark.parametrize("slug", sorted(known()))
def test_no_card_breaks_a_treatment(slug: str) -> None:
    """It is carried out, or it is none: a conflict ends no loop."""
    after = treated(config(), remedy(slug, **known()[slug].settings))
    assert after is None or slug in after.tricks


# The loop


def test_a_training_ends_where_it_is_told_to(tmp_path: Path) -> None:
    asked: list[int] = []

    def until(step: int, doctor: Any) -> bool:
        asked.append(step)
        return step == 7

    train(config(), tmp_path / "run", until=until)
    assert asked == list(range(1, 8))
    assert diagnose(tmp_path / "run").run.last_step == 7


def test_a_fault_of_the_wiring_is_mended(tmp_path: Path) -> None:
    sick = config(data="ring", size=0, network="mlp", fault="labels-swapped", steps=200)
    first, second = treat(sick, tmp_path, sample_every=200)
    assert (first.remedy, first.found, first.steps) == ("", "GD603", 200)
    assert (second.remedy, second.found, second.steps) == ("labels-swapped", "", 200)
    record = json.loads((tmp_path / treatment.RECORD).read_text())
    assert [entry["directory"] for entry in record] == ["0-untreated", "1-labels-swapped"]
    assert record[0]["message"] == first.message
    assert (tmp_path / "1-labels-swapped" / "scalars.jsonl").exists()


def test_a_healthy_training_is_left_alone(tmp_path: Path) -> None:
    (only,) = treat(config(), tmp_path, sample_every=30)
    assert (only.remedy, only.found, only.steps) == ("", "", 60)


def critical(*remedies: Remedy, code: str = "GD301") -> Any:
    finding = Finding(code, "x", "critical", "It is bad.", onset=1, alarm=1, remedies=remedies)

    def diagnosis(run: Any, *args: Any) -> Diagnosis:
        read = run if isinstance(run, Run) else diagnose(run).run
        return Diagnosis(read, (Verdict(code, "x", "fired", (finding,)),), Outlook("stop", ""))

    return diagnosis


def test_the_next_remedy_is_tried_where_the_first_does_not_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedies = remedy("learning-rate", lr_d=1e-4), remedy("labels-swapped"), remedy("packing", m=2)
    monkeypatch.setattr(treatment, "diagnose", critical(*remedies))
    attempts = treat(config(steps=20), tmp_path, sample_every=10)
    # What cannot be carried out is passed over, and each begins from the first configuration.
    assert [attempt.remedy for attempt in attempts] == ["", "learning-rate", "packing"]
    assert {attempt.found for attempt in attempts} == {"GD301"}
    last = TrainConfig.of(file=tmp_path / "2-packing" / "config.toml")
    assert last.tricks == {"packing": {"m": 2}}


def test_no_more_than_so_many_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remedies = [remedy("packing", m=m) for m in (2,)] + [remedy("minibatch-stddev")]
    monkeypatch.setattr(treatment, "diagnose", critical(*remedies))
    assert len(treat(config(steps=10), tmp_path, tries=1, sample_every=10)) == 2


@pytest.mark.parametrize(("code", "steps"), [("GD301", 20), ("GD603", 10)])
def test_what_may_pass_is_given_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, steps: int
) -> None:
    """A tenth of the budget, where no fact says that it is over."""
    made = critical(code=code)
    monkeypatch.setattr("gan_doctor.monitor.live.diagnose", made)
    monkeypatch.setattr(treatment, "diagnose", made)
    (only,) = treat(config(steps=100), tmp_path, sample_every=10)
    assert only.steps == steps


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(RunExistsError, match="not empty"):
        treat(config(), tmp_path)


def test_the_command_treats_and_says_what_it_did(tmp_path: Path) -> None:
    asked = ["train", "--treat", "--out", str(tmp_path / "t"), "--steps", "200", "--data", "ring"]
    asked += ["--set", "fault=frozen-generator", "--set", "width=8", "--sample-every", "200"]
    said = CliRunner().invoke(app, asked)
    assert said.exit_code == 0
    assert "0-untreated: as it was set up" in said.stdout
    assert "1-player-not-updated:" in said.stdout
    assert "came to its end at step 200" in said.stdout
