"""The report for a terminal: what a tired person must know first, and then the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from gan_doctor.core import Diagnosis, Evidence, Finding, Missing, Remedy, Run
from gan_doctor.report.hanging import paragraph
from gan_doctor.report.headline import headline
from gan_doctor.report.setup_facts import setup_facts
from gan_doctor.report.wording import at, between, count, harmless, listed, number, setting

MOST_REMEDIES = 3
MOST_NOTES = 5

_STYLE = {"critical": "bold red", "warning": "bold yellow", "info": "bold cyan", None: "bold green"}


def terminal_report(diagnosis: Diagnosis) -> Group:
    """The report as a rich renderable: print it to a `rich.console.Console` of any width.

    Nothing that comes out of a log is read as markup or reaches the terminal as a control
    character, and no meaning rests on colour alone.
    """
    sections = (_opening, _findings, _cleared, _outlook, _not_assessed, _setup, _notes, _pointer)
    blocks = [list(section(diagnosis)) for section in sections]
    lines: list[RenderableType] = []
    for block in filter(None, blocks):
        lines += [*([""] if lines else []), *block]
    return Group(*lines)


def _opening(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    run = diagnosis.run
    yield paragraph(headline(diagnosis), style=_STYLE[diagnosis.worst])
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
        remedies = _wanted_by(cause, *consequences)
        yield from _remedies(remedies, said)
        said |= {remedy.action for remedy in remedies}


def _finding(run: Run, finding: Finding, indent: str = "") -> Iterator[RenderableType]:
    title = Text.assemble(
        (finding.severity.upper(), _STYLE[finding.severity]),
        "  ",
        (harmless(finding.slug), "bold"),
        f" ({harmless(finding.code)})",
        f" in {harmless(finding.player)}" if finding.player else "",
        f", a consequence of {harmless(finding.cause)}" if indent else "",
    )
    yield paragraph(title, indent)
    indent += "  "
    yield paragraph(harmless(finding.message), indent)
    yield paragraph(
        f"Began at {at(run, finding.onset)}, noticed at {at(run, finding.alarm)}, "
        f"seen in {number(round(100 * finding.confidence))}% of the evaluations.",
        indent,
    )
    yield from _evidence(run, finding.evidence, indent)
    for missing in finding.missing:
        yield paragraph(f"Not looked at: {_wanted(missing)}.", indent, "dim")


def _evidence(run: Run, evidence: Sequence[Evidence], indent: str) -> Iterator[RenderableType]:
    rows = sorted(evidence, key=lambda row: not row.important)
    numbers = [number(row.value) + _limit(row) for row in rows]
    width = max(map(len, numbers), default=0)
    for row, value in zip(rows, numbers, strict=True):
        window = f", {between(run, *row.window)}" if row.window else ""
        what = f"{harmless(row.series)}: {harmless(row.statistic)}{window}"
        style = "bold" if row.important else "dim"
        yield paragraph(what, f"{indent}{value:<{width}}  ", style, style)


def _limit(row: Evidence) -> str:
    if row.limit is None:
        return ""
    return f" (should be {'below' if row.sense == 'above' else 'above'} {number(row.limit)})"


def _wanted_by(*findings: Finding) -> list[Remedy]:
    """The first remedies that a cause and its consequences ask for, each once."""
    wanted: dict[str, Remedy] = {}
    for remedy in (r for finding in findings for r in finding.remedies):
        wanted.setdefault(remedy.slug, remedy)
    return list(wanted.values())[:MOST_REMEDIES]


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
    action = "If you do not already: " * remedy.if_not_already + harmless(remedy.action)
    yield paragraph(f"{action} ({harmless(remedy.slug)})", f"  {n}. ")
    values = [f"{harmless(name)} = {setting(value)}" for name, value in remedy.values.items()]
    cost = f"{number(remedy.cost)} x the time of an iteration." * (remedy.cost != 1)
    details = {
        "Set": ", ".join(values),
        "Cost": " ".join(filter(None, [cost, harmless(remedy.cost_note)])) or "none",
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
    yield paragraph(_progress(diagnosis), "Progress   ", lead_style="bold")
    if diagnosis.best_step:
        steps = [f"{number(s)} ({harmless(g)} G)" for g, s in diagnosis.best_step.items()]
        yield paragraph(listed(steps), "Best step  ", lead_style="bold")


def _progress(diagnosis: Diagnosis) -> str:
    progress = diagnosis.progress
    if progress.status == "not assessed":
        return "not assessed: needs samples kept over several evaluations"
    if progress.gain is None:
        return progress.status
    interval = (
        f" (95% interval {progress.low:.2g} to {progress.high:.2g})"
        if progress.low is not None and progress.high is not None
        else ""
    )
    gain = f"{progress.gain:+.2g} per 1,000 steps{interval}"
    return f"{progress.status}: {harmless(progress.measure)} gains {gain}"


def _not_assessed(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    silent = [
        (missing, f"{harmless(verdict.detector)} ({harmless(verdict.code)})")
        for verdict in diagnosis.verdicts
        if verdict.status == "not assessed"
        for missing in verdict.missing
    ]
    if silent:
        yield paragraph("Not assessed", style="bold")
    reasons = list(dict.fromkeys(missing for missing, _ in silent))
    silent.sort(key=lambda pair: reasons.index(pair[0]))
    for missing, pairs in groupby(silent, key=lambda pair: pair[0]):
        yield paragraph(listed([name for _, name in pairs]), "  ")
        yield paragraph(f"{_wanted(missing)}.", "    ", "dim")


def _wanted(missing: Missing) -> str:
    how = f": {harmless(missing.how).rstrip('.')}" if missing.how else ""
    return f"{harmless(missing.what).rstrip('.')} ({missing.why}){how}"


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
    if diagnosis.findings:
        slug = harmless(diagnosis.findings[0].slug)
        yield paragraph(f"More on any name above: gan-doctor explain {slug}", style="dim")
