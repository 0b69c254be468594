"""What a preflight found, as text for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType

import gan_doctor
from gan_doctor.core import Finding, Run, Setup
from gan_doctor.report.finding_lines import STYLE, title
from gan_doctor.report.hanging import paragraph
from gan_doctor.report.json_report import encoded
from gan_doctor.report.setup_facts import setup_facts
from gan_doctor.report.wording import count, harmless, listed


def preflight_report(
    name: str, setup: Setup, findings: Sequence[Finding], not_known: Sequence[str]
) -> Group:
    """The findings, what was not known, and the facts they rest on.

    Args:
        name: Of the run or the configuration.
        setup: What was looked at.
        findings: Those of `diagnosis.preflight`.
        not_known: What it could not look at.
    """
    worst = findings[0].severity if findings else None
    lines: list[RenderableType] = [
        paragraph(_headline(findings), style=STYLE[worst]),
        paragraph(f"{harmless(name)}, before its first step", style="dim"),
    ]
    for finding in findings:
        lines += ["", *_finding(finding)]
    if not_known:
        lines += ["", paragraph(f"Not known: {listed(not_known)}.", style="dim")]
    lines += ["", paragraph("Setup", style="bold")]
    for about, facts in setup_facts(Run(name, setup=setup)).items():
        lines.append(paragraph(facts, f"  {about:<8}  ", "dim", "dim"))
    return Group(*lines)


def preflight_json(
    name: str, setup: Setup, findings: Sequence[Finding], not_known: Sequence[str]
) -> bytes:
    """The same as one JSON object with a version; see `json_report` for how it may change."""
    content = {
        "format": "gan-doctor preflight",
        "version": 1,
        "written_by": gan_doctor.__version__,
        "name": name,
        "headline": _headline(findings),
        "worst": findings[0].severity if findings else None,
        "findings": findings,
        "not_known": not_known,
        "setup": setup,
    }
    return encoded(content)


def _headline(findings: Sequence[Finding]) -> str:
    problems = [f for f in findings if f.severity != "info"]
    if problems:
        return f"{count(len(problems), 'problem')} before the first step"
    return "Nothing known speaks against this set-up"


def _finding(finding: Finding) -> Iterator[RenderableType]:
    yield paragraph(title(finding))
    yield paragraph(harmless(finding.message), "  ")
    for remedy in finding.remedies:
        yield paragraph(harmless(remedy.action), "  Do: ")
