"""A file with a few numbers on each line and nothing else."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from gan_doctor.core import FloatArray, Source
from gan_doctor.readers._table import IntArray
from gan_doctor.readers._tail import Tail

ABSENT = frozenset(("", "na", "n/a", "null", "none", "no", "-"))


class NumberFile:
    """The numbers of a file so far; a first line without any is its header, and no row.

    Args:
        file: Its name below a folder; "" for the source itself.
        width: Numbers on a line; what follows them is not looked at.
        separator: What stands between them beside blanks, if anything.
    """

    def __init__(self, file: str, width: int, separator: bytes = b"") -> None:
        self.tail = Tail(file)
        self.lines = 0
        self.broken = 0
        self._width, self._separator = width, separator
        self._order: list[IntArray] = []
        self._numbers: list[FloatArray] = []

    def feed(self, source: Source) -> None:
        """Reads what has come since."""
        for piece in self.tail.pieces(source):
            if self._separator:
                piece = piece.replace(self._separator, b" ")
            if not self._order:
                piece = _without_header(piece)
            order, numbers = self._fast(piece) or self._line_by_line(piece)
            self._order.append(order)
            self._numbers.append(numbers)

    @property
    def numbers(self) -> tuple[IntArray, FloatArray]:
        """(N,) the lines that hold numbers, counted from 0, and (N, width) what they hold."""
        if not self._order:
            return np.empty(0, dtype=np.int64), np.empty((0, self._width))
        self._order = [np.concatenate(self._order)]
        self._numbers = [np.concatenate(self._numbers)]
        return self._order[0], self._numbers[0]

    @property
    def notes(self) -> list[str]:
        """What was left out."""
        name = f"{self.tail.file}: " if self.tail.file else ""
        broken = [f"{name}{self.broken} broken lines left out"] if self.broken else []
        return [*broken, *self.tail.notes]

    def _fast(self, piece: bytes) -> tuple[IntArray, FloatArray] | None:
        """With NumPy's own reading, where every line holds numbers and nothing but them."""
        if not piece.strip():
            return None
        try:
            numbers = np.loadtxt(io.BytesIO(piece), comments=None, ndmin=2, encoding="utf-8")
        except ValueError:
            return None
        if numbers.shape != (piece.count(b"\n"), self._width):
            return None
        order = self.lines + np.arange(len(numbers))
        self.lines += len(numbers)
        return order, numbers

    def _line_by_line(self, piece: bytes) -> tuple[IntArray, FloatArray]:
        order, rows = [], []
        for line in piece.splitlines():
            cells = line.decode(errors="replace").split()
            row = _row(cells[: self._width])
            if row is not None and len(row) == self._width:
                order.append(self.lines)
                rows.append(row)
            elif {cell.lower() for cell in cells} - ABSENT:
                self.broken += 1
            self.lines += 1
        return np.array(order, dtype=np.int64), np.array(rows).reshape(-1, self._width)


def _without_header(piece: bytes) -> bytes:
    first, _, others = piece.partition(b"\n")
    return piece if any(map(is_number, first.decode(errors="replace").split())) else others


def is_number(text: str) -> bool:
    """Whether a cell is a number, or says that there is none."""
    text = text.strip()
    return bool(text) and (text.lower() in ABSENT or _row([text]) is not None)


def _row(cells: Sequence[str]) -> list[float] | None:
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None
