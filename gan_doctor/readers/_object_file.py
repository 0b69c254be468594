"""A file with one JSON object on each line."""

from __future__ import annotations

from typing import Any

import orjson

from gan_doctor.core import Source
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._objects import Objects, loads
from gan_doctor.readers._tail import Tail


class ObjectFile:
    """The objects of a file so far.

    Args:
        file: Its name below a folder; "" for the source itself.
        naming: What is known of its tags.
    """

    def __init__(self, file: str, naming: Naming) -> None:
        self.tail = Tail(file)
        self.objects = Objects(naming)
        self.broken = 0

    def feed(self, source: Source) -> None:
        """Reads what has come since; a last line without a newline if it is a whole object."""
        for piece in self.tail.pieces(source):
            lines = [line for line in piece.split(b"\n") if line.strip()]
            self.objects.take(_all_at_once(lines) or self._one_by_one(lines))
        last = object_of(self.tail.torn) if self.tail.torn.strip() else None
        if last is not None:
            self.objects.take([last])
            self.tail.take_torn()

    @property
    def notes(self) -> list[str]:
        """What was left out."""
        name = f"{self.tail.file}: " if self.tail.file else ""
        broken = [f"{name}{self.broken} broken lines left out"] if self.broken else []
        return [*broken, *self.tail.notes, *self.objects.rows.notes]

    def _one_by_one(self, lines: list[bytes]) -> list[dict[str, Any]]:
        objects = [object_of(line) for line in lines]
        whole = [one for one in objects if one is not None]
        self.broken += len(objects) - len(whole)
        return whole


def object_of(line: bytes) -> dict[str, Any] | None:
    """The object on a line, None where there is none."""
    try:
        found = loads(line.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _all_at_once(lines: list[bytes]) -> list[dict[str, Any]] | None:
    """The objects of all lines, None unless each line holds just one."""
    try:
        found = orjson.loads(b"[" + b",".join(lines) + b"]")
    except orjson.JSONDecodeError:
        return None
    fits = len(found) == len(lines) and set(map(type, found)) == {dict}
    return found if fits else None
