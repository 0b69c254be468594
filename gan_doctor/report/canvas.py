"""What all charts of curves share: colours, the time axis, how one series and the findings look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from gan_doctor.core import Finding, Run, Series
from gan_doctor.report.colours import GREY, ORANGE, YELLOW
from gan_doctor.report.envelope import envelope
from gan_doctor.report.wording import harmless, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SEVERITY: Mapping[str, str] = {"critical": ORANGE, "warning": YELLOW, "info": GREY}
_CLOCK = {"generator_step": "generator step", "kimg": "thousand images", "row": "row of the log"}

NUMBERS = FuncFormatter(lambda value, _: number(value))


def title(figure: Figure, text: str) -> None:
    """Writes what the figure shows at its top left."""
    figure.suptitle(text, x=0.01, ha="left", weight="bold")


def draw(ax: Axes, series: Series, label: str, colour: str, line: str = "-") -> None:
    """Draws the means of a series as a line, and from its least to its greatest values in pale."""
    shape = envelope(series)
    player = f" {plain(series.key.player)}" if series.key.player else ""
    ax.plot(shape.steps, shape.mean, line, color=colour, label=label + player)
    ax.fill_between(shape.steps, shape.low, shape.high, color=colour, alpha=0.2, lw=0)


def mark_onsets(ax: Axes, findings: Sequence[Finding], named: bool = False) -> None:
    """Draws a line where each finding begins, which a legend can name."""
    for finding in findings:
        label = f"{plain(finding.code)} begins" if named else None
        ax.axvline(finding.onset, color=colour_of(finding), lw=1.2, ls="--", label=label)


def colour_of(finding: Finding) -> str:
    """By severity; grey for what has cleared."""
    return _SEVERITY[finding.severity if finding.standing else "info"]


def time_axis(ax: Axes, run: Run) -> None:
    """Names the clock, and writes its numbers as the report does."""
    ax.set_xlabel(_CLOCK.get(run.clock, run.clock))
    ax.xaxis.set_major_formatter(NUMBERS)


def plain(text: str) -> str:
    """A foreign name in the letters that every font has."""
    return harmless(text).encode("ascii", "backslashreplace").decode()
