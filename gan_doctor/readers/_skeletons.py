"""The shapes of the lines of one text, each understood when it first comes."""

from __future__ import annotations

import re

from gan_doctor.readers._naming import Naming
from gan_doctor.readers._numbers import MARK
from gan_doctor.readers._shapes import Shape, understood

NO_ROW = -1

_LONGEST = 2_000  # bytes of a skeleton: what is longer is a dump of settings
_MOST_REMEMBERED = 20_000
_MOST_ASKED = 300_000
_MOST_SHAPES = 5_000
_MOST_TAGS = 500  # that mean nothing to us
# What a row has, or a line that tells a place; quickly looked for.
_HOPEFUL = re.compile(
    rb"[:=\xef]|->|\x01 ?/ ?\x01|loss|err|score|epoch|step|iter|batch|fid|kid|acc|gp"
    rb"|lr|kimg|\x01 ?%",
    re.IGNORECASE,
)
_WORD_VALUE = re.compile(rb"[:=\s][\s(\[]*[-+]?(?:nan|inf)", re.IGNORECASE)
_COUNTERS = re.compile(rb"\d{2,}")


class Skeletons(dict[bytes, int]):
    """Which of the shapes the lines with a skeleton have, `NO_ROW` where they are no rows.

    Args:
        naming: What is known of the tags.
        row: What a skeleton must match to be of a row; None takes any.
    """

    def __init__(self, naming: Naming, row: re.Pattern[bytes] | None = None) -> None:
        super().__init__()
        self.shapes: list[Shape] = []
        self.binary = 0
        self.left_out = 0
        self._naming = naming
        self._row = row
        self._asked = 0
        self._numbers: dict[Shape, int] = {}
        self._unknown: set[str] = set()

    def __missing__(self, skeleton: bytes) -> int:
        if b"\0" in skeleton:
            self.binary += 1
            return NO_ROW
        if not self._may_be_row(skeleton):
            return NO_ROW
        # File names with ever new numbers in them are understood only once, too.
        alike = _COUNTERS.sub(b"00", skeleton)
        number = NO_ROW
        if self.get(alike, 0) != NO_ROW:
            number = self._understood(skeleton)
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[alike if number == NO_ROW else skeleton] = number
        return number

    def _may_be_row(self, skeleton: bytes) -> bool:
        if len(skeleton) > _LONGEST or (self._row and not self._row.search(skeleton)):
            return False
        if MARK in skeleton:
            return _HOPEFUL.search(skeleton) is not None
        return _WORD_VALUE.search(skeleton) is not None

    def _understood(self, skeleton: bytes) -> int:
        self._asked += 1
        shape = understood(skeleton) if self._asked <= _MOST_ASKED else None
        if shape is None:
            self.left_out += self._asked > _MOST_ASKED
            return NO_ROW
        if shape not in self._numbers:
            tags = {value.tag for value in shape.values} - self._unknown
            new = {tag for tag in tags if not self._naming.of([tag]).keys}
            if len(self._unknown | new) > _MOST_TAGS or len(self.shapes) >= _MOST_SHAPES:
                self.left_out += 1
                return NO_ROW
            self._unknown |= new
            self._numbers[shape] = len(self.shapes)
            self.shapes.append(shape)
        return self._numbers[shape]
