"""Reports as JUnit XML, which every CI shows as a list of tests."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from rich.console import Console, RenderableType

import gan_doctor
from gan_doctor.core import SEVERITIES, Diagnosis, Finding, Verdict
from gan_doctor.report.finding_lines import action, evidence_lines, title
from gan_doctor.report.hanging import WIDEST, paragraph
from gan_doctor.report.headline import headline
from gan_doctor.report.sentences import wanted
from gan_doctor.report.triage_table import Plain
from gan_doctor.report.wording import at, harmless, number


@dataclass(frozen=True)
class Case:
    """One test of a suite.

    Args:
        name: Of the test.
        group: The class under which a CI lists it.
        outcome: How it went.
        message: Why it failed or was skipped, in one line.
        kind: What kind of failure it is.
        details: Lines below that, of foreign text only what is harmless.
    """

    name: str
    group: str
    outcome: Literal["passed", "failure", "skipped"] = "passed"
    message: str = ""
    kind: str = ""
    details: str = ""


def report_junit(diagnosis: Diagnosis, fail_on: str) -> bytes:
    """A diagnosis as a suite: one test a detector, skipped where it could not assess.

    Args:
        diagnosis: What to tell.
        fail_on: The severity from which on a finding that stands is a failure, or "never".
    """
    run, outlook = diagnosis.run, diagnosis.outlook
    properties = {
        "run": run.name,
        "source": run.source,
        "headline": headline(diagnosis),
        "reached": at(run, run.last_step),
        "budget": "not declared" if run.budget is None else number(run.budget),
        "outlook": f"{outlook.action}: {outlook.reason}",
        "progress": diagnosis.progress.status,
        **{f"best step ({g} G)": number(step) for g, step in diagnosis.best_step.items()},
    }
    cases = [_of_verdict(verdict, run.name, fail_on) for verdict in diagnosis.verdicts]
    return _suite("gan-doctor report", cases, fail_on, properties)


def preflight_junit(
    name: str, findings: Sequence[Finding], not_known: Sequence[str], fail_on: str
) -> bytes:
    """A preflight as a suite: a test for each kind of finding, and for what was not known.

    Args:
        name: Of the run or the configuration.
        findings: Those of `diagnosis.preflight`.
        not_known: What it could not look at.
        fail_on: The severity from which on a finding is a failure, or "never".
    """
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(f"{finding.code} {finding.slug}", []).append(finding)
    cases = [_of_findings(kind, name, found, fail_on) for kind, found in kinds.items()]
    cases += [Case(what, name, "skipped", "not known") for what in not_known]
    # A suite without a test is an error to many a CI.
    cases = cases or [Case("set-up", name)]
    return _suite("gan-doctor preflight", cases, fail_on, {"configuration": name})


def triage_junit(rows: Sequence[Plain], fail_on: str) -> bytes:
    """A sweep as a suite: one test a run, skipped where it cannot be read.

    Args:
        rows: As `triage_json` takes them.
        fail_on: The severity from which on a run fails, or "never".
    """
    cases = [_of_row(row, fail_on) for row in rows]
    return _suite("gan-doctor triage", cases, fail_on, {})


def _of_verdict(verdict: Verdict, group: str, fail_on: str) -> Case:
    name = f"{verdict.code} {verdict.detector}"
    if verdict.status != "not assessed":
        return _of_findings(name, group, verdict.findings, fail_on)
    reasons = "; ".join(map(wanted, verdict.missing))
    return Case(name, group, "skipped", reasons or "not assessed")


def _of_findings(name: str, group: str, findings: Sequence[Finding], fail_on: str) -> Case:
    details = "\n\n".join(_plain(_details(finding)) for finding in findings)
    failed = [f for f in findings if f.standing and _fails(f.severity, fail_on)]
    if not failed:
        return Case(name, group, details=details)
    worst = max(failed, key=lambda f: SEVERITIES.index(f.severity))
    return Case(name, group, "failure", worst.message, worst.severity, details)


def _details(finding: Finding) -> Iterator[RenderableType]:
    """The same words as in a terminal."""
    yield title(finding)
    yield paragraph(harmless(finding.message))
    over = "" if finding.cleared is None else f", over at {number(finding.cleared)}"
    yield paragraph(f"Began at {number(finding.onset)}, noticed at {number(finding.alarm)}{over}.")
    yield from evidence_lines(finding.evidence, lambda row: f"{row.series}: {row.statistic}", "")
    yield from (paragraph(action(remedy), "Do: ") for remedy in finding.remedies)


def _plain(lines: Iterable[RenderableType]) -> str:
    file = io.StringIO()
    console = Console(file=file, width=WIDEST, color_system=None, force_jupyter=False)
    for line in lines:
        console.print(line)
    return file.getvalue().rstrip()


def _of_row(row: Plain, fail_on: str) -> Case:
    name, group, severity = (str(row[field]) for field in ("name", "group", "severity"))
    name = name or str(row["path"])
    told = ("outlook", "state", "path", "reason")
    details = "\n".join(harmless(f"{field}: {row[field]}") for field in told)
    if row["error"]:
        return Case(name, group, "skipped", f"cannot be read: {row['error']}", details=details)
    if not severity or not _fails(severity, fail_on):
        return Case(name, group, details=details)
    onset = row["onset"]
    since = f" since {number(onset)}" if isinstance(onset, int | float) else ""
    return Case(name, group, "failure", f"{row['finding']}{since}", severity, details)


def _fails(severity: str, fail_on: str) -> bool:
    return fail_on != "never" and SEVERITIES.index(severity) >= SEVERITIES.index(fail_on)


def _suite(name: str, cases: Sequence[Case], fail_on: str, properties: Mapping[str, str]) -> bytes:
    """One suite as XML; what XML cannot hold is written as its escape."""
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.outcome == "failure" for case in cases)),
        "errors": "0",
    }
    root = Element("testsuites", {"name": name, **counts})
    skipped = str(sum(case.outcome == "skipped" for case in cases))
    suite = SubElement(root, "testsuite", {"name": name, **counts, "skipped": skipped, "time": "0"})
    listed = SubElement(suite, "properties")
    for key, value in {
        "gan_doctor": gan_doctor.__version__,
        "fail on": fail_on,
        **properties,
    }.items():
        SubElement(listed, "property", name=harmless(key), value=harmless(value))
    for case in cases:
        _add(suite, case)
    indent(root)
    text: bytes = tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"


def _add(suite: Element, case: Case) -> None:
    names = {"name": harmless(case.name), "classname": harmless(case.group), "time": "0"}
    test = SubElement(suite, "testcase", names)
    if case.outcome != "passed":
        told = {"type": case.kind or "not assessed", "message": harmless(case.message)}
        SubElement(test, case.outcome, told).text = case.details
    elif case.details:
        SubElement(test, "system-out").text = case.details
