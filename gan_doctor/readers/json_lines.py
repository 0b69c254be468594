"""Logs with one JSON object a line."""

from __future__ import annotations

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._folder import candidates, head_of, not_read
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._object_file import ObjectFile, object_of
from gan_doctor.readers._objects import sureness
from gan_doctor.readers._rows import name_of
from gan_doctor.readers._table import as_run
from gan_doctor.readers._tail import fed

__all__ = ["JsonLinesReader"]

_FILES = ("*.jsonl", "*.ndjson", "*.json", "*.log", "log", "*.txt")
_LOOKED_AT = 8  # objects, to know the format


class JsonLinesReader(Reader):
    """A text file with one JSON object on each line, such as a history of W&B.

    What it reads:
        Any file of that form, and a folder that holds one. The step is found by its name (`step`,
        `global_step`, `iteration`, `itr`, `_step`, `kimg` and the like), or epoch and batch are.
        Objects in objects are made flat: `{"loss": {"D": 1}}` is `loss/D`; one with `mean` and
        `std` stands for its mean. NaN and Infinity are values, as Python writes them or as text;
        null, other text and booleans are none.

        It can be read while it is written. A last line without a newline counts when it is a whole
        object. Lines that are broken, or longer than 1 MiB, are left out and counted in the notes.

    What it does not read:
        Lists, such as histograms, and names that begin with an underscore, except `_step`. Of
        several logs in a folder the surest is read, and the notes name the others.
    """

    title = "JSON lines"
    files = "one JSON object a line"

    def score(self, source: Source) -> float:
        """By the names in the first objects, a little less for a folder."""
        found = candidates(source, _FILES, self._sureness)
        return found[0][0] - 0.02 * source.is_dir() if found else 0.0

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        found = candidates(source, _FILES, self._sureness)
        if not found and source.is_dir():
            raise ReadError(source.name, "no file in it has a JSON object on each line")
        file = found[0][1] if found else ""
        naming = Naming(self.told)
        before: dict[str, ObjectFile] = since.state if since else {}
        log = fed(before.get(file), ObjectFile(file, naming), source)
        notes = (*not_read(found[1:]), *log.notes)
        blocks = log.objects.rows.blocks()
        run = as_run(name_of(source), source.name, blocks, naming, notes=notes)
        return run, Cursor({file: log})

    def _sureness(self, source: Source, file: str) -> float:
        lines = head_of(source, file).lstrip(b"\xef\xbb\xbf").split(b"\n")
        objects = [one for one in map(object_of, filter(bytes.strip, lines)) if one is not None]
        if not objects or len(objects) < len(lines) / 2:
            return 0.0
        return sureness(objects[:_LOOKED_AT], Naming(self.told))
