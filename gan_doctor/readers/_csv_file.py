"""The rows of a table in a text file, also while it grows."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from gan_doctor.core import FloatArray, Source
from gan_doctor.readers._csv_layout import Layout, cells_of, has_width, layout_of
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._number_file import ABSENT, is_number
from gan_doctor.readers._rows import Rows
from gan_doctor.readers._table import BoolArray
from gan_doctor.readers._tail import Tail

# What str() makes of a tensor or a NumPy number that somebody forgot to unpack.
_WRAPPED = re.compile(r"(?:tensor|array|np\.float\d+)\(\[?\s*(?P<number>[-+.\w]+)")
_MOST_BROKEN = 1_000  # of lines that may be another header
# The negative of the least normal number: no log holds it, and NaN is a value.
_STAND_IN = b"-2.2250738585072014e-308"
_NEWLINE = ord("\n")


class CsvFile:
    """The rows of a table so far.

    Args:
        file: Its name below a folder; "" for the source itself.
        layout: How it begins.
        naming: What is known of its tags.
    """

    def __init__(self, file: str, layout: Layout, naming: Naming) -> None:
        self.tail = Tail(file)
        self.rows = Rows(naming)
        self._naming, self._layout = naming, layout
        self._to_skip = layout.first  # lines up to the header
        self._run = ""  # which of several is read, in a table with a row for each number
        self._broken = self._unread = self._headers = 0
        self._other_runs: set[str] = set()

    def feed(self, source: Source) -> None:
        """Reads what has come since; a last line without a newline if its cells are all closed."""
        for piece in self.tail.pieces(source):
            while self._to_skip and piece:
                piece = piece.partition(b"\n")[2]
                self._to_skip -= 1
            if piece.strip() and not self._fast(piece):
                self._line_by_line(piece.decode(errors="replace").split("\n"))
        last = self.tail.torn.decode(errors="replace").strip()
        cells = cells_of(last, self._layout.delimiter)
        closed = last.startswith('"') and last.endswith('"') and last.count('"') == 2 * len(cells)
        if closed and len(cells) == len(self._layout.header) and not self._to_skip:
            self._line_by_line([last])
            self.tail.take_torn()

    @property
    def notes(self) -> list[str]:
        """What was left out."""
        name = f"{self.tail.file}: " if self.tail.file else ""
        notes = list(self._layout.notes)
        if self._other_runs:
            runs = 1 + len(self._other_runs)
            notes.append(f"of {runs} runs in the table only {self._run} is read")
        if self._headers:
            times = "once" if self._headers == 1 else f"{self._headers} times"
            notes.append(f"the header comes again {times}: a restart has appended to the file")
        if self._broken:
            notes.append(f"{self._broken} broken lines left out")
        if self._unread:
            notes.append(f"{self._unread} cells are no numbers, and left out")
        return [f"{name}{note}" for note in notes] + self.tail.notes + self.rows.notes

    def _fast(self, piece: bytes) -> bool:
        """With NumPy's own reading, where all cells that are of use are plain numbers."""
        tags = {i: tag for i, tag in self._layout.tags.items() if self.rows.wanted(tag)}
        delimiter, width = self._layout.delimiter, len(self._layout.header)
        if self._layout.tall or not tags or not _is_regular(piece, delimiter, width):
            return False
        numbers = _loaded(piece, delimiter, list(tags))
        if numbers is None and b'"' not in piece and delimiter != " ":
            filled = _absent(delimiter).sub(delimiter.encode() + _STAND_IN, piece)
            numbers = _loaded(filled, delimiter, list(tags))
        if numbers is None:
            return False
        columns = dict(zip(tags.values(), numbers, strict=True))
        holes = {tag: column == float(_STAND_IN) for tag, column in columns.items()}
        self._add(
            numbers.shape[1],
            {tag: np.where(holes[tag], np.nan, column) for tag, column in columns.items()},
            {tag: ~there for tag, there in holes.items() if there.any()},
        )
        return True

    def _line_by_line(self, lines: Sequence[str]) -> None:
        rows: list[list[str]] = []
        for line in lines:
            if not line.strip():
                continue
            cells = cells_of(line, self._layout.delimiter)
            if has_width(cells, len(self._layout.header)) and self._has_number(cells):
                rows.append(cells)
            elif (layout := self._header(line, cells)) is None:
                self._broken += 1
            else:
                self._take(rows)
                rows = []
                self._headers += 1
                self._layout = replace(layout, notes=self._layout.notes)
        self._take(rows)

    def _header(self, line: str, cells: Sequence[str]) -> Layout | None:
        """The layout that a line tells of that is no row."""
        if tuple(cell.strip() for cell in cells) == self._layout.header:
            return self._layout
        if self._broken > _MOST_BROKEN or not self._layout.places:
            return None
        layout = layout_of([line], self.tail.file, self._naming)
        # A torn row of `tag,step,value` may look like a header, but for the step in it.
        return layout if layout and layout.places >= self._layout.places else None

    def _has_number(self, cells: Sequence[str]) -> bool:
        """Whether a line may be a row."""
        tall = self._layout.tall
        try:
            float(cells[tall[1] if tall else next(iter(self._layout.tags), 0)])
        except ValueError:
            return any(self._number(cell) is not None or is_number(cell) for cell in cells)
        return True

    def _take(self, rows: Sequence[Sequence[str]]) -> None:
        if self._layout.tall:
            self._take_tall(rows)
        elif rows:
            by_column = list(zip(*(row[: len(self._layout.header)] for row in rows), strict=True))
            columns, present = self._columns(by_column)
            self._add(len(rows), columns, present)

    def _take_tall(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows of one number each, by their tags."""
        tag, value, run = self._layout.tall or (0, 0, -1)
        by_tag: dict[str, list[int]] = {}
        for i, row in enumerate(rows):
            if run >= 0:
                self._run = self._run or row[run]
                if row[run] != self._run:
                    self._other_runs.add(row[run])
                    continue
            by_tag.setdefault(row[tag], []).append(i)
        for name, at in by_tag.items():
            mine = list(zip(*(rows[i] for i in at), strict=False))
            columns, present = self._columns(mine)
            columns[name], there = self._numbers(mine[value], self.rows.wanted(name))
            if there is not None:
                present[name] = there
            self.rows.add(self.rows.count + np.array(at, dtype=np.int64), columns, present)
        self.rows.count += len(rows)

    def _columns(
        self, cells: Sequence[Sequence[str]]
    ) -> tuple[dict[str, FloatArray], dict[str, BoolArray]]:
        columns, present = {}, {}
        for i, tag in self._layout.tags.items():
            if not self.rows.wanted(tag):
                continue
            columns[tag], there = self._numbers(cells[i], counted=True)
            if there is not None:
                present[tag] = there
        return columns, present

    def _add(self, n: int, columns: dict[str, FloatArray], present: dict[str, BoolArray]) -> None:
        for tag in self._layout.tags.values():
            self.rows.wanted(tag)  # those of no use are named in the report
        self.rows.add(self.rows.count + np.arange(n), columns, present)
        self.rows.count += n

    def _numbers(self, cells: Sequence[str], counted: bool) -> tuple[FloatArray, BoolArray | None]:
        """A column of cells, and which are numbers at all; None where all are."""
        try:
            return np.array(cells, dtype=np.float64), None
        except ValueError:
            pass
        found = [self._number(cell) for cell in cells]
        if counted:
            lost = (cell for cell, one in zip(cells, found, strict=True) if one is None)
            self._unread += sum(cell.strip().lower() not in ABSENT for cell in lost)
        there = np.array([one is not None for one in found])
        return np.array([np.nan if one is None else one for one in found]), there

    def _number(self, cell: str) -> float | None:
        match = _WRAPPED.match(cell)
        text = match["number"] if match else cell
        if "," in text and "." not in text and self._layout.delimiter != ",":
            text = text.replace(",", ".", 1)
        try:
            return float(text)
        except ValueError:
            return None


@cache
def _absent(delimiter: str) -> re.Pattern[bytes]:
    """The cells that say that there is no number, with what separates them from the one before."""
    words = "|".join(map(re.escape, sorted(filter(None, ABSENT))))
    edge = re.escape(delimiter)
    return re.compile(rf"{edge}(?i:{words})?(?=[{edge}\r\n])".encode())


def _loaded(piece: bytes, delimiter: str, columns: Sequence[int]) -> FloatArray | None:
    """(columns, N) the numbers in some columns, None where any of their cells is none."""
    try:
        return np.loadtxt(
            io.BytesIO(piece),
            delimiter=None if delimiter == " " else delimiter,
            comments=None,
            quotechar='"',
            usecols=columns,
            unpack=True,
            ndmin=2,
            encoding="utf-8",
        )
    except ValueError:
        return None


def _is_regular(piece: bytes, delimiter: str, width: int) -> bool:
    """Whether every line has the same cells: a torn line may have the numbers of two rows."""
    if delimiter == " ":
        return len(piece.split()) == width * piece.count(b"\n")
    data = np.frombuffer(piece, dtype=np.uint8)
    ends = np.flatnonzero(data == _NEWLINE)
    cells = np.searchsorted(np.flatnonzero(data == ord(delimiter)), ends)
    return bool((np.diff(cells, prepend=0) == width - 1).all())
