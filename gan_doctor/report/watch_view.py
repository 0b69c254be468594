"""A run while it trains: what to know now, in one view of a terminal or in lines as news come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from gan_doctor.core import VOCABULARY, Finding, FloatArray, Run, Series
from gan_doctor.diagnosis.following import Look
from gan_doctor.report.convicting import real_value, spans_decades
from gan_doctor.report.envelope import envelope
from gan_doctor.report.finding_lines import STYLE, in_blocks, title
from gan_doctor.report.hanging import WIDEST, paragraph
from gan_doctor.report.headline import headline
from gan_doctor.report.sample_blocks import SampleBlocks, can_show, latest_images
from gan_doctor.report.sparkline import ASCII, BLOCKS, bars_of
from gan_doctor.report.wording import at, count, harmless, number

MOST_FINDINGS = 4
MOST_BARS = 40
_CURVES = {
    "loss/d": "D loss",
    "loss/g": "G loss",
    "auroc": "AUROC of D",
    "sample/coverage": "coverage",
    "metric/fid": "FID",
}


def watch_view(look: Look, now: float, place: str, foot: str = "") -> Group:
    """The state of a run: headline, how fresh it is, findings, curves and the last samples.

    Args:
        look: At its log.
        now: Seconds since 1970.
        place: What is watched, for one that is not there yet.
        foot: A last line, such as how to quit.
    """
    diagnosis = look.diagnosis
    if diagnosis is None:
        blocks = [[paragraph(f"Waiting for {harmless(place)}", style="bold")]]
        blocks[0].append(paragraph(harmless(look.waiting), style="dim"))
        return in_blocks([*blocks, [paragraph(foot, style="dim")] if foot else []])
    run = diagnosis.run.current
    opening = [
        paragraph(headline(diagnosis), style=STYLE[diagnosis.worst]),
        paragraph(f"{harmless(run.name)}, {_reached(look)}; {freshness(look, now)}", style="dim"),
    ]
    if look.waiting:
        opening.append(paragraph(f"As it last stood. {harmless(look.waiting)}", style="yellow"))
    return in_blocks(
        [
            opening,
            _findings(diagnosis.findings, run),
            [*_curves(run), *_samples(run)],
            [paragraph(foot, style="dim")] if foot else [],
        ]
    )


def freshness(look: Look, now: float) -> str:
    """How long ago the log was written to, and what that means."""
    silent = look.silent(now)
    if silent is None:
        said = "when it was last written is not known"
    else:
        said = f"last written {_ago(silent)}"
    if look.finished:
        return f"{said}, finished"
    return f"{said}: the training may have stopped" if look.maybe_dead(now) else said


def news(before: Look | None, look: Look, now: float, was_dead: bool = False) -> Iterator[str]:
    """What has changed since the look before, a line each; nothing for mere steps.

    Args:
        before: None for the first look.
        look: The present one.
        now: Seconds since 1970.
        was_dead: Whether it was said before that the training may have stopped.
    """
    if look.waiting and (before is None or before.waiting != look.waiting):
        yield f"Waiting: {harmless(look.waiting)}"
    diagnosis = look.diagnosis
    if diagnosis is None:
        return
    run = diagnosis.run
    known = before.diagnosis.findings if before and before.diagnosis else ()
    told = {(f.slug, f.player): f for f in known}
    if before is None or before.diagnosis is None:
        yield f"{harmless(run.name)}, {_reached(look)}: {headline(diagnosis)}"
    for finding in diagnosis.findings:
        earlier = told.pop((finding.slug, finding.player), None)
        if earlier is None or (earlier.severity, earlier.standing) != (
            finding.severity,
            finding.standing,
        ):
            yield f"{at(run, run.last_step)}: {_one_line(run, finding)}"
    for finding in told.values():
        yield f"{at(run, run.last_step)}: {harmless(finding.slug)} is withdrawn"
    if look.maybe_dead(now) and not was_dead:
        yield f"{at(run, run.last_step)}: {freshness(look, now)}"
    elif was_dead and not look.maybe_dead(now):
        yield f"{at(run, run.last_step)}: it is being written again"


def _one_line(run: Run, finding: Finding) -> str:
    slug = f"{harmless(finding.slug)} ({harmless(finding.code)})"
    of = f" in {harmless(finding.player)}" if finding.player else ""
    if finding.cleared is not None:
        return f"over at {at(run, finding.cleared)}: {slug}{of}"
    cause = f", a consequence of {harmless(finding.cause)}" if finding.cause else ""
    return f"{finding.severity.upper()} {slug}{of}{cause}: {harmless(finding.message)}"


def _reached(look: Look) -> str:
    assert look.diagnosis is not None  # callers have looked
    run = look.diagnosis.run
    return at(run, run.last_step) + (f" of {number(run.budget)}" if run.budget else "")


def _ago(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            n = int(seconds // size)
            return f"{number(n)} {unit if unit == 'min' else unit + 's'} ago"
    return f"{int(seconds)} s ago"


def _findings(findings: tuple[Finding, ...], run: Run) -> Iterator[RenderableType]:
    standing = [f for f in findings if f.standing]
    causes = [f for f in standing if not f.cause]
    for finding in causes[:MOST_FINDINGS]:
        line = title(finding)
        line.append(f" since {at(run, finding.onset)}")
        yield paragraph(line)
        yield paragraph(harmless(finding.message), "  ")
    left = len(standing) - len(causes[:MOST_FINDINGS])
    if left:
        yield paragraph(f"and {count(left, 'more finding')}: gan-doctor report", style="dim")


def _curves(run: Run) -> Iterator[RenderableType]:
    for name, words in _CURVES.items():
        for series in run.series:
            if series.key.name == name and series.key.label is None and len(series):
                player = f" {harmless(series.key.player)}" if series.key.player else ""
                yield LiveCurve(f"{words}{player}", series, real_value(run, series))


def _samples(run: Run) -> Iterator[RenderableType]:
    found = latest_images(run)
    if found is not None:
        yield _Samples(f"Samples of {at(run, found[0])}", SampleBlocks(found[1]))


@dataclass(frozen=True)
class _Samples:
    """The images under their title; neither where the terminal cannot show them."""

    title: str
    blocks: SampleBlocks

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if can_show(console):
            yield Text()
            yield Text(self.title, "dim")
            yield self.blocks


@dataclass(frozen=True)
class LiveCurve:
    """A series in one line: how it went, and what it is now.

    Args:
        name: What to call it.
        series: With at least one value.
        real: What real data gives.
    """

    name: str
    series: Series
    real: float | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        alphabet = BLOCKS if options.encoding.lower().startswith("utf") else ASCII
        values = self.series.values
        finite = values[np.isfinite(values)]
        now = number(float(f"{values[-1]:.3g}"))
        note = f" (real data {number(float(f'{self.real:.3g}'))})" if self.real is not None else ""
        room = min(options.max_width, WIDEST) - 16 - len(now) - len(note) - 2
        if not len(finite) or room < 8:
            yield Text(f"{self.name:<14}  {now}{note}")
            return
        means = envelope(self.series, min(MOST_BARS, room)).mean
        bars = bars_of(means, *_scale(self.series.key.name, means), alphabet)
        yield Text.assemble(f"{self.name:<14}  ", bars, "  ", (now, "bold"), (note, "dim"))


def _scale(name: str, means: FloatArray) -> tuple[float, float, bool]:
    """Lowest and highest value of the scale, and whether it is logarithmic."""
    finite = means[np.isfinite(means)]
    term = VOCABULARY.get(name)
    if term is not None and term.low is not None and term.high is not None:
        return term.low, term.high, False
    return float(finite.min()), float(finite.max()), spans_decades(finite)
