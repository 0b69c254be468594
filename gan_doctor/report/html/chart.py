"""Curves over time as static SVG of bounded size, with what they show in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gan_doctor.core import VOCABULARY, Band, Finding, FloatArray, Run, Series
from gan_doctor.report.convicting import spans_decades
from gan_doctor.report.envelope import Envelope, envelope
from gan_doctor.report.html.element import Html, join, tag
from gan_doctor.report.html.scale import Scale, height, ticks, width
from gan_doctor.report.wording import at, between, count, number

COLOURS = 6  # that the style sheet knows, each with a dash pattern of its own


@dataclass(frozen=True)
class Line:
    """One curve.

    Args:
        series: What to draw.
        label: Its name in the legend.
    """

    series: Series
    label: str


@dataclass(frozen=True)
class Mark:
    """A point in time that is drawn as an upright line.

    Args:
        step: When.
        label: What happened, as the legend says it.
        kind: How it looks.
    """

    step: float
    label: str
    kind: Literal["onset", "alarm", "cleared"]


def marks_of(run: Run, finding: Finding) -> list[Mark]:
    """When a finding began, was noticed, and cleared."""
    marks = [
        Mark(finding.onset, f"began at {at(run, finding.onset)}", "onset"),
        Mark(finding.alarm, f"noticed at {at(run, finding.alarm)}", "alarm"),
    ]
    if finding.cleared is not None:
        marks.append(Mark(finding.cleared, f"cleared at {at(run, finding.cleared)}", "cleared"))
    return marks


def line_chart(
    run: Run,
    title: str,
    drawn: Sequence[Line],
    marks: Sequence[Mark] = (),
    bands: Sequence[Band] = (),
    rest: tuple[float, str] | None = None,
    note: str = "",
) -> Html:
    """A figure: caption, curves with the range of each stretch in pale, axes and legend.

    Args:
        run: Whose clock counts.
        title: What is drawn.
        drawn: At least one curve with a finite value.
        marks: Points in time.
        bands: What real data gives for the one curve.
        rest: A level, and what to call it.
        note: More on what is drawn.
    """
    shapes = [envelope(line.series) for line in drawn]
    x = width(min(float(shape.steps[0]) for shape in shapes), run.last_step)
    y = _heights(drawn, shapes, bands, rest)
    under, keys = [], []
    if bands:
        under.append(_band(x, y, bands, run.last_step))
        keys.append(("null", "what real data gives against real data"))
    if rest is not None:
        under.append(tag("path", class_="rest", d=Html(f"M0 {y(rest[0])}H1000")))
        keys.append(("rest", rest[1]))
    within = [mark for mark in marks if x.low <= mark.step <= x.high]
    under += [tag("path", class_=m.kind, d=Html(f"M{x(m.step)} 0V1000")) for m in within]
    keys += [(mark.kind, mark.label) for mark in marks]
    curves = [(_named(line), shape) for line, shape in zip(drawn, shapes, strict=True)]
    return plot(title, curves, x, y, _words(run, title, drawn), under, keys, note)


def plot(
    title: str,
    curves: Sequence[tuple[str, Envelope]],
    x: Scale,
    y: Scale,
    words: str,
    under: Sequence[Html] = (),
    keys: Sequence[tuple[str, str]] = (),
    note: str = "",
) -> Html:
    """A figure of curves on axes.

    Args:
        title: What is drawn.
        curves: Each with its name.
        x: The horizontal axis.
        y: The upright axis.
        words: What the picture shows, for those who do not see it.
        under: What is drawn beneath the curves.
        keys: How it looks and what it means, for the legend.
        note: More on what is drawn.
    """
    svg = tag(
        "svg", _grid(x, y), under, [_curve(n, *named, x, y) for n, named in enumerate(curves)],
        viewBox="0 0 1000 1000", preserveAspectRatio="none", role="img", aria_label=words,
    )  # fmt: skip
    notes = [note] * bool(note) + ["(log scale)"] * y.log
    named = [(f"line c{n % COLOURS}", label) for n, (label, _) in enumerate(curves)]
    return tag(
        "figure",
        tag("figcaption", title, [tag("small", f" {told}") for told in notes]),
        tag(
            "div",
            tag("div", [_tick("top", y(t), t) for t in ticks(y)], class_="y", aria_hidden="true"),
            tag(
                "div",
                svg,
                class_="area",
                data_low=Html(f"{x.low:.10g}"),
                data_high=Html(f"{x.high:.10g}"),
            ),
            tag("div", [_tick("left", x(t), t) for t in ticks(x)], class_="x", aria_hidden="true"),
            class_="plot",
        ),
        tag("output", class_="read", aria_hidden="true"),
        _legend([*named, *keys]),
        class_="chart",
    )


def _heights(
    drawn: Sequence[Line],
    shapes: Sequence[Envelope],
    bands: Sequence[Band],
    rest: tuple[float, str] | None,
) -> Scale:
    found = np.concatenate([ends[np.isfinite(ends)] for s in shapes for ends in (s.low, s.high)])
    term = VOCABULARY.get(drawn[0].series.key.name)
    if term is not None and (term.low, term.high) == (0, 1):
        return Scale(0, 1, flip=True)
    log = spans_decades(found)
    levels = [end for band in bands for end in (band.low, band.high)] + ([rest[0]] if rest else [])
    known = [value for value in levels if math.isfinite(value) and (value > 0 or not log)]
    return height([float(found.min()), float(found.max()), *known], log)


def _curve(n: int, label: str, shape: Envelope, x: Scale, y: Scale) -> Html:
    steps = [x(step) for step in shape.steps.tolist()]
    pieces = list(_pieces(shape.mean))
    mean = "".join(_path(steps[p], [y(v) for v in shape.mean[p].tolist()]) for p in pieces)
    area = ""
    if not np.array_equal(shape.low, shape.high, equal_nan=True):
        for p in pieces:
            low, high = ([y(v) for v in ends[p].tolist()] for ends in (shape.low, shape.high))
            corners = zip(steps[p] + steps[p][::-1], high + low[::-1], strict=True)
            area += "M" + " ".join(f"{a} {b}" for a, b in corners) + "Z"
    known = np.isfinite(shape.mean)
    return tag(
        "g",
        tag("path", class_="range", d=Html(area)) if area else None,
        tag("path", class_="mean", d=Html(mean)),
        class_=f"line c{n % COLOURS}",
        data_label=label,
        data_steps=Html(",".join(f"{step:.10g}" for step in shape.steps[known])),
        data_values=Html(",".join(f"{value:.4g}" for value in shape.mean[known])),
    )


def _pieces(values: FloatArray) -> Iterator[slice]:
    """The stretches without a gap."""
    edges = np.flatnonzero(np.diff(np.isfinite(values).astype(int), prepend=0, append=0))
    yield from (slice(a, b) for a, b in edges.reshape(-1, 2).tolist())


def _path(xs: Sequence[int], ys: Sequence[int]) -> str:
    points = " ".join(f"{a} {b}" for a, b in zip(xs, ys, strict=True))
    return f"M{points}" if len(xs) > 1 else f"M{points}h0"  # a point alone is a dot


def _band(x: Scale, y: Scale, bands: Sequence[Band], last: float) -> Html:
    """The null as it stood at each step."""
    ends = [*(band.step for band in bands[1:]), max(last, bands[-1].step)]
    d = "".join(
        f"M{x(band.step)} {y(band.low)}V{y(band.high)}H{x(end)}V{y(band.low)}Z"
        for band, end in zip(bands, ends, strict=True)
        if math.isfinite(band.low + band.high)
    )
    return tag("path", class_="null", d=Html(d))


def _grid(x: Scale, y: Scale) -> Html:
    d = "".join(f"M0 {y(tick)}H1000" for tick in ticks(y))
    d += "".join(f"M{x(tick)} 0V1000" for tick in ticks(x))
    return tag("path", class_="grid", d=Html(d))


def _tick(side: str, place: int, value: float) -> Html:
    edge = "first" if place < 40 else "last" if place > 960 else None
    return tag("span", _short(value), style=f"{side}:{place / 10:g}%", class_=edge)


def _short(value: float) -> str:
    return (
        number(value) if abs(value) < 1e6 else f"{value:.4g}".replace("e+0", "e").replace("e+", "e")
    )


def _named(line: Line) -> str:
    lost = int((~np.isfinite(line.series.values)).sum())
    return f"{line.label} ({count(lost, 'value')} not finite)" if lost else line.label


def _legend(items: Sequence[tuple[str, str]]) -> Html | None:
    if len(items) < 2:
        return None
    return tag("ul", [tag("li", _sample(kind), label) for kind, label in items], class_="legend")


def _sample(kind: str) -> Html:
    path = tag("path", class_="mean" if kind.startswith("line") else kind, d="M0 5H24")
    if kind == "null":
        path = tag("path", class_="null", d="M0 0H24V10H0Z")
    return tag("svg", tag("g", path, class_=kind), viewBox="0 0 24 10", aria_hidden="true")


def _words(run: Run, title: str, drawn: Sequence[Line]) -> Html:
    """What the picture shows, for those who do not see it."""
    told = []
    for line in drawn:
        known = np.isfinite(line.series.values)
        steps, values = line.series.steps[known], line.series.values[known]
        told.append(
            f"{_named(line)}: {number(values[0])} at {at(run, steps[0])}, "
            f"{number(values[-1])} at {at(run, steps[-1])}, "
            f"between {number(values.min())} and {number(values.max())}"
        )
    whole = between(run, float(drawn[0].series.steps[0]), run.last_step)
    return join(f"{title}, {whole}. ", *(f"{one}. " for one in told))
