"""Several runs beside each other, for a terminal: the answer first, and then what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from gan_doctor.core import SEVERITIES, Finding, Key
from gan_doctor.diagnosis.better import CHECKS, Judged, Reached
from gan_doctor.diagnosis.comparison import Comparison
from gan_doctor.diagnosis.parting import Parting, comparable, of_other_families
from gan_doctor.report.comparison_sentence import (
    comparison_sentence,
    marks,
    measure_name,
    short,
)
from gan_doctor.report.finding_lines import STYLE, in_blocks
from gan_doctor.report.hanging import paragraph
from gan_doctor.report.headline import headline
from gan_doctor.report.wording import at, count, harmless, number, setting

MOST_FACTS = 24
MOST_PARTINGS = 6  # of one pair
MOST_MEASURES = 4
# 6 of 30 pairs: see `partings`.
CHANCE = "Of pairs that differ in their seed alone, one in five parts too: compare several seeds."


def comparison_report(comparison: Comparison) -> Group:
    """The comparison as a rich renderable; runs go by their number in brackets."""
    sections = (_opening, _measures, _partings, _findings, _setup)
    return in_blocks(section(comparison) for section in sections)


def _opening(comparison: Comparison) -> Iterator[RenderableType]:
    yield paragraph(comparison_sentence(comparison), style="bold")
    yield ""
    for i, diagnosis in enumerate(comparison.diagnoses):
        run = diagnosis.run
        reached = at(run, run.last_step) + (f" of {number(run.budget)}" if run.budget else "")
        line = Text.assemble(
            (harmless(comparison.names[i]), "bold"), f", {reached}: {headline(diagnosis)}"
        )
        yield paragraph(line, f"[{i + 1}]  ", lead_style=STYLE[diagnosis.worst])
    for group in comparison.groups:
        if len(group) > 1:
            yield paragraph(f"{marks(group)} are of one configuration.", style="dim")


def _measures(comparison: Comparison) -> Iterator[RenderableType]:
    yield paragraph(f"Which is better, over the last {CHECKS} checks", style="bold")
    if not comparison.judged:
        yield paragraph("No FID or sample measure is in at least two of the logs.", "  ")
    for row in comparison.judged[:MOST_MEASURES]:
        yield from _measure(comparison, row)
    if comparison.judged and not any(math.isfinite(row.noise) for row in comparison.judged):
        alone = "There is one run of each configuration: another seed may differ more than this."
        yield paragraph(alone, "  ")
    rest = [measure_name(row.series) for row in comparison.judged[MOST_MEASURES:]]
    if rest:
        yield paragraph(f"With --json also {', '.join(rest)}.", "  ", "dim")


def _measure(comparison: Comparison, row: Judged) -> Iterator[RenderableType]:
    features = Key.parse(row.series).features
    of = f" ({harmless(features)})" if features else ""
    verdict = _verdict(comparison, row)
    style = "dim" if row.winner is None else ""
    yield paragraph(
        Text.assemble((f"{measure_name(row.series)}{of}", "bold"), f", {row.better} is better: "
                      f"{verdict}", style=style), "  "
    )  # fmt: skip
    width = max(len(f"[{len(row.reached)}]"), 3)
    for i, reached in enumerate(row.reached):
        run = comparison.diagnoses[i].run
        best = f"best {number(reached.best)} at {at(run, reached.best_step)}"
        known = math.isfinite(reached.value)
        text = f"{_value(reached)}; {best}" if known else "not in its log"
        yield paragraph(text, f"    {f'[{i + 1}]':<{width}}  ")


def _value(reached: Reached) -> str:
    if not math.isfinite(reached.low):
        return f"{short(reached.value)} (too few checks for an interval)"
    return f"{short(reached.value)} ({short(reached.low)} to {short(reached.high)})"


def _verdict(comparison: Comparison, row: Judged) -> str:
    if len(comparison.groups) == 1:
        return f"sd between seeds {short(row.noise)}"
    known = math.isfinite(row.noise)
    noise = f" (sd between seeds {short(row.noise)})" if known else ""
    if row.winner is None:
        return f"no difference beyond the noise{noise}"
    return f"{marks(comparison.groups[row.winner])} by {short(row.gap)}{noise}"


def _partings(comparison: Comparison) -> Iterator[RenderableType]:
    yield paragraph("Where they part from [1]", style="bold")
    first = comparison.diagnoses[0].run
    for i, found in enumerate(comparison.partings, start=1):
        run = comparison.diagnoses[i].run
        lead = f"  [{i + 1}]  "
        if run.clock != first.clock:
            clocks = f"{run.clock.replace('_', ' ')}s and {first.clock.replace('_', ' ')}s"
            yield paragraph(f"cannot be said: the logs count {clocks}", lead, "dim")
        elif not list(comparable(first, run)):
            yield paragraph("cannot be said: the logs have no series in common", lead, "dim")
        elif not found:
            yield paragraph("nowhere: no series differs by more than its noise", lead)
        else:
            for n, parting in enumerate(found[:MOST_PARTINGS]):
                yield paragraph(
                    _parting(comparison, parting), lead if n == 0 else " " * len(lead),
                    "" if n == 0 else "dim",
                )  # fmt: skip
            if len(found) > MOST_PARTINGS:
                more = count(len(found) - MOST_PARTINGS, "more series", "more series")
                yield paragraph(f"and {more}", " " * len(lead), "dim")
        if of_other_families(first, run):
            left_out = "Losses and gradients were left out: the loss families differ."
            yield paragraph(left_out, " " * len(lead), "dim")
    if any(comparison.partings) and all(len(group) == 1 for group in comparison.groups):
        yield paragraph(CHANCE, "  ", "dim")


def _parting(comparison: Comparison, parting: Parting) -> str:
    run = comparison.diagnoses[0].run
    since = (
        "from its first value on" if parting.from_the_start else f"since {at(run, parting.step)}"
    )
    values = f"{short(parting.one)} in [1], {short(parting.other)} here"
    by = f", {number(round(parting.noises))} times the noise" if parting.noises < 1e6 else ""
    return f"{harmless(parting.series)} {since}: {values} up to {at(run, parting.known)}{by}"


def _findings(comparison: Comparison) -> Iterator[RenderableType]:
    yield paragraph("Findings", style="bold")
    found: dict[tuple[str, str, str], dict[int, Finding]] = {}
    for i, diagnosis in enumerate(comparison.diagnoses):
        for finding in diagnosis.findings:
            found.setdefault((finding.slug, finding.code, finding.player), {})[i] = finding
    if not found:
        yield paragraph("none in any run", "  ")
    for (slug, code, player), whose in sorted(found.items(), key=lambda item: _worst(item[1])):
        worst = max((f.severity for f in whose.values()), key=SEVERITIES.index)
        of = f" in {harmless(player)}" if player else ""
        yield paragraph(
            Text.assemble(
                (f"{worst.upper():<8}", STYLE[worst]), "  ", (harmless(slug), "bold"),
                f" ({harmless(code)}){of}",
            ),
            "  ",
        )  # fmt: skip
        said = [_said(comparison, i, slug, whose, worst) for i in range(len(comparison.names))]
        together: dict[str, list[int]] = {}
        for i, words in enumerate(said):
            together.setdefault(words, []).append(i)
        text = "; ".join(f"{marks(indices)} {words}" for words, indices in together.items())
        yield paragraph(text, " " * 12)


def _worst(whose: dict[int, Finding]) -> tuple[bool, int, float]:
    standing = [f for f in whose.values() if f.standing]
    worst = max(SEVERITIES.index(f.severity) for f in whose.values())
    return (not standing, -worst, min(f.onset for f in whose.values()))


def _said(comparison: Comparison, i: int, slug: str, whose: dict[int, Finding], worst: str) -> str:
    run = comparison.diagnoses[i].run
    if i in whose:
        finding = whose[i]
        since = f"since {at(run, finding.onset)}"
        if finding.cleared is not None:
            return f"{since}, over at {at(run, finding.cleared)}"
        return since if finding.severity == worst else f"{finding.severity} {since}"
    asked = (v.status for v in comparison.diagnoses[i].verdicts if v.detector == slug)
    return "not assessed" if "not assessed" in asked else "no"


def _setup(comparison: Comparison) -> Iterator[RenderableType]:
    yield paragraph("What differs in the set-up", style="bold")
    rows = comparison.differing
    if not rows:
        yield paragraph("nothing that the logs tell", "  ")
    width = min(26, max((len(harmless(name)) for name in rows), default=0))
    for name, values in list(rows.items())[:MOST_FACTS]:
        yield paragraph(_by_value(values), f"  {harmless(name):<{width}}  ")
    if len(rows) > MOST_FACTS:
        yield paragraph(f"and {count(len(rows) - MOST_FACTS, 'more fact')}: --json", "  ", "dim")


def _by_value(values: Sequence[Any]) -> str:
    """Each value once, with the runs that have it: "0.0002 [1], 0.001 [2]"."""
    whose: dict[str, list[int]] = {}
    for i, value in enumerate(values):
        word = "not known" if value is None else setting(value) or "''"
        whose.setdefault(word, []).append(i)
    return ", ".join(f"{word} {marks(indices)}" for word, indices in whose.items())
