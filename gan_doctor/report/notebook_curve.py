"""The series that convicts a finding as a small SVG picture for a notebook."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gan_doctor.core import Finding, FloatArray, Run, Series
from gan_doctor.report.envelope import Envelope, envelope
from gan_doctor.report.html.element import Html, tag
from gan_doctor.report.html.scale import Scale, width
from gan_doctor.report.value_range import value_range
from gan_doctor.report.wording import at, number

POINTS = 120
WIDTH, HEIGHT = 560, 112
LEFT, TOP, BOTTOM = 76, 22, 92  # of the plot, which reaches to the right edge


def curve(run: Run, series: Series, finding: Finding, real: float | None) -> Html:
    """Mean and range of the series, what real data gives, and where the finding begins.

    Lines and letters have the colour of the text around them; the onset is dashed and named.

    Args:
        run: Whose clock counts.
        series: With a finite value.
        finding: Of which the onset is marked.
        real: What real data gives.
    """
    shape = envelope(series, POINTS)
    low, high, log = value_range(series, np.concatenate([shape.low, shape.high]), real)
    x = width(min(shape.steps[0], finding.onset), max(series.steps[-1], finding.onset))
    y = Scale(low, high if high > low else low + (abs(low) or 1.0), log=log, flip=True)
    gaps = ", gaps not finite" * bool(np.isnan(shape.mean).any())
    name = f"{series.key}{', log scale' * log}{gaps}"
    words = f"{name}: {number(low)} to {number(high)}, onset at {at(run, finding.onset)}"
    return tag(
        "svg",
        tag("title", words),
        _text(name, LEFT, 12),
        [_text(number(value), LEFT - 6, _y(y, value) + 4, "end") for value in {low, high}],
        _path(f"M{LEFT} {TOP}V{BOTTOM}H{WIDTH}", opacity=0.4),
        [] if real is None else _level(_y(y, real), "real data"),
        list(_lines(shape, x, y)),
        _onset(_x(x, finding.onset), f"onset, {at(run, finding.onset)}"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=words,
        fill="currentColor",
        font_size=12,
    )


def _lines(shape: Envelope, x: Scale, y: Scale) -> Iterator[Html]:
    """The curve in pieces, cut where nothing is finite."""
    edges = np.flatnonzero(np.diff(np.isfinite(shape.mean).astype(int), prepend=0, append=0))
    for start, end in edges.reshape(-1, 2):
        part = slice(start, end)
        low, mean, high = (
            _points(shape.steps[part], values[part], x, y)
            for values in (shape.low, shape.mean, shape.high)
        )
        yield tag("path", d=Html(f"M{' '.join([*high, *low[::-1]])}Z"), opacity=0.25)
        # A point alone is a dot.
        yield _path(f"M{' '.join(mean)}" + "h1" * (len(mean) == 1), stroke_width=1.5)


def _points(steps: FloatArray, values: FloatArray, x: Scale, y: Scale) -> list[str]:
    return [
        f"{_x(x, step):.1f},{_y(y, value):.1f}" for step, value in zip(steps, values, strict=True)
    ]


def _level(place: float, name: str) -> list[Html]:
    # Below the line where the name of the series stands above it.
    beside = place + 13 if place < TOP + 20 else place - 4
    return [
        _path(f"M{LEFT} {place:.1f}H{WIDTH}", stroke_dasharray="1 3"),
        _text(name, WIDTH, beside, "end"),
    ]


def _onset(place: float, name: str) -> list[Html]:
    anchor = "start" if place < LEFT + 80 else "end" if place > WIDTH - 80 else "middle"
    return [
        _path(f"M{place:.1f} {TOP}V{BOTTOM}", stroke_dasharray="5 3", stroke_width=1.5),
        _text(name, place, HEIGHT - 4, anchor),
    ]


def _path(d: str, **attributes: str | float) -> Html:
    look: dict[str, str | float] = {"fill": "none", "stroke": "currentColor", **attributes}
    return tag("path", d=Html(d), **look)


def _text(text: str, x: float, y: float, anchor: str = "start") -> Html:
    return tag("text", text, x=x, y=y, text_anchor=anchor)


def _x(scale: Scale, step: float) -> float:
    return LEFT + scale(step) * (WIDTH - LEFT) / 1000


def _y(scale: Scale, value: float) -> float:
    return TOP + scale(value) * (BOTTOM - TOP) / 1000
