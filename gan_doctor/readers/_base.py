"""How a log becomes a run: readers are asked how well they know it, and the surest reads it."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, BinaryIO, ClassVar

from gan_doctor.core import ReadError, Run, Source, UnknownNameError, discover

_NEARLY = 0.05  # of a score, by which a reader may be less sure and still be named


@dataclass(frozen=True)
class Cursor:
    """How far a log has been read, to go on from there.

    Args:
        state: Belongs to the reader that made it.
    """

    state: Any = None


class Reader(ABC):
    """One log format. Its docstring is its page.

    Class attributes:
        title: Name for people.
        files: What it looks like on disk, for error messages: "scalars.jsonl".
    """

    title: ClassVar[str]
    files: ClassVar[str]

    def __init__(self, told: Mapping[str, str] | None = None) -> None:
        """Takes what a person says of the tags.

        Args:
            told: Series by tag, such as {"loss1": "loss/d"}; it outranks what the format says.
        """
        self.told = told or {}

    @property
    def slug(self) -> str:
        """Its name on the command line: the file name with hyphens."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @property
    def page(self) -> str:
        """Its documentation, from the docstring."""
        return inspect.cleandoc(type(self).__doc__ or "")

    @abstractmethod
    def score(self, source: Source) -> float:
        """How sure it is that the source is of its format, 0 to 1. Reads little."""

    @abstractmethod
    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended.

        Args:
            source: Where it lies.
            since: What an earlier reading of the same log returned; it is used up.

        Returns:
            The whole run, without series where nothing was recorded yet, and how far it was read.

        Raises:
            ReadError: It cannot be read.
        """


@cache
def known() -> Mapping[str, type[Reader]]:
    """All readers, by slug."""
    from gan_doctor import readers

    return discover(readers)


def read(
    place: str | os.PathLike[str] | BinaryIO | Source,
    format: str | None = None,  # noqa: A002
    told: Mapping[str, str] | None = None,
) -> Run:
    """Reads any log that we can read.

    Args:
        place: A path, an fsspec address or an open binary stream.
        format: The slug of a reader, None to find it.
        told: Series by tag, such as {"loss1": "loss/d"}, for the tags of a foreign log that are
            not understood, or wrongly.

    Returns:
        The run, all segments of it.

    Raises:
        ReadError: There is nothing, nobody recognises it, it cannot be read, or it holds no values.
        UnknownNameError: No reader is called `format`.
    """
    source = Source.of(place)
    surest, *others = [reader_for(source, format, told)] if format else _ranked(source, told)
    run, _ = surest.read(source)
    if others:
        names = " or ".join(reader.slug for reader in others)
        run = replace(run, notes=(*run.notes, f"it may also be read with --format {names}"))
    if not run.series and not run.samples:
        noted = [str(e.detail.get("text", "")) for e in run.events if e.kind == "note"]
        notes = "".join(f" ({note})" for note in (*run.notes, *noted))
        raise ReadError(
            source.name, f"it holds no values{notes}. If it has just begun, wait for the first ones"
        )
    return run


def reader_for(
    source: Source,
    format: str | None = None,  # noqa: A002
    told: Mapping[str, str] | None = None,
) -> Reader:
    """The reader that is surest of a source.

    Raises:
        ReadError: Nobody recognises it.
        UnknownNameError: No reader is called `format`.
    """
    if format is not None:
        if format not in known():
            raise UnknownNameError("reader", format, known())
        return known()[format](told)
    return _ranked(source, told)[0]


def _ranked(source: Source, told: Mapping[str, str] | None) -> list[Reader]:
    """The reader that is surest of a source, and those that are nearly as sure.

    Raises:
        ReadError: Nobody recognises it.
    """
    readers = [kind(told) for kind in known().values()]
    scores = {reader: reader.score(source) for reader in readers}
    ranked = sorted(readers, key=lambda reader: -scores[reader])
    most = scores[ranked[0]]
    if most <= 0:
        formats = ", ".join(f"{reader.slug} ({reader.files})" for reader in readers)
        raise ReadError(
            source.name, f"no reader recognises it. Known: {formats}. Choose one with --format."
        )
    return [reader for reader in ranked if scores[reader] >= most - _NEARLY]
