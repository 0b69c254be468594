"""The scalars in an event file of TensorBoard, and how far it has been read."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from gan_doctor.core import FloatArray, Source
from gan_doctor.readers._event_message import (
    STEP,
    TIME,
    MalformedError,
    scalars_of,
    step_of,
    time_of,
)
from gan_doctor.readers._table import Column
from gan_doctor.readers._tfrecord import (
    MOST_BYTES,
    IntArray,
    Stretch,
    beginnings,
    intact,
    stretches,
)

MOST_TAGS = 10_000
LONGEST_TAG = 1_000  # characters
_MOST_SHAPES = 4
_COMPARED = 64  # bytes

_LOOKED_AT, _FRONT = 64, 1 << 18  # records, bytes


@dataclass(frozen=True)
class Rows:
    """Scalars of a file.

    Args:
        order: (N,) which record of the file each was in; it rises.
        tags: (N,) number of its tag.
        steps: (N,) its step.
        values: (N,) itself.
    """

    order: IntArray
    tags: IntArray
    steps: FloatArray
    values: FloatArray

    @classmethod
    def of(cls, records: Sequence[Sequence[float]]) -> Rows:
        """From one tuple for each scalar."""
        order, tags, steps, values = zip(*records, strict=True) if records else 4 * ((),)
        return cls(
            np.array(order, np.int64),
            np.array(tags, np.int64),
            np.array(steps, np.float64),
            np.array(values, np.float64),
        )

    @classmethod
    def joined(cls, pieces: Sequence[Rows]) -> Rows:
        """One behind the other."""
        return cls(
            np.concatenate([piece.order for piece in pieces]),
            np.concatenate([piece.tags for piece in pieces]),
            np.concatenate([piece.steps for piece in pieces]),
            np.concatenate([piece.values for piece in pieces]),
        )

    def __getitem__(self, rows: IntArray) -> Rows:
        return Rows(self.order[rows], self.tags[rows], self.steps[rows], self.values[rows])


class EventFile:
    """What has been read of an event file, and how far.

    Args:
        name: Its name below a folder; "" for the source itself.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.begun = 0.0  # the time of its first record, 0 if that is unknown
        self.records = 0
        self.scalars = 0
        self._problem = ""
        self._useless = 0
        self._too_long = 0
        self._of_no_tag = 0
        self._offset = 0
        self._before = b""  # the last bytes that were read
        self._tags: dict[str, int] = {}
        self._pieces = [Rows.of([])]
        # Most records differ in time, step and value only. The tag by all the other bytes, by how
        # many of those stand behind the value.
        self._alike: dict[int, dict[bytes, int]] = {}

    def goes_on(self, source: Source) -> bool:
        """Whether the file still begins with what was read of it; else it was written anew."""
        with source.open(self.name) as file:
            file.seek(self._offset - len(self._before))
            return file.read(len(self._before)) == self._before

    def feed(self, source: Source) -> None:
        """Reads the records that have come since."""
        self._problem = ""
        with source.open(self.name) as file:
            for stretch in stretches(file, self._offset, source.size(self.name)):
                self._problem = stretch.problem
                self._offset = stretch.offset
                self._too_long += stretch.passed
                if len(stretch.starts):
                    self._take(stretch)
            file.seek(max(0, self._offset - _COMPARED))
            self._before = file.read(self._offset - file.tell())

    @property
    def tags(self) -> Collection[str]:
        """Of what there are scalars."""
        return self._tags.keys()

    @property
    def columns(self) -> dict[str, Column]:
        """What was recorded of each tag."""
        self._pieces = [Rows.joined(self._pieces)]
        rows = self._pieces[0]
        sort = np.argsort(rows.tags, kind="stable")
        ends = np.cumsum(np.bincount(rows.tags, minlength=len(self._tags)))
        parts = np.split(sort, ends[:-1]) if self._tags else []
        return {
            tag: Column(rows.order[part], rows.steps[part], rows.values[part])
            for tag, part in zip(self._tags, parts, strict=True)
        }

    @property
    def notes(self) -> list[str]:
        """What was left out."""
        found = (
            (self._useless, "records left out that are damaged or no events"),
            (self._too_long, f"records of over {MOST_BYTES >> 20} MiB left out"),
            (self._of_no_tag, f"values left out whose tag is too long, or beyond {MOST_TAGS:,}"),
        )
        notes = [f"{n} {what}" for n, what in found if n]
        notes += [self._problem] if self._problem else []
        return [f"{self.name}: {note}" if self.name else note for note in notes]

    def _take(self, stretch: Stretch) -> None:
        if not self.records:
            self.begun = time_of(stretch.data[stretch.starts[0] : stretch.ends[0]])
        rests, steps = _steps(stretch)
        pieces = []
        left = np.arange(len(rests))
        for behind, known in self._alike.items():
            at = stretch.ends[left] - behind - 4
            tags = _known_tags(stretch.data, rests[left], at, behind, known)
            kept, at = left[tags >= 0], at[tags >= 0]
            values = np.frombuffer(stretch.data, np.uint8)[at[:, None] + np.arange(4)].view("<f4")
            at_steps = steps[kept].astype(np.float64)
            pieces.append(Rows(kept, tags[tags >= 0], at_steps, values[:, 0].astype(np.float64)))
            left = left[tags < 0]
        others = []
        for record in left.tolist():
            others += self._read(stretch, record, int(rests[record]), int(steps[record]))
        rows = Rows.joined([*pieces, Rows.of(others)])
        rows = rows[np.argsort(rows.order, kind="stable")]
        self._pieces.append(replace(rows, order=rows.order + self.records))
        self.records += len(rests)
        self.scalars += len(rows.order)

    def _read(
        self, stretch: Stretch, record: int, rest: int, step: int
    ) -> list[tuple[int, int, float, float]]:
        """Record, tag, step and value of each scalar in a record, field by field."""
        start, end = int(stretch.starts[record]), int(stretch.ends[record])
        try:
            told = step_of(stretch.data, start, end)
            scalars = list(scalars_of(stretch.data, start, end))
        except MalformedError:
            self._useless += 1
            return []
        if scalars and not intact(stretch, record):
            self._useless += 1
            return []
        found = []
        for scalar in scalars:
            tag = self._tag(scalar.tag)
            if tag is None:
                self._of_no_tag += 1
            else:
                found.append((record, tag, float(told), scalar.value))
        if len(found) == len(scalars) == 1 and told == step and scalars[0].at:
            self._learn(stretch.data[rest:end], scalars[0].at - rest, found[0][1])
        return found

    def _learn(self, data: bytes, at: int, tag: int) -> None:
        behind = len(data) - at - 4
        if behind in self._alike or len(self._alike) < _MOST_SHAPES:
            tags = self._alike.setdefault(behind, {})
            if len(tags) < MOST_TAGS:
                tags[data[:at] + data[at + 4 :]] = tag

    def _tag(self, name: str) -> int | None:
        """Its number."""
        if name not in self._tags and (len(self._tags) >= MOST_TAGS or len(name) > LONGEST_TAG):
            return None
        return self._tags.setdefault(name, len(self._tags))


def first_tags(file: BinaryIO) -> frozenset[str] | None:
    """Of what there are scalars in the first records of a file; None if it is no event file."""
    read, found = 0, set[str]()
    for data in beginnings(file, _LOOKED_AT, _FRONT):
        with contextlib.suppress(MalformedError):  # it goes on behind its front
            found.update(scalar.tag for scalar in scalars_of(data, 0, len(data)))
        read += len(data)
        if read > _FRONT:
            break
    return frozenset(found) if read else None


def _steps(stretch: Stretch) -> tuple[IntArray, IntArray]:
    """Where each record goes on behind time and step, and that step.

    Of a record that does not begin with these two it goes on where it begins.
    """
    data = np.frombuffer(stretch.data, np.uint8)
    last = len(data) - 1
    at = stretch.starts + 9
    timed = data[np.minimum(stretch.starts, last)] == TIME[0]
    more = timed & (data[np.minimum(at, last)] == STEP[0])
    at = at + more
    steps = np.zeros(len(at), np.int64)
    for shift in range(0, 63, 7):
        byte = data[np.minimum(at, last)].astype(np.int64)
        steps |= np.where(more, (byte & 127) << shift, 0)
        at = at + more
        more &= byte > 127
        if not more.any():
            break
    return np.where(timed & ~more, at, stretch.starts), steps


def _known_tags(
    data: bytes, rests: IntArray, at: IntArray, behind: int, known: Mapping[bytes, int]
) -> IntArray:
    """(N,) the tag of each record whose other bytes are known, -1 for the others."""
    after = at + 4
    bounds = zip(
        rests.tolist(), at.tolist(), after.tolist(), (after + behind).tolist(), strict=True
    )
    tags = [known.get(data[rest:value] + data[more:end], -1) for rest, value, more, end in bounds]
    return np.array(tags, np.int64)
