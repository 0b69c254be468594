"""The report for a terminal: what a tired person must know first, and then the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from functools import partial

from rich.console import Group, RenderableType
from rich.text import Text

from gan_doctor.core import Diagnosis, Evidence, Finding, Remedy, Run
from gan_doctor.diagnosis import wanted_by
from gan_doctor.report.finding_lines import (
    MOST_REMEDIES,
    STYLE,
    action,
    evidence_lines,
    in_blocks,
    pointer,
    silent_lines,
    title,
)
from gan_doctor.report.hanging import paragraph
from gan_doctor.report.headline import headline
from gan_doctor.report.sentences import cost, gain, since, wanted
from gan_doctor.report.setup_facts import setup_facts
from gan_doctor.report.sparkline import sparkline
from gan_doctor.report.wording import at, between, count, harmless, listed, number, setting

MOST_NOTES = 5


def terminal_report(diagnosis: Diagnosis) -> Group:
    """The report as a rich renderable: print it to a `rich.console.Console` of any width.

    Nothing that comes out of a log is read as markup or reaches the terminal as a control
    character, and no meaning rests on colour alone.
    """
    sections = (_opening, _findings, _cleared, _outlook, _not_assessed, _setup, _notes, _pointer)
    return in_blocks(section(diagnosis) for section in sections)


def _opening(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    run = diagnosis.run
    yield paragraph(headline(diagnosis), style=STYLE[diagnosis.worst])
    reached = at(run, run.last_step) + (f" of {number(run.budget)}" if run.budget else "")
    yield paragraph(f"{harmless(run.name)}, {reached}", style="dim")


def _findings(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    standing = [f for f in diagnosis.findings if f.standing]
    known = {(f.slug, f.player) for f in standing}
    said: set[str] = set()
    for n, cause in enumerate(f for f in standing if (f.cause, f.player) not in known):
        consequences = [f for f in standing if f.cause == cause.slug and f.player == cause.player]
        yield from [""] if n else []
        yield from _finding(diagnosis.run, cause)
        for consequence in consequences:
            yield ""
            yield from _finding(diagnosis.run, consequence, "  ")
        remedies = wanted_by(cause, *consequences)[:MOST_REMEDIES]
        yield from _remedies(remedies, said)
        said |= {remedy.action for remedy in remedies}


def _finding(run: Run, finding: Finding, indent: str = "") -> Iterator[RenderableType]:
    yield paragraph(title(finding, consequence=bool(indent)), indent)
    indent += "  "
    yield paragraph(harmless(finding.message), indent)
    yield paragraph(
        f"Began {since(run, finding)}, noticed at {at(run, finding.alarm)}, "
        f"seen in {number(round(100 * finding.confidence))}% of the evaluations.",
        indent,
    )
    yield from sparkline(run.current, finding, indent)
    yield from evidence_lines(finding.evidence, partial(_what, run), indent)
    for missing in finding.missing:
        yield paragraph(f"Not looked at: {wanted(missing)}.", indent, "dim")


def _what(run: Run, row: Evidence) -> str:
    window = f", {between(run, *row.window)}" if row.window else ""
    return f"{row.series}: {row.statistic}{window}"


def _remedies(remedies: Sequence[Remedy], said: Set[str]) -> Iterator[RenderableType]:
    if not remedies:
        return
    yield ""
    yield paragraph("What to do, one change at a time, each on 3 seeds:", "  ", "bold")
    for n, remedy in enumerate((r for r in remedies if r.action not in said), start=1):
        yield from _remedy(n, remedy)
    again = [harmless(remedy.slug) for remedy in remedies if remedy.action in said]
    if again:
        yield paragraph(f"As above: {listed(again)}.", "  ")


def _remedy(n: int, remedy: Remedy) -> Iterator[RenderableType]:
    yield paragraph(action(remedy), f"  {n}. ")
    values = [f"{harmless(name)} = {setting(value)}" for name, value in remedy.values.items()]
    details = {
        "Set": ", ".join(values),
        "Cost": cost(remedy),
        "Check": harmless(remedy.check),
        "Beware": harmless(remedy.avoid_when),
    }
    for name, detail in details.items():
        if detail:
            yield paragraph(detail, f"     {name:<6}  ", "dim", "dim")


def _cleared(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    for finding in diagnosis.findings:
        if finding.cleared is not None:
            when = between(diagnosis.run, finding.onset, finding.cleared)
            yield paragraph(
                f"{harmless(finding.slug)} ({harmless(finding.code)}), {when}: "
                f"{harmless(finding.message)}",
                "Cleared  ",
            )


def _outlook(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    outlook, run = diagnosis.outlook, diagnosis.run
    where = "" if outlook.step is None else f" to {at(run, outlook.step)}"
    action = Text.assemble((f"{outlook.action}{where}", "bold"), f": {harmless(outlook.reason)}")
    yield paragraph(action, "Outlook    ", lead_style="bold")
    yield paragraph(gain(diagnosis), "Progress   ", lead_style="bold")
    if diagnosis.best_step:
        steps = [f"{number(s)} ({harmless(g)} G)" for g, s in diagnosis.best_step.items()]
        yield paragraph(listed(steps), "Best step  ", lead_style="bold")


def _not_assessed(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    lines = list(silent_lines(diagnosis.verdicts, wanted))
    if lines:
        yield paragraph("Not assessed", style="bold")
    yield from lines


def _setup(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield paragraph("Setup", style="bold")
    for name, facts in setup_facts(diagnosis.run).items():
        yield paragraph(facts, f"  {name:<8}  ", "dim", "dim")


def _notes(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    notes = diagnosis.run.notes
    for note in notes[:MOST_NOTES]:
        yield paragraph(harmless(note), "Note  ", "dim")
    if len(notes) > MOST_NOTES:
        yield paragraph(f"and {count(len(notes) - MOST_NOTES, 'more note')}", "Note  ", "dim")


def _pointer(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield from pointer(diagnosis.findings)
