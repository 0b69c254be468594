"""Logs of bare numbers, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._folder import candidates, head_of
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._number_file import NumberFile, is_number
from gan_doctor.readers._pace import Numbers, side_by_side
from gan_doctor.readers._rows import name_of, telling
from gan_doctor.readers._tail import fed

__all__ = ["BareNumbersReader"]

_FILES = ("*.txt", "*.csv", "*.dat", "*.log")
_FEWEST = 2  # lines, to know the format
_MOSTLY = 0.8  # of them are numbers
_NAMED, _UNNAMED = 0.55, 0.15


class BareNumbersReader(Reader):
    """Files with one number on each line, as `numpy.savetxt` writes them.

    What it reads:
        A folder with such files whose names say what is in them: `D_loss.txt` and `G_loss.txt`,
        `d_losses.csv`, `loss_G.dat`. They make one run. Steps are the rows of G's loss. Where
        another file has more rows or fewer, its rows are spread over those of G: 3,600 values of D
        beside 1,800 of G are two steps of D for each of G, and D's row i stands at step i / 2.

        A single such file is one series, named by the file. A name on the first line counts as the
        file's. `nan` and `inf` are values; a row that says `None` or `NA` keeps its place.

        It can be read while it is written: a last line without a newline is torn and left out.

    What it does not read:
        Several numbers on a line, and NumPy's own `.npy`.
    """

    title = "bare numbers"
    files = "D_loss.txt and G_loss.txt, one number a line"

    def score(self, source: Source) -> float:
        """By the names of the files that hold nothing but numbers."""
        found = candidates(source, _FILES, self._sureness)
        if len(found) > 1 and not self._named(found):
            return 0.0  # which of them is a log?
        return found[0][0] if found else 0.0

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        found = candidates(source, _FILES, self._sureness)
        if not found and source.is_dir():
            raise ReadError(source.name, "no file in it has one number on each line")
        files = self._named(found) or [file for _, file in found[:1]] or [""]
        before: dict[str, NumberFile] = since.state if since else {}
        log = {}
        for file in files:
            log[file] = fed(before.get(file), NumberFile(file, 1), source)
        columns = {self._tag(source, file): _column(numbers) for file, numbers in log.items()}
        notes = [note for numbers in log.values() for note in numbers.notes]
        run = side_by_side(name_of(source), source.name, columns, Naming(self.told), notes)
        return run, Cursor(log)

    def _sureness(self, source: Source, file: str) -> float:
        lines = head_of(source, file).decode(errors="replace").split("\n")[:-1]
        first, *others = [line for line in lines if line.strip()] or [""]
        numbers = others if others and not is_number(first) else [first, *others]
        if len(numbers) < _FEWEST or sum(map(is_number, numbers)) < _MOSTLY * len(numbers):
            return 0.0
        return _NAMED if self._means(self._tag(source, file)) else _UNNAMED

    def _named(self, found: Sequence[tuple[float, str]]) -> list[str]:
        """The files whose names say what is in them, in their order."""
        return sorted(file for sure, file in found if sure == _NAMED)

    def _means(self, tag: str) -> bool:
        return telling([tag], Naming(self.told)) > 0

    def _tag(self, source: Source, file: str) -> str:
        """The name on the first line if it means something, else that of the file."""
        first = head_of(source, file).split(b"\n", 1)[0].decode(errors="replace").strip("# \t\r")
        if first and not is_number(first) and self._means(first):
            return first
        name = PurePosixPath(file or name_of(source)).name
        return name if self.told.get(name) else PurePosixPath(name).stem


def _column(file: NumberFile) -> Numbers:
    rows, numbers = file.numbers
    return Numbers(rows, numbers[:, 0], file.lines)
