"""All that the log has recorded, as curves: the players, and the measures of the samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import VOCABULARY, Diagnosis, Run, Series
from gan_doctor.report.html.chart import COLOURS, Line, Mark, line_chart
from gan_doctor.report.html.element import Html, tag
from gan_doctor.report.panels import GRADIENTS, LOSSES, SEPARATION, Panel
from gan_doctor.report.wording import count

MOST_MEASURES = 48
MOST_ONSETS = 3  # of causes, marked in each chart, the worst first


def curve_section(diagnosis: Diagnosis) -> Html | None:
    """Losses, D's separation, gradients and rates, each panel with the onsets of what stands."""
    run, onsets = diagnosis.run.current, _onsets(diagnosis)
    charts = [
        _panel(run, panel, found, onsets)
        for panel in (*LOSSES, *SEPARATION, *GRADIENTS)
        if (found := _lines(run, panel))
    ]
    if not charts:
        return None
    return tag("section", tag("h2", "Curves"), tag("div", charts, class_="charts"), id="curves")


def measure_section(diagnosis: Diagnosis) -> Html | None:
    """A small chart for each measure of the samples, beside what real data gives."""
    run = diagnosis.run.current
    found = [s for s in run.series if _is_measure(s)]
    if not found:
        return None
    charts = [_measure(run, series) for series in found[:MOST_MEASURES]]
    rest = len(found) - MOST_MEASURES
    return tag(
        "section",
        tag("h2", "Measures of the samples"),
        tag(
            "details",
            tag("summary", f"{count(len(charts), 'measure')} over time"),
            tag("div", charts, class_="charts small"),
            tag("p", f"And {count(rest, 'more')}.") if rest > 0 else None,
        ),
        id="measures",
    )


def _onsets(diagnosis: Diagnosis) -> Sequence[Mark]:
    worst = [f for f in diagnosis.findings if f.standing and f.severity != "info" and not f.cause]
    return [Mark(f.onset, f"{f.slug} began", "onset") for f in worst[:MOST_ONSETS]]


def _lines(run: Run, panel: Panel) -> list[Line]:
    """Those that the log has, as many as there are colours."""
    found = [
        Line(series, f"{curve.label} {series.key.player}".strip())
        for curve in panel.curves
        for series in run.series
        if series.key.name == curve.name and _is_drawable(series)
    ]
    return found[:COLOURS]


def _panel(run: Run, panel: Panel, found: Sequence[Line], onsets: Sequence[Mark]) -> Html:
    return line_chart(run, panel.title, found, onsets, rest=panel.rest(run))


def _is_measure(series: Series) -> bool:
    named = series.key.name.startswith(("sample/", "metric/"))
    return named and series.key.label is None and _is_drawable(series)


def _is_drawable(series: Series) -> bool:
    return bool(np.isfinite(series.values).any())


def _measure(run: Run, series: Series) -> Html:
    term = VOCABULARY.get(series.key.name)
    better = f"({term.better} is better)" if term and term.better else ""
    bands = [band for band in run.bands if band.key == series.key]
    return line_chart(run, str(series.key), [Line(series, "fakes")], bands=bands, note=better)
