"""The rows of a sweep for a terminal, for a table and for machines."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

import gan_doctor
from gan_doctor.core.json_form import number_to_json
from gan_doctor.report.finding_lines import in_blocks
from gan_doctor.report.hanging import paragraph
from gan_doctor.report.json_report import encoded
from gan_doctor.report.wording import count, harmless, number

VERSION = 1
MOST_ERRORS = 10  # told in full; the others are counted

Plain = Mapping[str, str | float | None]  # a row or a configuration: words and numbers by name

_STYLE = {"stop": "bold red", "roll back": "bold red", "change": "bold red", "unread": "bold"}
_STYLE |= {"watch": "bold yellow", "continue": "green", "fine": "green"}
_TO_DO = {
    "stop": "to stop",
    "roll back": "to roll back",
    "change": "to change",
    "unread": "cannot be read",
    "watch": "to watch",
    "continue": "to go on",
    "fine": "fine",
}


def triage_text(rows: Sequence[Plain], configurations: Sequence[Plain]) -> Group:
    """The rows for a terminal, the configurations of several runs, and what cannot be read.

    Print it with `soft_wrap`: a line is as long as its path. Names out of a log are never read as
    markup, and no meaning rests on colour alone.

    Args:
        rows: In their order.
        configurations: The same runs by configuration.
    """
    sections = (_opening(rows), _table(rows), _by_configuration(configurations), _unread(rows))
    return in_blocks(sections)


def triage_headline(rows: Sequence[Plain]) -> str:
    """How many runs there are, and what they need: "3 runs: 1 to stop, 2 fine"."""
    counted = Counter(str(row["outlook"]) for row in rows)
    told = ", ".join(
        f"{number(counted[key])} {words}" for key, words in _TO_DO.items() if counted[key]
    )
    return f"{count(len(rows), 'run')}: {told}" if rows else "No run is meant"


def triage_json(rows: Sequence[Plain], configurations: Sequence[Plain]) -> bytes:
    """The same as one JSON object with a version; see `json_report` for how it may change."""
    content = {
        "format": "gan-doctor triage",
        "version": VERSION,
        "written_by": gan_doctor.__version__,
        "headline": triage_headline(rows),
        "runs": list(rows),
        "configurations": list(configurations),
    }
    return encoded(content)


def triage_csv(rows: Sequence[Plain], fields: Sequence[str]) -> str:
    """The rows as comma separated values under their names; what is not known is empty.

    Args:
        rows: In their order.
        fields: The columns.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(fields)
    for row in rows:
        table.writerow([_cell(row[field]) for field in fields])
    return file.getvalue()


def spread(configuration: Plain) -> str:
    """The best values of runs of one configuration: "3 to 9, median 5 (metric/fid of 4 runs)"."""
    if not configuration["measured"]:
        return ""
    low, middle, high = (number(_float(configuration[name])) for name in ("low", "middle", "high"))
    of = f"({harmless(str(configuration['measure']))} of {configuration['measured']})"
    return f"{low} to {high}, median {middle} {of}" if low != high else f"{low} {of}"


def percent(share: float | str | None) -> str:
    """A share as people read it, "" where it is not known."""
    return f"{_float(share):.0%}" if share is not None else ""


def _cell(value: str | float | None) -> str | float:
    if isinstance(value, str):
        return value
    return "" if value is None else number_to_json(value)


def _opening(rows: Sequence[Plain]) -> Iterator[RenderableType]:
    worst = str(rows[0]["outlook"]) if rows else "fine"
    yield paragraph(triage_headline(rows), style=_STYLE[worst])


def _table(rows: Sequence[Plain]) -> Iterator[RenderableType]:
    heads = ("outlook", "wasted", "first problem", "since", "step", "budget", "state", "run")
    lines = [
        (
            str(row["outlook"]),
            percent(row["wasted"]),
            harmless(str(row["finding"])) or "-",
            _number(row["onset"]),
            _number(row["step"]),
            _number(row["budget"]),
            str(row["state"]),
            harmless(str(row["name"])),
        )
        for row in rows
    ]
    styles = [_STYLE[str(row["outlook"])] for row in rows]
    yield from _columns([heads, *lines], right=(1, 3, 4, 5), styles=["bold", *styles])


def _by_configuration(configurations: Sequence[Plain]) -> Iterator[RenderableType]:
    several = [of for of in configurations if _float(of["n"]) > 1]
    if not several:
        return
    heads = ("runs", "critical", "unread", "best", "configuration")
    lines = [
        (
            _number(of["n"]),
            _number(of["critical"]),
            _number(of["unread"]),
            spread(of) or "-",
            harmless(str(of["name"])),
        )
        for of in several
    ]
    yield paragraph("By configuration, over its seeds", style="bold")
    yield from _columns([heads, *lines], right=(0, 1, 2), styles=["bold", *[""] * len(lines)])


def _unread(rows: Sequence[Plain]) -> Iterator[RenderableType]:
    errors = [str(row["error"]) for row in rows if row["error"]]
    for error in errors[:MOST_ERRORS]:
        yield paragraph(harmless(error), "Unread  ", "dim")
    if len(errors) > MOST_ERRORS:
        yield paragraph(f"and {count(len(errors) - MOST_ERRORS, 'more')}", "Unread  ", "dim")


def _columns(
    lines: Sequence[Sequence[str]], right: Sequence[int], styles: Sequence[str]
) -> Iterator[Text]:
    """Lines of which the columns stand below each other, the last as long as it is."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line, style in zip(lines, styles, strict=True):
        cells = [
            f"{cell:>{width}}" if n in right else f"{cell:<{width}}"
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text = Text("  ".join(cells).rstrip(), no_wrap=True, overflow="ignore")
        text.stylize(style, 0, widths[0])
        yield text


def _number(value: float | str | None) -> str:
    return "-" if value is None else number(_float(value))


def _float(value: float | str | None) -> float:
    assert isinstance(value, int | float)
    return float(value)
