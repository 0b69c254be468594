"""What was found in samples that have no log, as text for a terminal and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Group, RenderableType

import gan_doctor
from gan_doctor.core import Diagnosis, Evidence, Finding, Key, Missing, Remedy, to_json
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
from gan_doctor.report.json_report import encoded, finding_json, verdict_json
from gan_doctor.report.measure_table import in_words, measure_table, measured_of
from gan_doctor.report.wording import count, harmless

VERSION = 1

_OF_A_TRAINING = (
    "What only a training shows was not looked at: its losses, its gradients, D, and how samples "
    "change with time. If it left a log: gan-doctor report LOG."
)
_MANY = 0.25  # of the measures, from which on "no problem" would be too short an answer; our choice
_CLASSES = "put the images of each class into a subfolder of that name, on both sides"


def samples_report(diagnosis: Diagnosis) -> Group:
    """The report of `diagnosis.samples`: findings, measures, and what was not looked at.

    The draws have no time, so that none is told. Nothing rests on colour alone, and text out of
    files is never read as markup.
    """
    sections = (_opening, _first, _findings, _measures, _not_assessed, _notes, _pointer)
    return in_blocks(section(diagnosis) for section in sections)


def samples_json(diagnosis: Diagnosis) -> bytes:
    """The same as one JSON object with a version; see `json_report` for how it may change."""
    run = diagnosis.run
    content = {
        "format": "gan-doctor samples",
        "version": VERSION,
        "written_by": gan_doctor.__version__,
        "name": run.name,
        "headline": _headline(diagnosis),
        "worst": diagnosis.worst,
        "look_first": _remarks(diagnosis),
        "notes": run.notes,
        "findings": [
            finding_json(replace(f, message=_timeless(f.message))) for f in diagnosis.findings
        ],
        "measures": [
            {**to_json(row), "samples": run.bands[0].n, "in_words": in_words(row.key.name)}
            for row in measured_of(run)
        ],
        "verdicts": [verdict_json(v) for v in diagnosis.verdicts],
        "setup": run.setup,
    }
    return encoded(content)


def _headline(diagnosis: Diagnosis) -> str:
    problems = [f for f in diagnosis.findings if f.severity != "info"]
    rows = measured_of(diagnosis.run)
    off = sum(row.mark in ("below", "above") for row in rows)
    differ = f"{off} of {count(len(rows), 'measure')} differ from real data"
    if problems:
        return f"{count(len(problems), 'problem')} in the samples; {differ}"
    if all(v.status == "not assessed" for v in diagnosis.verdicts):
        return f"Nothing could be assessed; {differ}"
    if _unlike(diagnosis):
        return f"No known fault in the samples, but {differ}"
    return f"No problem found in the samples; {differ}"


def _unlike(diagnosis: Diagnosis) -> bool:
    """Whether nothing was found and yet much differs."""
    marks = [row.mark for row in measured_of(diagnosis.run)]
    off = sum(mark in ("below", "above") for mark in marks)
    return diagnosis.worst in (None, "info") and off > _MANY * len(marks)


def _opening(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    worst = "warning" if _unlike(diagnosis) else diagnosis.worst
    yield paragraph(_headline(diagnosis), style=STYLE[worst])
    how = f": {diagnosis.run.notes[0]}" if diagnosis.run.notes else ""
    yield paragraph(harmless(diagnosis.run.name) + harmless(how), style="dim")


def _first(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    for remark in _remarks(diagnosis):
        yield paragraph(harmless(remark), "FIRST  ", lead_style="bold yellow")


def _remarks(diagnosis: Diagnosis) -> list[str]:
    """What makes all else doubtful."""
    found = [str(e.detail.get("text", "")) for e in diagnosis.run.events if e.kind == "note"]
    return [f"{_upper(text).rstrip('.')}." for text in found]


def _findings(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    known = {f.slug for f in diagnosis.findings}
    said: set[str] = set()
    for n, cause in enumerate(f for f in diagnosis.findings if f.cause not in known):
        consequences = [f for f in diagnosis.findings if f.cause == cause.slug]
        yield from [""] if n else []
        yield from _finding(cause)
        for consequence in consequences:
            yield ""
            yield from _finding(consequence, "  ")
        # Where something comes first, what would be done to the training may be wrong.
        remedies = [] if _remarks(diagnosis) else wanted_by(cause, *consequences)[:MOST_REMEDIES]
        yield from _remedies([r for r in remedies if r.action not in said])
        said |= {remedy.action for remedy in remedies}


def _finding(finding: Finding, indent: str = "") -> Iterator[RenderableType]:
    yield paragraph(title(finding, consequence=bool(indent)), indent)
    yield paragraph(harmless(_timeless(finding.message)), f"{indent}  ")
    rounded = [replace(row, value=round(row.value, 4)) for row in finding.evidence]
    yield from evidence_lines(rounded, _what, f"{indent}  ")


def _what(row: Evidence) -> str:
    statistic = row.statistic.removeprefix("mean, ").removeprefix("median, ")
    return f"{in_words(Key.parse(row.series).name)}: {statistic}"


def _timeless(message: str) -> str:
    """A sentence without the step since which it holds."""
    return _upper(re.sub(r"^Since step \S+?,? ", "", message)).replace(" have been ", " are ")


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _remedies(remedies: Sequence[Remedy]) -> Iterator[RenderableType]:
    if not remedies:
        return
    yield ""
    yield paragraph("What to do in the training, one change at a time:", "  ", "bold")
    for n, remedy in enumerate(remedies, start=1):
        yield paragraph(action(remedy), f"  {n}. ")


def _measures(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    rows = measured_of(diagnosis.run)
    if not rows:
        return
    yield paragraph("Measures", style="bold")
    yield from measure_table(rows)
    yield paragraph(
        "99% of equally many reals lie in the band. Below or above it is a difference, and not yet "
        "a fault.",
        style="dim",
    )


def _not_assessed(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield paragraph("Not assessed", style="bold")
    yield from silent_lines(diagnosis.verdicts, _wanted)
    yield paragraph(_OF_A_TRAINING, "  ", "dim")


def _wanted(missing: Missing) -> str:
    """What is missing; how to get it is told for trainings, and is another thing here."""
    if missing.why == "too short":
        return "Missing: a number in each draw"
    what = harmless(missing.what).rstrip(".")
    if missing.why != "no series":
        return f"{_upper(what)} ({missing.why})"
    if what.startswith("images"):
        return "These are of images alone"
    return f"Missing: {what}" + (f": {_CLASSES}" if what.startswith("the classes") else "")


def _notes(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    for note in diagnosis.run.notes[1:]:
        yield paragraph(f"{harmless(_upper(note)).rstrip('.')}.", "Note  ", "dim")


def _pointer(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield from pointer(diagnosis.findings)
