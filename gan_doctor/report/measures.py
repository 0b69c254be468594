"""The sample measures over time, each beside the band that real data gives against real data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from gan_doctor.core import VOCABULARY, Band, Diagnosis, Finding, Run, Series
from gan_doctor.report import canvas
from gan_doctor.report.colours import BLUE, GREEN

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def measure_chart(diagnosis: Diagnosis) -> Figure | None:
    """A panel for each measure of the samples, None where none was recorded."""
    run = diagnosis.run.current
    found = [
        series
        for series in run.series
        if series.key.name.startswith(("sample/", "metric/"))
        and series.key.label is None
        and np.isfinite(series.values).any()
    ]
    if not found:
        return None
    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(1 + 4 * columns, 1 + 2.3 * rows), layout="constrained")
    canvas.title(figure, f"Sample measures: {canvas.plain(run.name)}")
    axes = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for ax, series in zip(axes, found, strict=False):
        _measure(ax, series, run, diagnosis.findings)
    for ax in axes[len(found) :]:
        ax.set_axis_off()
    for ax in axes[max(0, len(found) - columns) : len(found)]:
        ax.tick_params(labelbottom=True)
        canvas.time_axis(ax, run)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=2 * columns)
    return figure


def _measure(ax: Axes, series: Series, run: Run, findings: Sequence[Finding]) -> None:
    canvas.draw(ax, series, "fakes", BLUE, ".-")
    bands = [band for band in run.bands if band.key == series.key]
    _band(ax, bands, run.last_step)
    key, term = series.key, VOCABULARY.get(series.key.name)
    name = key.name.partition("/")[2].replace("_", " ")
    better = f", {term.better} is better" if term and term.better else ""
    whose = " ".join(canvas.plain(part) for part in (key.player, key.features) if part)
    ax.set_title(f"{name}{f' ({whose})' if whose else ''}{better}", fontsize=9)
    if term and (term.low, term.high) == (0, 1):
        ax.set_ylim(-0.03, 1.03)
    ax.yaxis.set_major_formatter(canvas.NUMBERS)
    canvas.mark_onsets(ax, findings, named=True)


def _band(ax: Axes, bands: Sequence[Band], last_step: float) -> None:
    """The band as it stood at each step: it changes when the reservoir of reals has grown."""
    if not bands:
        return
    steps = [*(band.step for band in bands), last_step]
    low = [band.low for band in (*bands, bands[-1])]
    high = [band.high for band in (*bands, bands[-1])]
    ax.fill_between(
        steps, low, high, step="post", color=GREEN, alpha=0.35, lw=1, label="real against real"
    )
