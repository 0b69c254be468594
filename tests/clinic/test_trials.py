from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clinic.conftest import CASE

from gan_doctor.clinic import errands, trials
from gan_doctor.clinic.cases import Case
from gan_doctor.clinic.features import split_digits
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.running import run
from gan_doctor.clinic.treatment_page import arms, by_remedy, harmed, save
from gan_doctor.clinic.trials import ARMS, PRESCRIBED, TRIES, Treated, Trial, treat
from gan_doctor.core import Diagnosis, Finding, Outlook, Remedy, Run, Setup, Verdict

RING = Case("ring", "non-saturating", "mlp", "d-frozen")


def trial(arm: str, cured: bool, what: str = "ttur", quality: float = 0.3) -> Trial:
    return Trial(arm, what, {}, "succeeded" if cured else "failed", 1.0 if cured else quality)


def one(*tries: Trial, quality: float = 0.3, wiring: bool = False) -> Treated:
    return Treated(CASE, wiring, quality, "GD201", tries)


def diagnosed(*remedies: Remedy) -> Diagnosis:
    finding = Finding("GD201", "discriminator-overpowering", "critical", "It is.", 1, 1,
                      remedies=remedies)  # fmt: skip
    return Diagnosis(
        Run("r", setup=Setup(batch_size=64)),
        (Verdict("GD201", "discriminator-overpowering", "fired", (finding,)),),
        Outlook("stop", ""),
    )


def planned(arm: str, diagnosis: Diagnosis, case: Case = CASE) -> list[Any]:
    plans = ARMS[arm](case.config(), diagnosis, case)
    return [plan for _, plan in zip(range(TRIES), plans, strict=False)]


def test_what_is_prescribed_is_what_the_diagnosis_prescribes() -> None:
    diagnosis = diagnosed(
        Remedy("ttur", "", "", {"lr_d": 1e-3, "lr_g": 1e-3}), Remedy("no-such-trick", "", "")
    )
    ((what, values, config),) = planned(PRESCRIBED, diagnosis)
    assert (what, values["lr_d"]) == ("ttur", 1e-3)
    assert config.tricks["ttur"]["lr_d"] == 1e-3
    assert planned(PRESCRIBED, diagnosed()) == []


def test_controls_know_nothing_of_the_diagnosis() -> None:
    diagnosis = diagnosed(Remedy("ttur", "", "", {"lr_d": 1e-3, "lr_g": 1e-3}))
    assert [config for *_, config in planned("other seeds", diagnosis)] == [CASE.config()] * TRIES
    random = planned("tricks at random", diagnosis)
    assert len({what for what, *_ in random}) == TRIES
    assert all(what in config.tricks for what, _, config in random)
    other = planned("tricks at random", diagnosis, replace(CASE, cause="lr-d-x5"))
    assert [what for what, *_ in random] != [what for what, *_ in other]
    *_, preset = planned("the preset", diagnosis)[0]
    assert (preset.lr_d, preset.steps, preset.network) == (1e-3, 4000, "dcgan")


@pytest.mark.usefixtures("short")
def test_an_arm_ends_with_its_first_success_and_goes_on_where_it_was_killed(
    tmp_path: Path, digits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = split_digits(digits, tmp_path)
    course = run(RING, tmp_path, halves)
    reference = replace(Reference.of([course]), final=0.01, coverage=1.0)
    seeds: list[int] = []
    whole = trials._trained

    def counted(config: Any, *rest: Any) -> Any:
        seeds.append(config.seed)
        if len(seeds) == 3:
            raise KeyboardInterrupt
        return whole(config, *rest)

    monkeypatch.setattr(trials, "_trained", counted)
    monkeypatch.setattr(trials, "ARMS", {name: ARMS[name] for name in (PRESCRIBED, "other seeds")})
    with pytest.raises(KeyboardInterrupt):
        treat(course, tmp_path, reference, halves)
    found = treat(course, tmp_path, reference, halves)
    assert found.wiring
    assert found.headline == "GD601"
    assert found.of(PRESCRIBED)[0].what == "player-not-updated"
    n = len(found.of(PRESCRIBED))
    first = trials._FIRST_SEED
    planned_seeds = [first + i for i in range(n)] + [first + i for i in range(TRIES)]
    assert seeds == planned_seeds[:3] + planned_seeds[2:]
    assert len(found.of("other seeds")) == TRIES
    # All is done: nothing is trained again, and a success would have ended it.
    again = treat(course, tmp_path, replace(reference, final=50.0, coverage=0.0), halves)
    assert len(seeds) == len(planned_seeds) + 1
    assert len(again.trials) == len(found.trials)


@pytest.mark.usefixtures("short")
def test_failures_are_chosen_by_kind(
    tmp_path: Path, digits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = replace(RING, cause="none")
    course = run(RING, tmp_path, split_digits(digits, tmp_path))
    run(healthy, tmp_path, split_digits(digits, tmp_path))
    reference = replace(Reference.of([course]), final=0.01)
    monkeypatch.setattr(errands, "read_reference", lambda *_: reference)
    kinds = {RING.name: "wiring", healthy.name: "dynamics"}
    monkeypatch.setattr(errands, "_failed_by", lambda course, *_: kinds[course.case.name])
    monkeypatch.setattr(errands, "_treated", lambda course, *_, **__: one().__class__(
        course.case, False, 0.0, "", ()))  # fmt: skip
    told: list[str] = []
    cases = [RING, healthy, replace(RING, cause="none")]
    found = errands.treat_all(cases, tmp_path, digits, 1, told=lambda name, *_: told.append(name))
    assert [t.case for t in found] == [healthy, RING]
    assert told == [healthy.name, RING.name]


# The page


def test_arms_count_first_tries_any_try_and_what_only_one_of_two_cures() -> None:
    cases = [
        one(trial(PRESCRIBED, True), trial("other seeds", False)),
        one(trial(PRESCRIBED, False), trial(PRESCRIBED, True), trial("other seeds", True)),
        one(trial(PRESCRIBED, False), trial("other seeds", True)),
        one(trial("other seeds", False)),
    ]
    rows = {arm.arm: arm for arm in arms(cases)}
    ours, seeds = rows[PRESCRIBED], rows["other seeds"]
    assert (ours.first.k, ours.any.k, ours.first.n) == (1, 2, 4)
    assert (seeds.first.k, seeds.any.k) == (2, 2)
    assert seeds.only == (1, 1)
    assert ours.only == (0, 0)


def test_remedies_are_counted_and_harm_is_named() -> None:
    cases = [
        one(trial(PRESCRIBED, False, "ttur", 0.1), trial(PRESCRIBED, True, "packing")),
        one(trial(PRESCRIBED, False, "ttur", 0.25)),
        one(trial(PRESCRIBED, False, "ttur", math.nan), trial("other seeds", False, "", -1.0)),
    ]
    assert [(what, rate.k, rate.n) for what, rate in by_remedy(cases)] == [
        ("ttur", 0, 3), ("packing", 1, 1)
    ]  # fmt: skip
    harm = harmed(cases)
    assert (harm.k, harm.n) == (2, 4)
    assert harm.cases[0] == f"{CASE.name} (ttur)"


def test_the_page_has_a_table_a_kind_and_names_what_is_left(tmp_path: Path) -> None:
    cases = [
        one(trial(PRESCRIBED, True)),
        one(trial(PRESCRIBED, False, quality=math.nan), wiring=True),
    ]
    text = save(cases, "design", tmp_path, {"command": "gan-doctor clinic treat"}).read_text()
    assert "## Dynamics" in text
    assert f"| {PRESCRIBED} | 1 of 1 | 100.0% [2.5%, 100.0%] | 1 of 1 |" in text
    assert f"{CASE.name} (GD201)" in text
    whole = json.loads((tmp_path / "clinic-treatment-design.json").read_text())
    assert whole["cases"][1]["trials"][0]["quality"] is None
