"""Curves over time in panels below each other, under the bars that say when each finding stood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from gan_doctor.core import VOCABULARY, Diagnosis, Finding, Run, Series
from gan_doctor.report import canvas
from gan_doctor.report.colours import GREY
from gan_doctor.report.panels import Curve, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curve_chart(diagnosis: Diagnosis, title: str, panels: Sequence[Panel]) -> Figure | None:
    """The panels for which the run has recorded something; None where there are none."""
    run = diagnosis.run.current
    drawn = [(panel, found) for panel in panels if (found := _recorded(run, panel))]
    if not drawn:
        return None
    findings = diagnosis.findings
    heights = [0.25 * len(findings) + 0.01, *(2.4 for _ in drawn)]
    figure = Figure(figsize=(9.5, 1.2 + sum(heights)), layout="constrained")
    canvas.title(figure, f"{title}: {canvas.plain(run.name)}")
    timeline, *axes = figure.subplots(
        len(heights), sharex=True, squeeze=False, height_ratios=heights
    )[:, 0]
    _timeline(timeline, findings, run)
    for ax, (panel, found) in zip(axes, drawn, strict=True):
        _panel(ax, panel, found, run)
        canvas.mark_onsets(ax, findings)
    canvas.time_axis(axes[-1], run)
    return figure


def _panel(ax: Axes, panel: Panel, found: Sequence[tuple[Curve, Series]], run: Run) -> None:
    for curve, series in found:
        canvas.draw(ax, series, curve.label, curve.colour, curve.line)
    rest = panel.rest(run)
    if rest is not None:
        ax.axhline(rest[0], color=GREY, lw=1, ls=":", label=rest[1])
    ax.set_title(panel.title)
    ax.set_ylabel(VOCABULARY[panel.curves[0].name].unit.replace("1", ""))
    ax.set_yscale("log" if _spans_decades([series for _, series in found]) else "linear")
    ax.yaxis.set_major_formatter(canvas.NUMBERS)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _recorded(run: Run, panel: Panel) -> list[tuple[Curve, Series]]:
    found: list[tuple[Curve, Series]] = []
    for curve in panel.curves:
        for series in run.series:
            drawable = series.key.name == curve.name and np.isfinite(series.values).any()
            # Of two curves that cover each other, the first is drawn.
            if drawable and not any(_covers(drawn, series) for _, drawn in found):
                found.append((curve, series))
    return found


def _covers(one: Series, other: Series) -> bool:
    same_steps = one.key.player == other.key.player and np.array_equal(one.steps, other.steps)
    return same_steps and np.allclose(one.values, other.values, rtol=1e-3, equal_nan=True)


def _spans_decades(found: Sequence[Series]) -> bool:
    values = np.concatenate([s.values[np.isfinite(s.values)] for s in found])
    return bool(values.min() > 0 and values.max() > 30 * values.min())


def _timeline(ax: Axes, findings: Sequence[Finding], run: Run) -> None:
    """When each finding stood, as a bar from its onset on, named at the right."""
    if not findings:
        ax.set_axis_off()
        return
    for row, finding in enumerate(findings):
        end = run.last_step if finding.cleared is None else finding.cleared
        length, colour = end - finding.onset, canvas.colour_of(finding)
        ax.barh(row, length, left=finding.onset, height=0.6, color=colour)
    names = [f"{f.code} {f.slug}, {f.severity if f.standing else 'cleared'}" for f in findings]
    ax.set_yticks(range(len(findings)), [canvas.plain(name) for name in names], fontsize=9)
    ax.set_ylim(len(findings) - 0.4, -0.6)
    ax.yaxis.tick_right()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
