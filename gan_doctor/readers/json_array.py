"""Logs that are one JSON document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._folder import candidates, head_of, not_read
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._objects import Objects, loads, number, sureness
from gan_doctor.readers._pace import Numbers, side_by_side
from gan_doctor.readers._rows import name_of, telling
from gan_doctor.readers._table import as_run

__all__ = ["JsonArrayReader"]

MOST_BYTES = 512 << 20
_FILES = ("*.json", "log", "*.log", "log.py", "*.txt")
_LOOKED_AT = 8  # objects, to know the format
_AT_ONCE = 10_000  # objects, which take ten times the memory of their numbers
# `l = [`: somebody saved it as a module, which is not run.
_ARRAY = re.compile(r"\s*(?:[A-Za-z_]\w*\s*=\s*)?\[\s*(?=\{|\]|$)")
_GAP = re.compile(r"\s*,?\s*")
_HISTORY = re.compile(r'"log_history"\s*:\s*\[')
_LIST = re.compile(r'[{,]\s*"(?P<tag>[^"\\]{1,100})"\s*:\s*\[\s*(?:-?[\d.]|NaN)')
_DECODER = json.JSONDecoder()


class JsonArrayReader(Reader):
    """A JSON document with an array of objects, such as Chainer's LogReport writes.

    What it reads:
        An array of objects, one a row: `[{"iteration": 100, "loss_dis": 0.9}, ...]`; such an array
        under `log_history`, as in a `trainer_state.json` of Hugging Face; and an object of lists:
        `{"d_loss": [...], "g_loss": [...]}`. The step is found by its name, objects in objects are
        made flat, and NaN and Infinity are values, as in JSON lines. Lists of unequal length stand
        beside each other as bare numbers do: by the rows of G's loss.

        An array that is not closed, since the training died while it was written, is read up to
        its last whole object; its notes say so.

    What it does not read:
        Files over 512 MiB: the whole file is held in memory. It is written anew with each report,
        and so it is read anew each time.
    """

    title = "JSON array"
    files = "an array of JSON objects, or an object of lists"

    def score(self, source: Source) -> float:
        """By the names in the first objects, a little less for a folder."""
        found = candidates(source, _FILES, self._sureness)
        return found[0][0] - 0.02 * source.is_dir() if found else 0.0

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the whole log."""
        found = candidates(source, _FILES, self._sureness)
        if not found and source.is_dir():
            raise ReadError(source.name, "no file in it is an array of JSON objects")
        file = found[0][1] if found else ""
        place = f"{source.name}/{file}" if file else source.name
        naming = Naming(self.told)
        notes = not_read(found[1:])
        with source.open(file) as opened:
            data = opened.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            limit = f"{MOST_BYTES >> 20} MiB"
            raise ReadError(place, f"it has more than {limit}: write one object a line instead")
        text = data.decode("utf-8-sig", errors="replace")
        del data
        objects = Objects(naming)
        if match := _ARRAY.match(text):
            rows, at = _objects(text, match.end())
            while rows:
                objects.take(rows)
                rows, at = _objects(text, at)
            if not text.startswith("]", at):
                notes.append("the array is not closed: read up to its last whole object")
        else:
            document = _document(text, place)
            history = _history(document)
            lists = {tag: cells for tag, cells in document.items() if _is_column(cells)}
            if not history and not lists:
                raise ReadError(place, "it holds neither an array of objects nor lists of numbers")
            if not history and len(set(map(len, lists.values()))) > 1:
                columns = {tag: _column(cells) for tag, cells in lists.items()}
                run = side_by_side(name_of(source), source.name, columns, naming, notes)
                return run, Cursor()
            cells = zip(*lists.values(), strict=True)
            objects.take(history or [dict(zip(lists, row, strict=True)) for row in cells])
        notes += objects.rows.notes
        blocks = objects.rows.blocks()
        return as_run(name_of(source), source.name, blocks, naming, notes=notes), Cursor()

    def _sureness(self, source: Source, file: str) -> float:
        head = head_of(source, file).decode("utf-8-sig", errors="replace")
        naming = Naming(self.told)
        if match := _ARRAY.match(head):
            rows, _ = _objects(head, match.end(), _LOOKED_AT)
            sure = sureness(rows, naming) if rows else 0.0
            return sure + 0.01 if sure else 0.0
        if not head.lstrip().startswith("{"):
            return 0.0
        if _HISTORY.search(head):
            return 0.5
        lists = {match["tag"] for match in _LIST.finditer(head)}
        return 0.6 if telling(sorted(lists), naming) else 0.0


def _objects(text: str, at: int, most: int = _AT_ONCE) -> tuple[list[dict[str, Any]], int]:
    """The next objects of an array, and where they end."""
    found: list[dict[str, Any]] = []
    while len(found) < most:
        try:
            one, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        if isinstance(one, dict):
            found.append(one)
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
    return found, at


def _document(text: str, place: str) -> Mapping[str, Any]:
    try:
        found = loads(text.encode())
    except ValueError as error:
        line = getattr(error, "lineno", None)
        reason = "it is not JSON. Restore it, or choose another reader with --format"
        raise ReadError(place, f"{reason} ({error})", line) from error
    if not isinstance(found, dict):
        raise ReadError(place, f"expected an array of JSON objects, got {type(found).__name__}")
    return found


def _history(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    history = found.get("log_history")
    return [one for one in history if isinstance(one, dict)] if isinstance(history, list) else []


def _is_column(cells: object) -> bool:
    """Whether it is a list of which something is a number, or may become one."""
    return isinstance(cells, list) and any(number(cell) is not None for cell in cells)


def _column(cells: Sequence[object]) -> Numbers:
    numbers = [(i, one) for i, cell in enumerate(cells) if (one := number(cell)) is not None]
    rows, values = zip(*numbers, strict=True)
    return Numbers(np.array(rows), np.array(values, dtype=np.float64), len(cells))
