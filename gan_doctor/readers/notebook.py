"""Jupyter notebooks: what their cells printed, as one log."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._lines import Lines
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._rows import name_of
from gan_doctor.readers._table import as_run
from gan_doctor.readers._text_files import beginning, file_to_read, surest_file
from gan_doctor.readers.printed_text import DIALECT

__all__ = ["NotebookReader"]

_LARGEST = 2**30  # bytes of a notebook
_PATTERNS = ("*.ipynb",)
_CELLS = re.compile(rb'"(?:cell_type|nbformat|worksheets)"\s*:')


class NotebookReader(Reader):
    """A Jupyter notebook that was saved with its outputs.

    What it reads:
        What its cells printed, cell by cell in their order in the notebook, as one text: the lines
        that the reader of printed text understands, progress bars among them. Where several cells
        trained, each begins a segment, as after a restart. The last line of a cell needs no end.

        A notebook is written anew whenever it is saved, so it is read anew whenever it has changed.

    What it leaves out:
        Pictures, tables, results that were not printed, and error messages. A notebook over 1 GiB
        is refused.
    """

    title = "Jupyter notebook"
    files = "*.ipynb with its outputs"

    def score(self, source: Source) -> float:
        """Nearly sure of JSON with cells, less so of the one notebook of a directory."""
        sure = surest_file(source, _PATTERNS, _sure)[1]
        return sure * 0.8 if source.is_dir() else sure

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the notebook, anew if it has changed."""
        file = file_to_read(source, _PATTERNS, _sure)
        place = f"{source.name}/{file}" if file else source.name
        data = _whole(source, file, place)
        digest = hashlib.blake2b(data).digest()
        if since and since.state[0] == digest:
            return since.state[1], since
        naming = Naming(self.told, DIALECT)
        lines = Lines(naming)
        for text in _printed(data, place):
            lines.take(text)
        run = as_run(name_of(source), source.name, lines.blocks(), naming, notes=lines.notes)
        return run, Cursor((digest, run))


def _sure(source: Source, file: str) -> float:
    head = beginning(source, file)
    if not re.match(rb"\s*\{", head):
        return 0.0
    named = bool(file) or "" in source.files("*.ipynb")
    return 0.9 if _CELLS.search(head) else 0.5 if named else 0.0


def _whole(source: Source, file: str, place: str) -> bytes:
    with source.open(file) as opened:
        try:
            data = opened.read(_LARGEST + 1)
        except OSError as error:
            raise ReadError(place, error.strerror or str(error)) from error
    if len(data) > _LARGEST:
        raise ReadError(place, "it has more than 1 GiB: clear its pictures, or pass the log itself")
    return data


def _printed(data: bytes, place: str) -> Iterator[bytes]:
    """What each cell printed, as whole lines."""
    try:
        notebook = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        reason = f"it is no JSON ({error.msg}). If it was just being saved, try again"
        raise ReadError(place, reason, error.lineno) from error
    for cell in _cells(notebook):
        text, last = "", ""
        for output in _list(cell, "outputs"):
            if isinstance(output, dict) and output.get("output_type") == "stream":
                # What one stream prints in several outputs goes on in the same line.
                name = str(output.get("name", output.get("stream")))
                text += ("" if name == last else "\n") + _text(output.get("text"))
                last = name
        yield text.encode("utf-8", "replace") + b"\n"


def _cells(notebook: Any) -> list[Any]:
    """The cells of a notebook of format 4, or of the sheets of format 3."""
    sheets = _list(notebook, "worksheets")
    return [cell for sheet in [notebook, *sheets] for cell in _list(sheet, "cells")]


def _list(of: Any, name: str) -> list[Any]:
    found = of.get(name) if isinstance(of, dict) else None
    return found if isinstance(found, list) else []


def _text(text: Any) -> str:
    """Text is kept as one string, or as a list of lines with their ends."""
    lines = text if isinstance(text, list) else [text]
    return "".join(line for line in lines if isinstance(line, str))
