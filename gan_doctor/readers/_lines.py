"""The rows of a text that is printed line by line, gathered into blocks, also while it grows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gan_doctor.core import FloatArray, ReadError, Run, Setup, Source
from gan_doctor.readers._base import Cursor
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._numbers import cut
from gan_doctor.readers._rows import name_of
from gan_doctor.readers._shapes import Shape
from gan_doctor.readers._skeletons import NO_ROW, Skeletons
from gan_doctor.readers._table import Block, IntArray, as_run
from gan_doctor.readers._tail import Tail
from gan_doctor.readers._text_files import is_text

_PIECE = 2**19  # bytes at a time, which stay in the cache of a processor
_UNKNOWN = Setup()
# What tells a step within an epoch.
_STEPS = ("step", "steps", "batch", "batches")

_Told = Mapping[str, tuple[IntArray, FloatArray]]  # lines and numbers, by the word of a place


class TextLog:
    """How far a text has been read, and the rows of it.

    Args:
        file: Its name below a folder; "" for the source itself.
        naming: What is known of its tags.
        row: What a line must match to be a row, with marks for its numbers; None takes any.
    """

    def __init__(self, file: str, naming: Naming, row: re.Pattern[bytes] | None = None) -> None:
        self.tail = Tail(file, returns=True)
        self.lines = Lines(naming, row)


def read_text(
    source: Source,
    file: str,
    since: Cursor | None,
    naming: Naming,
    row: re.Pattern[bytes] | None = None,
    setup: Setup = _UNKNOWN,
) -> tuple[Run, Cursor]:
    """Reads a text log, going on from where an earlier reading ended.

    Args:
        source: Where it lies.
        file: Its name below a folder; "" for the source itself.
        since: What an earlier reading returned.
        naming: What is known of its tags.
        row: As for `TextLog`.
        setup: What else the log tells of the training.

    Raises:
        ReadError: It cannot be read, or is no text.
    """
    log: TextLog = since.state if since else TextLog(file, naming, row)
    if log.tail.file != file or not log.tail.goes_on(source):
        log = TextLog(file, naming, row)
    for text in log.tail.pieces(source):
        if not log.lines.count and not is_text(text):
            raise ReadError(
                f"{source.name}/{file}" if file else source.name,
                "it is no text in UTF-8: its first line has NUL bytes. "
                "Text in UTF-16 can be converted with iconv -f UTF-16 -t UTF-8",
                line=1,
            )
        log.lines.take(text)
    notes = [*log.tail.notes, *log.lines.notes]
    blocks = log.lines.blocks()
    return as_run(name_of(source), source.name, blocks, naming, setup, notes), Cursor(log)


@dataclass
class _Kind:
    """Rows that tell the same places and the same tags."""

    places: tuple[str, ...]
    tags: tuple[str, ...]
    orders: list[IntArray] = field(default_factory=list)
    numbers: list[FloatArray] = field(default_factory=list)

    def gathered(self) -> tuple[IntArray, FloatArray]:
        """(N,) lines and (places and tags, N) what they say, in the order of the text."""
        order, numbers = np.concatenate(self.orders), np.concatenate(self.numbers, axis=1)
        if (np.diff(order) < 0).any():
            sort = np.argsort(order)
            order, numbers = order[sort], numbers[:, sort]
        self.orders, self.numbers = [order], [numbers]
        return order, numbers


class Lines:
    """The rows of a text.

    Args:
        naming: What is known of the tags.
        row: What a line must match to be one, with marks for its numbers; None takes any.
    """

    def __init__(self, naming: Naming, row: re.Pattern[bytes] | None = None) -> None:
        self.count = 0
        self._naming = naming
        self._skeletons = Skeletons(naming, row)
        self._kinds: dict[tuple[tuple[str, ...], tuple[str, ...]], _Kind] = {}

    def take(self, text: bytes) -> None:
        """Takes whole lines."""
        begin = 0
        while begin < len(text):
            near = text.rfind(b"\n", begin, begin + _PIECE) + 1
            end = near if near > begin else len(text)
            self._take(text[begin:end])
            begin = end

    def _take(self, text: bytes) -> None:
        found = cut(text)
        shapes = np.fromiter(
            map(self._skeletons.__getitem__, found.skeletons), np.int64, len(found.skeletons)
        )
        rows = np.flatnonzero(shapes != NO_ROW)
        rows = rows[np.argsort(shapes[rows], kind="stable")]
        numbers = np.append(found.numbers, 0.0)
        for same in np.split(rows, np.flatnonzero(np.diff(shapes[rows])) + 1):
            if len(same):
                shape = self._skeletons.shapes[shapes[same[0]]]
                self._keep(shape, self.count + same, found.first[same], numbers)
        self.count += len(found.skeletons)

    def _keep(self, shape: Shape, order: IntArray, first: IntArray, numbers: FloatArray) -> None:
        key = (tuple(word for word, _ in shape.place), tuple(value.tag for value in shape.values))
        kind = self._kinds.setdefault(key, _Kind(*key))
        columns = [numbers[first + i] for _, i in shape.place]
        for value in shape.values:
            if value.number is None:
                columns.append(np.full(len(order), value.constant))
            else:
                columns.append(numbers[first + value.number] / value.divisor)
        kind.orders.append(order)
        kind.numbers.append(np.stack(columns))

    def blocks(self) -> list[Block]:
        """All rows of the training, without what stands before the first of them: settings.

        A row that tells no step stands where the last line stood that told only a place.
        """
        kinds = [(kind, *kind.gathered()) for kind in self._kinds.values()]
        begin = _begin([(kind, order) for kind, order, _ in kinds], self._naming)
        told = _told([one for one in kinds if not one[0].tags])
        found = []
        for kind, order, numbers in kinds:
            first = int(np.searchsorted(order, begin))
            order, columns = order[first:], numbers[:, first:]
            places = _places(dict(zip(kind.places, columns, strict=False)))
            if not {"step", "kimg"} & {*places}:
                places = _carried(told, order) | places
            values = dict(zip(kind.tags, columns[len(kind.places) :], strict=True))
            if values:
                found.append(Block(order, places, values))
        return found

    def sureness(self) -> float:
        """How likely it is the log of a GAN: by losses with a place, by losses alone, by rows."""
        kinds = [kind for kind in self._kinds.values() if kind.tags]
        core = [kind for kind in kinds if _is_core(self._naming, kind.tags)]
        if any(kind.places or sum(map(len, kind.orders)) > 1 for kind in core):
            return 0.6
        return 0.3 if core else 0.15 if any(kind.places for kind in kinds) else 0.0

    @property
    def notes(self) -> list[str]:
        """What was left out."""
        return [
            f"{n} {what}"
            for n, what in (
                (self._skeletons.binary, "lines hold NUL bytes and are left out"),
                (self._skeletons.left_out, "lines are left out: ever new names stand in them"),
            )
            if n
        ]


def _begin(kinds: Sequence[tuple[_Kind, IntArray]], naming: Naming) -> int:
    """The line of the first row of a loss or score, 0 where there is none."""
    core = [(kind, order) for kind, order in kinds if _is_core(naming, kind.tags)]
    placed = [order for kind, order in core if kind.places]
    repeated = [order for _, order in core if len(order) > 1]
    first = [int(order[0]) for order in placed or repeated or [order for _, order in core]]
    return min(first, default=0)


def _is_core(naming: Naming, tags: Sequence[str]) -> bool:
    """Whether a loss of D or G, or what D says of images, is among some tags."""
    keys = naming.of(tags).keys.values()
    return any(key.name.startswith(("loss/", "score/")) for key in keys)


def _told(passing: Sequence[tuple[_Kind, IntArray, FloatArray]]) -> _Told:
    """What the lines tell that tell only a place."""
    told: dict[str, list[tuple[IntArray, FloatArray]]] = {}
    for kind, order, numbers in passing:
        for word, column in zip(kind.places, numbers, strict=True):
            told.setdefault(word, []).append((order, column))
    found = {}
    for word, pieces in told.items():
        order = np.concatenate([piece[0] for piece in pieces])
        sort = np.argsort(order)
        found[word] = order[sort], np.concatenate([piece[1] for piece in pieces])[sort]
    return found


def _carried(told: _Told, order: IntArray) -> dict[str, FloatArray]:
    """What was last told before each row; no steps where most rows would share theirs."""
    found = {}
    for word, (lines, numbers) in told.items():
        last = np.searchsorted(lines, order) - 1
        found[word] = np.where(last >= 0, numbers[np.maximum(last, 0)], np.nan)
    if any(_stands_still(found[word]) for word in ("step", "batch") if word in found):
        found = {word: numbers for word, numbers in found.items() if word not in _STEPS}
    return found


def _places(places: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """With a leading number as the step where it does not stand still."""
    leading = places.get("leading")
    if leading is None:
        return dict(places)
    return {} if _stands_still(leading) else {"step": leading}


def _stands_still(numbers: FloatArray) -> bool:
    """Whether most rows have the number of the row before."""
    return len(numbers) > 1 and bool((np.diff(numbers) == 0).mean() > 0.5)
