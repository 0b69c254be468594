"""How a table in a text file is laid out: what separates its cells, and what its columns are."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import PurePosixPath

from gan_doctor.readers._naming import Naming
from gan_doctor.readers._number_file import ABSENT, is_number
from gan_doctor.readers._rows import MOST_TAGS, place_of, telling

_DELIMITERS = ("\t", ";", ",", " ")
_MOST_BEFORE = 30  # lines before the header
# A table with a row for each number: the column that names it, the one that holds it, and the run.
_TAGS = frozenset(("tag", "key", "metric", "metric_name", "name", "variable"))
_RUNS = frozenset(("run_id", "run", "experiment_id", "run id"))
_TENSORBOARD = ["wall time", "step", "value"]
_EXPORTED = re.compile(r"run-.*?-tag-(?P<tag>.+)")
# "Epoch: 1, D loss: 0.5": printed text, and no header.
_PRINTED = re.compile(r"[:=]\s*[-+]?\.?\d|\s[-+]?\d+\.\d*$|^\w+ \d+$")


@dataclass(frozen=True)
class Layout:
    """How the cells of a row are read.

    Args:
        delimiter: What separates them, " " for any blanks.
        header: The cells of the header; "1", "2" and so on where there is none.
        tags: What to call the columns that are of use, by their index.
        first: The line of the first row.
        tall: The columns of the tag, the value and the run (-1 without one), in a table that has a
            row for each number.
        notes: What is not read.
    """

    delimiter: str
    header: tuple[str, ...]
    tags: dict[int, str]
    first: int
    tall: tuple[int, int, int] | None = None
    notes: tuple[str, ...] = ()

    @property
    def places(self) -> frozenset[str]:
        """What its columns say of where in the training a row stands."""
        words = (place_of(tag) for tag in self.tags.values())
        return frozenset(word for word in words if word)


def layout_of(lines: Sequence[str], file: str, naming: Naming) -> Layout | None:
    """The layout of a table by its first lines, None if it is none of a training.

    Args:
        lines: Without a last one that may not be whole.
        file: What it is called, which says what an export of TensorBoard holds.
        naming: What is known of its tags.
    """
    written = [i for i, line in enumerate(lines[: _MOST_BEFORE + 2]) if line.strip()]
    found = []
    for i, after in zip_longest(written, written[1:]):
        for delimiter in _DELIMITERS:
            below = None if after is None else cells_of(lines[after], delimiter)
            layout = _with_header(cells_of(lines[i], delimiter), below, delimiter, i + 1, file)
            known = _known(layout, naming, lines) if layout else (0, 0)
            if layout and any(known):
                found.append((known, layout))
        if any(series for (series, _), _ in found):
            break
    if found:
        return max(found, key=lambda pair: pair[0])[1]
    return _without_header([lines[i] for i in written], naming)


def sureness(layout: Layout, naming: Naming, lines: Sequence[str]) -> float:
    """How much it looks like the log of a GAN's training, 0 to 1."""
    series, places = _known(layout, naming, lines)
    if not series:
        return 0.1
    return (0.75 if places else 0.5) + 0.001 * min(series, 20)


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of a line."""
    line = line.rstrip("\r\n")
    if delimiter == " ":
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def _known(layout: Layout, naming: Naming, lines: Sequence[str]) -> tuple[int, int]:
    """How many series and places are known in it."""
    tags = list(layout.tags.values())
    if layout.tall:
        rows = (cells_of(line, layout.delimiter) for line in lines[layout.first :])
        tags += {row[layout.tall[0]] for row in rows if len(row) > layout.tall[0]}
    return telling((tag for tag in tags if place_of(tag) is None), naming), len(layout.places)


def _with_header(
    header: Sequence[str], below: Sequence[str] | None, delimiter: str, first: int, file: str
) -> Layout | None:
    """The layout if these cells are a header, and those below it a row."""
    if not 2 <= len(header) <= MOST_TAGS:
        return None
    header = [cell.strip().strip("\ufeff").strip('"') for cell in header]
    header[0] = header[0].lstrip("# ")
    if not all(header[1:]) or any(
        is_number(cell) and cell.lower() not in ABSENT for cell in header
    ):
        return None
    if any(map(_PRINTED.search, header)):
        return None
    if below is None:
        if delimiter == " ":
            return None
    elif not _is_row(below, len(header)) or (delimiter == " " and not all(map(is_number, below))):
        return None
    return _named(tuple(header), delimiter, first, file)


def _is_row(cells: Sequence[str], width: int) -> bool:
    return has_width(cells, width) and any(is_number(cell.replace(",", ".")) for cell in cells)


def has_width(cells: Sequence[str], width: int) -> bool:
    """Whether a row has the cells of its header; empty ones may follow."""
    return len(cells) == width or (len(cells) > width and not "".join(cells[width:]).strip())


def _named(header: tuple[str, ...], delimiter: str, first: int, file: str) -> Layout:
    lowered = [cell.lower() for cell in header]
    if lowered == _TENSORBOARD:
        stem = PurePosixPath(file).stem
        match = _EXPORTED.fullmatch(stem)
        return Layout(delimiter, header, {1: header[1], 2: match["tag"] if match else stem}, first)
    tags = {i: tag for i, tag in enumerate(header) if tag}
    naming = [i for i, cell in enumerate(lowered) if cell in _TAGS]
    if "value" in lowered and naming:
        run = next((i for i, cell in enumerate(lowered) if cell in _RUNS), -1)
        places = {i: tag for i, tag in tags.items() if place_of(tag)}
        tall = (naming[0], lowered.index("value"), run)
        return Layout(delimiter, header, places, first, tall)
    tags, notes = _of_one_run({i: tag for i, tag in tags.items() if not _is_envelope(tag, header)})
    once = {tag: i for i, tag in reversed(tags.items())}
    return Layout(
        delimiter, header, {i: tag for tag, i in reversed(once.items())}, first, notes=notes
    )


def _is_envelope(tag: str, header: Sequence[str]) -> bool:
    """W&B exports each column with its least and its greatest beside it."""
    return tag.endswith(("__MIN", "__MAX")) and tag[:-5] in header


def _of_one_run(tags: dict[int, str]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Without the name of the run in front of each tag, which W&B exports: `run - d_loss`."""
    series = {i: tag.rpartition(" - ") for i, tag in tags.items() if place_of(tag) is None}
    if not series or not all(run for run, _, _ in series.values()):
        return tags, ()
    runs = list(dict.fromkeys(run for run, _, _ in series.values()))
    mine = {i: tag for i, (run, _, tag) in series.items() if run == runs[0]}
    kept = {i: mine.get(i, tag) for i, tag in tags.items() if i in mine or i not in series}
    notes = (f"of {len(runs)} runs in the table only {runs[0]} is read",) if runs[1:] else ()
    return kept, notes


def _without_header(lines: Sequence[str], naming: Naming) -> Layout | None:
    """Of a table of numbers, if a person has told what one of its columns is, counted from 1."""
    if not lines or not any(tag.isdecimal() for tag in naming.told):
        return None
    for delimiter in _DELIMITERS:
        rows = [cells_of(line, delimiter) for line in lines]
        numbers = all(map(is_number, (cell for row in rows for cell in row)))
        if numbers and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1:
            header = [str(i + 1) for i in range(len(rows[0]))]
            tags = {i: tag for i, tag in enumerate(header) if tag in naming.told}
            if 0 not in tags and _rises([row[0] for row in rows]):
                tags = {0: "step", **tags}
            return Layout(delimiter, tuple(header), tags, 0)
    return None


def _rises(cells: Sequence[str]) -> bool:
    try:
        numbers = [int(cell) for cell in cells]
    except ValueError:
        return False
    return len(numbers) > 1 and all(a < b for a, b in pairwise(numbers))
