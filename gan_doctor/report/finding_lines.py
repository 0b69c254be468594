"""What every report for a terminal says of findings, and of what was not assessed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from gan_doctor.core import Evidence, Finding, Missing, Remedy, Verdict
from gan_doctor.report.hanging import paragraph
from gan_doctor.report.wording import harmless, listed, number

MOST_REMEDIES = 3  # under one headline

STYLE = {"critical": "bold red", "warning": "bold yellow", "info": "bold cyan", None: "bold green"}


def in_blocks(sections: Iterable[Iterable[RenderableType]]) -> Group:
    """The sections that say something, with an empty line between them."""
    lines: list[RenderableType] = []
    for block in filter(None, map(list, sections)):
        lines += [*([""] if lines else []), *block]
    return Group(*lines)


def title(finding: Finding, consequence: bool = False) -> Text:
    """Severity, name, code and player of a finding.

    Args:
        finding: Which.
        consequence: It stands under its cause, which is named.
    """
    return Text.assemble(
        (finding.severity.upper(), STYLE[finding.severity]),
        "  ",
        (harmless(finding.slug), "bold"),
        f" ({harmless(finding.code)})",
        f" in {harmless(finding.player)}" if finding.player else "",
        f", a consequence of {harmless(finding.cause)}" if consequence else "",
    )


def evidence_lines(
    evidence: Sequence[Evidence], what: Callable[[Evidence], str], indent: str
) -> Iterator[RenderableType]:
    """Each number against its limit, the important one first.

    Args:
        evidence: Of a finding.
        what: Says what a number is of.
        indent: Before each line.
    """
    rows = sorted(evidence, key=lambda row: not row.important)
    numbers = [number(row.value) + _limit(row) for row in rows]
    width = max(map(len, numbers), default=0)
    for row, value in zip(rows, numbers, strict=True):
        style = "bold" if row.important else "dim"
        yield paragraph(harmless(what(row)), f"{indent}{value:<{width}}  ", style, style)


def action(remedy: Remedy) -> str:
    """What to do, and the name under which it is explained."""
    said = "If you do not already: " * remedy.if_not_already + harmless(remedy.action)
    return f"{said} ({harmless(remedy.slug)})"


def silent_lines(
    verdicts: Sequence[Verdict], wanted: Callable[[Missing], str]
) -> Iterator[RenderableType]:
    """What was not assessed, those with the same reason together.

    Args:
        verdicts: Of all detectors.
        wanted: Says what is missing, without a full stop.
    """
    silent = [
        (wanted(missing), f"{harmless(verdict.detector)} ({harmless(verdict.code)})")
        for verdict in verdicts
        if verdict.status == "not assessed"
        for missing in verdict.missing
    ]
    reasons = list(dict.fromkeys(reason for reason, _ in silent))
    silent.sort(key=lambda pair: reasons.index(pair[0]))
    for reason, pairs in groupby(silent, key=lambda pair: pair[0]):
        yield paragraph(listed([name for _, name in pairs]), "  ")
        yield paragraph(f"{reason}.", "    ", "dim")


def pointer(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """Where to read more."""
    if findings:
        slug = harmless(findings[0].slug)
        yield paragraph(f"More on any name above: gan-doctor explain {slug}", style="dim")


def _limit(row: Evidence) -> str:
    if row.limit is None:
        return ""
    return f" (should be {'below' if row.sense == 'above' else 'above'} {number(row.limit)})"
