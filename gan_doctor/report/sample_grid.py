"""The samples over time above real ones, in one picture: a row a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from gan_doctor.core import Run, evenly
from gan_doctor.report.kept_samples import Batch, loaded
from gan_doctor.report.wording import at, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 8
COLUMNS = 12
GAP = 1  # pixels between two images


def sample_grid(run: Run, player: str = "") -> Figure | None:
    """Images as rows of a grid, points of the plane as scatter plots; None for anything else.

    Args:
        run: Of its kept fakes at most 8 batches, spread evenly over time; then its latest reals.
        player: Whose samples, where there are several.
    """
    kept = [s for s in run.current.samples if s.player == player]
    fakes = evenly([s for s in kept if s.kind == "fake"], ROWS)
    reals = [s for s in kept if s.kind == "real"][-1:]
    batches = {at(run, s.step) if s.kind == "fake" else "real": loaded(s) for s in (*fakes, *reals)}
    rows = {name: batch for name, batch in batches.items() if batch is not None}
    if not fakes or not rows:
        return None
    if all(batch.ndim == 4 and batch.dtype == np.uint8 for batch in rows.values()):
        figure, title = _images(rows), "Samples over time"
    elif all(batch.ndim == 2 and batch.shape[1] == 2 for batch in rows.values()):
        figure, title = _points(rows), "Samples over time, on the real points in grey"
    else:
        return None
    lost = len(batches) - len(rows)
    note = f" ({count(lost, 'batch', 'batches')} could not be read)" if lost else ""
    figure.suptitle(f"{title}{note}", x=0.01, ha="left", weight="bold")
    return figure


def _images(rows: dict[str, Batch]) -> Figure:
    figure = Figure(figsize=(9.5, 0.5 + 0.75 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), squeeze=False)[:, 0]
    for ax, (name, batch) in zip(axes, rows.items(), strict=True):
        ax.imshow(_strip(batch[:COLUMNS]), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        _name(ax, name)
    return figure


def _strip(images: Batch) -> Batch:
    """(N, C, H, W) side by side, (H, N * (W + GAP), 3), on white; missing columns stay white."""
    n, channels, h, w = images.shape
    colours = images[:, :3] if channels >= 3 else np.repeat(images[:, :1], 3, axis=1)
    strip = np.full((h, COLUMNS, w + GAP, 3), 255, np.uint8)
    strip[:, :n, :w] = colours.transpose(2, 0, 3, 1)
    return strip.reshape(h, -1, 3)


def _points(rows: dict[str, Batch]) -> Figure:
    columns = min(3, len(rows))
    lines = -(-len(rows) // columns)
    figure = Figure(figsize=(3.2 * columns, 0.5 + 3.2 * lines), layout="constrained")
    axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    # The window is that of the real points: what lies far outside is not squeezed into sight.
    frame = rows.get("real", next(reversed(rows.values())))
    centre, reach = np.median(frame, axis=0), 1.6 * np.ptp(frame, axis=0).max() / 2 or 1.0
    for ax, (name, batch) in zip(axes, rows.items(), strict=False):
        if "real" in rows and name != "real":
            ax.scatter(*rows["real"].T, s=6, color="#BBBBBB", lw=0)
        inside = (np.abs(batch - centre) <= reach).all(axis=1).mean()
        ax.scatter(*batch.T, s=6, color="#009E73" if name == "real" else "#D55E00", lw=0)
        ax.set(xlim=(centre[0] - reach, centre[0] + reach), aspect="equal")
        ax.set(ylim=(centre[1] - reach, centre[1] + reach))
        ax.set_title(name if inside == 1 else f"{name} ({1 - inside:.0%} outside)")
    for ax in axes[len(rows) :]:
        ax.set_axis_off()
    return figure


def _name(ax: Axes, name: str) -> None:
    ax.grid(False)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    weight = "bold" if name == "real" else "normal"
    ax.set_ylabel(name, rotation=0, ha="right", va="center", weight=weight)
