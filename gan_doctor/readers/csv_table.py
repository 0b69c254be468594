"""Logs that are a table, such as CSV and TSV."""

from __future__ import annotations

from collections.abc import Sequence

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._csv_file import CsvFile
from gan_doctor.readers._csv_layout import Layout, layout_of, sureness
from gan_doctor.readers._folder import candidates, head_of, not_read
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._rows import in_one_order, name_of
from gan_doctor.readers._table import as_run
from gan_doctor.readers._tail import fed

__all__ = ["CsvTableReader"]

_FILES = ("*.csv", "*.tsv", "*.tab", "*.txt")
_LIKELY = 0.5


class CsvTableReader(Reader):
    """A table in a text file, with a header and a column for the step or the epoch.

    What it reads:
        Cells between commas, semicolons, tabs or blanks, quoted or not; with semicolons and tabs a
        comma may stand for the decimal point. So also what Lightning's and Keras' CSVLogger write,
        and what W&B, MLflow and TensorBoard export. The step is found by its name (`step`,
        `iteration`, `trainer/global_step`, `epoch` with `batch`, `kimg` and the like). A table with
        a row for each number (`tag,step,value`) is read by its tags.

        `nan` and `inf` are values. Empty cells, `NA`, `N/A`, `null`, `None`, `no` and `-` are none.
        A header that comes again, since a restart has appended to the file, is no row; one with
        other columns holds for the rows below it.

        Of a folder it reads the file whose columns look most like a GAN's, and with it those with
        the same kind of step that hold other series: a file for each, or one for the FID.

        It can be read while it is written: a last line without a newline is torn and left out,
        unless all its cells are quoted and closed. Rows with too few or too many cells, and lines
        over 1 MiB, are left out and counted in the notes.

    What it does not read:
        Tables without a header, unless `--map 2=loss/d` says what their columns are. W&B's `__MIN`
        and `__MAX` beside each column. Of several runs in one table the first one is read.
    """

    title = "table"
    files = "CSV or TSV with a header"

    def score(self, source: Source) -> float:
        """By the names of the columns, a little less for a folder."""
        found = candidates(source, _FILES, self._sureness)
        return found[0][0] - 0.03 * source.is_dir() if found else 0.0

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        found = candidates(source, _FILES, self._sureness)
        naming = Naming(self.told)
        files, others = self._together(source, found)
        before: dict[str, CsvFile] = since.state if since else {}
        log = {}
        for file in files:
            layout = self._layout(source, file)
            if layout is None:
                raise ReadError(
                    f"{source.name}/{file}" if file else source.name,
                    "expected a header with the names of its columns. Where there is none, say "
                    "what the columns hold: --map 2=loss/d --map 3=loss/g",
                )
            known = before.get(file)
            if known and not known.rows.count:
                known = None  # its header may have been torn
            log[file] = fed(known, CsvFile(file, layout, naming), source)
        notes = [note for one in log.values() for note in one.notes]
        if len(files) > 1:
            notes.append(f"read together: {', '.join(files)}")
        blocks = in_one_order([one.rows.blocks() for one in log.values()])
        notes += not_read(others)
        return as_run(name_of(source), source.name, blocks, naming, notes=notes), Cursor(log)

    def _together(
        self, source: Source, found: Sequence[tuple[float, str]]
    ) -> tuple[list[str], list[tuple[float, str]]]:
        """The files that make one run, and the others."""
        if not found:
            if source.is_dir():
                raise ReadError(source.name, "no file in it is a table with a known column")
            return [""], []
        files, others = [found[0][1]], []
        main = self._layout(source, files[0])
        keys = self._keys(main)
        for sure, file in found[1:]:
            layout = self._layout(source, file)
            more = self._keys(layout)
            if sure >= _LIKELY and _alike(main, layout) and not keys & more:
                files.append(file)
                keys |= more
            else:
                others.append((sure, file))
        return files, others

    def _sureness(self, source: Source, file: str) -> float:
        layout = self._layout(source, file)
        return sureness(layout, Naming(self.told), _lines(source, file)) if layout else 0.0

    def _layout(self, source: Source, file: str) -> Layout | None:
        return layout_of(_lines(source, file), file or name_of(source), Naming(self.told))

    def _keys(self, layout: Layout | None) -> set[object]:
        return set(Naming(self.told).of(layout.tags.values()).keys.values()) if layout else set()


def _alike(one: Layout | None, other: Layout | None) -> bool:
    """Whether two tables have the same kind of step, and a column for each series."""
    if one is None or other is None or one.tall or other.tall:
        return False
    return one.places == other.places


def _lines(source: Source, file: str) -> list[str]:
    return head_of(source, file).decode("utf-8-sig", errors="replace").splitlines()
