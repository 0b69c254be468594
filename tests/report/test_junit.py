from __future__ import annotations

import io
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from junitparser import Failure, JUnitXml, Skipped, TestCase

from gan_doctor.cli.report import exit_code
from gan_doctor.core import Config, Diagnosis, Finding, Missing, Outlook, Verdict
from gan_doctor.report.junit import preflight_junit, report_junit, triage_junit
from gan_doctor.triage.examine import Examined
from gan_doctor.triage.places import Found
from gan_doctor.triage.rows import Row

EVIL = "\x00\x1b[2J\ud800\ufffe\n]]> <failure/> & \" '" + "x" * 10**5

# The shape that CIs agree on: what a tag may hold, and the attributes that it must have.
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "skipped", "system-out"},
    "property": set(),
    "failure": set(),
    "skipped": set(),
    "system-out": set(),
}
ATTRIBUTES = {
    "testsuites": {"tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "property": {"name", "value"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
}


def cases(xml: bytes) -> dict[str, TestCase]:
    """The tests by name as another library reads them, after a look at the shape of the XML."""
    root = ElementTree.fromstring(xml)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert {child.tag for child in element} <= INSIDE[element.tag]
        assert ATTRIBUTES.get(element.tag, set()) <= set(element.attrib)
    (suite,) = JUnitXml.fromroot(root)
    found = list(suite)
    assert suite.tests == len(found)
    assert suite.failures == sum(any(isinstance(r, Failure) for r in case.result) for case in found)
    assert suite.skipped == sum(any(isinstance(r, Skipped) for r in case.result) for case in found)
    assert all(len(case.result) <= 1 for case in found)
    named = {case.name: case for case in found}
    assert len(named) == len(found)
    return named


def outcomes(xml: bytes) -> dict[str, type | None]:
    """How each test went; None passed."""
    return {name: type(c.result[0]) if c.result else None for name, c in cases(xml).items()}


def test_a_test_for_each_detector(sick: Diagnosis) -> None:
    assert outcomes(report_junit(sick, "warning")) == {
        "GD101 non-finite": None,
        "GD201 discriminator-overpowering": Failure,
        "GD203 stalled-at-chance": None,
        "GD301 mode-collapse": Skipped,
        "GD302 mode-dropping": Skipped,
        "GD401 noise-output": Failure,
    }


def test_a_failure_says_what_since_when_on_what_evidence_and_what_to_do(sick: Diagnosis) -> None:
    case = cases(report_junit(sick, "warning"))["GD201 discriminator-overpowering"]
    (failure,) = case.result
    assert failure.type == "critical"
    assert failure.message == sick.findings[0].message
    lines = failure.text.splitlines()
    assert "Began at 420, noticed at 640." in lines
    assert "0.9999 (should be below 0.99)  auroc: mean over the window" in lines
    assert "Do: Lower lr_d from 0.002 to 0.0002 and raise lr_g from 1e-5 to 0.0002." in failure.text
    assert [line for line in lines if line != line.rstrip()] == []


def test_what_was_not_assessed_is_skipped_with_its_reason(sick: Diagnosis) -> None:
    (skipped,) = cases(report_junit(sick, "warning"))["GD301 mode-collapse"].result
    assert skipped.message == "samples kept by class (no series): pass labels= to observe()"


def test_it_is_skipped_even_where_nobody_said_why(sick: Diagnosis) -> None:
    verdict = Verdict("GD301", "mode-collapse", "not assessed")
    silent = replace(sick, verdicts=(verdict,))
    assert outcomes(report_junit(silent, "info")) == {"GD301 mode-collapse": Skipped}


def test_what_has_cleared_is_told_and_fails_nothing(sick: Diagnosis) -> None:
    case = cases(report_junit(sick, "info"))["GD203 stalled-at-chance"]
    assert not case.result
    assert "Began at 50, noticed at 100, over at 130." in case.system_out


@pytest.mark.parametrize("fail_on", ["info", "warning", "critical", "never"])
@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_it_fails_just_where_the_command_exits_with_1(
    sick: Diagnosis, severity: Any, fail_on: str
) -> None:
    finding = replace(sick.findings[0], severity=severity)
    one = replace(sick, verdicts=(Verdict("GD201", finding.slug, "fired", (finding,)),))
    failed = Failure in outcomes(report_junit(one, fail_on)).values()
    assert failed == bool(exit_code(one.worst, Config(fail_on=fail_on).fail_on))


def test_of_two_players_both_are_told_in_one_test_and_the_worse_first(sick: Diagnosis) -> None:
    mild = replace(sick.findings[0], player="A", severity="warning", message="Mild.")
    grave = replace(sick.findings[0], player="B", message="Grave.")
    verdict = Verdict("GD201", mild.slug, "fired", (mild, grave))
    (case,) = cases(report_junit(replace(sick, verdicts=(verdict,)), "warning")).values()
    (failure,) = case.result
    assert (failure.type, failure.message) == ("critical", "Grave.")
    assert "in A" in failure.text
    assert "in B" in failure.text


def test_the_properties_are_those_of_the_run(sick: Diagnosis) -> None:
    (suite,) = JUnitXml.fromstring(report_junit(sick, "critical"))
    told = {one.name: one.value for one in suite.properties()}
    assert told["run"] == "runs/sick"
    assert told["fail on"] == "critical"
    assert told["reached"] == "step 1,200"
    assert told["outlook"].startswith("change: D has won")
    assert told["best step (raw G)"] == "400"


def test_a_hostile_log_makes_no_tag_and_no_control_character(sick: Diagnosis) -> None:
    finding = replace(sick.findings[0], code=EVIL, slug=EVIL, message=EVIL, player=EVIL)
    verdicts = (
        Verdict(EVIL, EVIL, "fired", (finding,)),
        Verdict(EVIL, "b", "not assessed", missing=(Missing("too short", EVIL, EVIL),)),
    )
    run = replace(sick.run, name=EVIL, source=EVIL)
    diagnosis = Diagnosis(run, verdicts, Outlook("stop", EVIL), best_step={EVIL: 1.0})
    xml = report_junit(diagnosis, "warning")
    root = ElementTree.parse(io.BytesIO(xml)).getroot()
    assert len(root.findall(".//failure")) == 1
    text = xml.decode()
    assert not [c for c in text if not c.isprintable() and c != "\n"]
    assert "]]>" not in text
    assert r"\x00\x1b[2J\ud800" in text
    assert len(text) < 20_000


def test_a_preflight_has_a_test_for_each_kind_and_each_gap(sick: Diagnosis) -> None:
    def pair(severity: Any, message: str) -> Finding:
        return Finding("GD606", "incompatible-pair", severity, message, onset=0, alarm=0)

    findings = (pair("critical", "One."), pair("info", "Two."))
    xml = preflight_junit("runs/x", findings, ["the loss family"], "warning")
    assert outcomes(xml) == {"GD606 incompatible-pair": Failure, "the loss family": Skipped}
    assert "Two." in cases(xml)["GD606 incompatible-pair"].result[0].text


def test_a_preflight_that_finds_nothing_is_one_test_that_passes() -> None:
    assert outcomes(preflight_junit("runs/x", (), (), "info")) == {"set-up": None}


def test_triage_has_a_test_for_each_run() -> None:
    def row(name: str, examined: Examined) -> dict[str, Any]:
        return Row(Found(f"runs/{name}", name, "run-log"), examined, "stopped", "group").plain()

    sick = Examined("c", "stop", "D has won.", "critical", "mode-collapse", 420.0, 1200.0)
    rows = [
        row("sick", sick),
        row("mild", replace(sick, severity="warning", outlook="watch")),
        row("well", Examined("c", "continue", "Nothing speaks against it.")),
        row(EVIL[:50], Examined("c", error="a torn line")),
    ]
    xml = triage_junit(rows, "critical")
    found = outcomes(xml)
    assert [found[name] for name in ("sick", "mild", "well")] == [Failure, None, None]
    assert list(found.values())[3] is Skipped
    (failure,) = cases(xml)["sick"].result
    assert failure.message == "mode-collapse since 420"
    assert "reason: D has won." in failure.text
