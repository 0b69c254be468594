from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clinic.conftest import CASE
from clinic.conftest import graded_case as case
from scipy.stats import binomtest

from gan_doctor.clinic.cases import Case, tried
from gan_doctor.clinic.comparators import Compared
from gan_doctor.clinic.errands import GRADINGS, grade_all, log_examination, read_reference, run_all
from gan_doctor.clinic.features import split_digits
from gan_doctor.clinic.grading import Graded, Rate, graded, heard, rates
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.page import save
from gan_doctor.clinic.running import run
from gan_doctor.core import ConfigError, Diagnosis, Finding, Outlook, ReadError, Run, Verdict
from gan_doctor.diagnosis.causes import related


def by_name(cases: list[Graded]) -> dict[str, Rate]:
    return {rate.what: rate for rate in rates(cases)}


@pytest.mark.parametrize(("k", "n"), [(0, 130), (3, 40), (40, 40), (1, 1)])
def test_the_interval_is_clopper_and_pearsons(k: int, n: int) -> None:
    exact = binomtest(k, n).proportion_ci(0.95, "exact")
    assert Rate("", n, k).interval == pytest.approx((exact.low, exact.high))


def test_a_success_with_something_critical_is_a_false_alarm_whenever_it_stood() -> None:
    passing = case("succeeded", critical={300: ("GD301",), 500: ()})
    found = by_name([passing, case("succeeded"), case("succeeded", warnings=("GD303",))])
    assert (
        found["succeeded: critical at any time"].k,
        found["succeeded: critical at any time"].n,
    ) == (1, 3)
    assert found["succeeded: critical at any time"].cases == (CASE.name,)
    assert found["succeeded: critical at the end"].k == 0
    assert found["succeeded: a warning at the end"].k == 1


def test_a_fault_that_was_built_into_a_success_is_no_false_alarm() -> None:
    found = by_name([case("succeeded", {"GD305": 0}, {100: ("GD305",)})])
    assert found["succeeded: critical at any time"].n == 0


def test_a_failure_is_found_by_its_code_or_a_related_one_and_headlined_by_its_own() -> None:
    same = case(onsets={"GD201": 100}, critical={200: ("GD201",)})
    assert related("GD401", "GD201")
    near = case(onsets={"GD201": 100}, critical={200: ("GD401",)})
    assert not related("GD605", "GD201") or related("GD601", "GD201")
    other = case(onsets={"GD502": 100}, critical={200: ("GD105",)})
    silent = case(onsets={"GD201": 100})
    found = by_name([same, near, other, silent])
    assert found["failed: critical at the end, right or related"].k == 2
    assert found["failed: right headline"].k == 1
    assert found["failed: critical at the end"].k == 3


def test_what_came_in_time_came_in_time() -> None:
    quick = case(onsets={"GD201": 50}, critical={100: ("GD201",)})
    slow = case(onsets={"GD201": 50}, critical={200: ("GD201",)})
    late = case(onsets={"GD404": 560}, critical={600: ("GD404",)})
    too_late = case(onsets={"GD404": 560}, critical={700: ("GD404",)})
    found = by_name([quick, slow, late, too_late])
    assert found["failed in the first 10%: critical by 15%"].k == 1
    assert found["failed later: critical within 5% of the budget"].k == 1


def test_what_is_heard_are_the_standing_findings_headlines_first() -> None:
    def finding(code: str, severity: Any, **facts: Any) -> Finding:
        return Finding(code, code, severity, "It is.", onset=1, alarm=1, **facts)

    findings = (
        finding("GD401", "critical", cause="GD201"),
        finding("GD201", "critical"),
        finding("GD301", "critical", cleared=5),
        finding("GD303", "warning"),
        finding("GD302", "warning", cause="GD201"),
    )
    diagnosis = Diagnosis(
        Run("r"), (Verdict("GD201", "x", "fired", findings),), Outlook("stop", "")
    )
    said = heard(diagnosis, 10)
    assert set(said.critical) == {"GD401", "GD201"}
    assert said.critical[0] == "GD201"
    assert (said.headlines, said.warnings, said.action) == (("GD201",), ("GD303",), "stop")


# Files


def test_the_page_the_table_and_the_whole_say_the_same(tmp_path: Path) -> None:
    cases = [
        case("succeeded", critical={300: ("GD301",)}),
        case(onsets={"GD201": 100}, critical={200: ("GD201",)}),
    ]
    row = Compared("never", 0.0, 0.0, 0.0, (1.0, 0.9, 1.0), 0.5, 0.0, (1, 0), 0.25)
    page = save(cases, [row], "examination", tmp_path, {"command": "gan-doctor clinic"})
    text = page.read_text()
    assert "| never | 0.0% | 0.0% | 0.00 | +1.00 [+0.90, +1.00] | 0.500 | 0.0% | 1, 0 | 0.25 |" in (
        text
    )
    assert "1 of 1 | 100.0% [2.5%, 100.0%]" in text
    assert CASE.name in text
    whole = json.loads((tmp_path / "clinic-examination.json").read_text())
    assert [row["outcome"] for row in whole["cases"]] == ["succeeded", "failed"]
    rows = list(csv.DictReader((tmp_path / "clinic-examination.csv").read_text().splitlines()))
    assert json.loads(rows[1]["true"]) == {"GD201": 100}


def test_the_examination_is_graded_five_times_and_no_more(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--changed TEXT"):
        log_examination(tmp_path, "")
    for i in range(GRADINGS):
        log_examination(tmp_path, f"change {i}")
    with pytest.raises(ConfigError, match="graded 5 times"):
        log_examination(tmp_path, "one more")
    lines = (tmp_path / "clinic-examination-log.jsonl").read_text().splitlines()
    assert [json.loads(line)["changed"] for line in lines] == [f"change {i}" for i in range(5)]


# From trainings


@pytest.mark.usefixtures("short")
def test_a_training_is_graded_by_the_run_as_it_was_known_at_each_time(
    tmp_path: Path, digits: str
) -> None:
    halves = split_digits(digits, tmp_path)
    ring = Case("ring", "non-saturating", "mlp", "d-frozen")
    healthy = run(replace(ring, cause="none"), tmp_path, halves)
    reference = replace(Reference.of([healthy]), final=0.01)
    found = graded(run(ring, tmp_path, halves), tmp_path, reference)
    assert found.truth.onsets["GD601"] == 40  # the second look is the first that sees motion
    assert [said.step for said in found.said] == list(range(10, 201, 10))
    assert found.last.headlines[0] == "GD601"
    assert found.found
    assert found.headline_right
    early = found.said[0]
    assert early.critical == () or early.critical[0] == "GD601"


@pytest.mark.usefixtures("short")
def test_grading_asks_for_references(tmp_path: Path, digits: str) -> None:
    ring = Case("ring", "non-saturating", "mlp")
    run_all([ring], tmp_path, digits)
    with pytest.raises(ReadError, match=tried("ring")[0].name):
        grade_all([ring], tmp_path)
    with pytest.raises(ReadError):
        read_reference("ring", tmp_path)
