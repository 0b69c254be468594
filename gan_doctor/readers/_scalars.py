"""The scalars of a run log: what each rank recorded, and its mean over the ranks."""

from __future__ import annotations

import math
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import le
from typing import Any

import numpy as np

from gan_doctor.core import FloatArray, Key
from gan_doctor.core.json_form import number_from_json
from gan_doctor.core.series import read_only

_Buffer = Any  # bytes or an array, of which NumPy's stubs do not say that it is a buffer


@dataclass(frozen=True)
class Column:
    """A series within one segment.

    Args:
        steps: (N,) never falling.
        values: (N,).
    """

    steps: FloatArray
    values: FloatArray


class Scalars:
    """What one rank recorded, a line at a time."""

    def __init__(self) -> None:
        self._segments: dict[int, dict[str, _Growing]] = defaultdict(dict)

    def take(self, segment: int, record: dict[str, Any]) -> None:
        """Takes one line of columns; "NaN" and "Infinity" become numbers.

        Raises:
            Exception: It is not as we write it, in whatever words; nothing of it is taken.
        """
        steps = record.pop("step")
        if segment < 0 or not (math.isfinite(steps[0]) and math.isfinite(steps[-1])):
            raise ValueError("a segment or step that is none")
        if not all(map(le, steps, steps[1:])):
            raise ValueError("steps that do not rise")
        at = _packed(steps)
        columns = {name: _packed(values) for name, values in record.items()}
        known = self._segments[segment]
        for name, values in columns.items():
            if len(values) != len(at):
                raise ValueError("columns of unequal length")
            if name in known:
                if known[name].last > steps[0]:
                    raise ValueError("steps that fall back")
            elif str(Key.parse(name)) != name:
                raise ValueError("not a series key as we write it")
        for name, values in columns.items():
            growing = known.get(name) or known.setdefault(name, _Growing())
            growing.steps.append(at)
            growing.values.append(values)
            growing.last = steps[-1]

    def columns(self) -> Iterator[tuple[str, int, Column]]:
        """What has come so far: series, segment and column, in the order of their first lines."""
        shared: dict[tuple[int, ...], FloatArray] = {}
        for segment, series in self._segments.items():
            for name, growing in series.items():
                yield name, segment, growing.column(shared)


@dataclass
class _Growing:
    """A column in pieces, one for each line that has come since it was last asked for."""

    steps: list[_Buffer] = field(default_factory=list)
    values: list[_Buffer] = field(default_factory=list)
    last: float = 0

    def column(self, shared: dict[tuple[int, ...], FloatArray]) -> Column:
        """All of it. Columns made of the same lines share one array of steps."""
        lines = tuple(map(id, self.steps))
        if lines not in shared:
            shared[lines] = np.frombuffer(b"".join(self.steps))
        column = Column(shared[lines], np.frombuffer(b"".join(self.values)))
        # Kept joined: the run and what is read on from here hold the same memory.
        self.steps, self.values = [column.steps], [column.values]
        return column


def mean_over_ranks(ranks: Sequence[Scalars]) -> dict[str, dict[int, Column]]:
    """By series and segment, the mean at each step over those ranks that recorded it.

    Ranks count alike. What is not finite on one of them is not finite in the mean. A rank that
    lags takes no step from the others.

    Args:
        ranks: In order.
    """
    found: dict[str, dict[int, list[Column]]] = defaultdict(lambda: defaultdict(list))
    for rank in ranks:
        for name, segment, column in rank.columns():
            found[name][segment].append(column)
    unions: dict[tuple[int, ...], _Union] = {}

    def mean(columns: Sequence[Column]) -> Column:
        if len(columns) == 1:
            return columns[0]
        steps = [column.steps for column in columns]
        same = tuple(map(id, steps))  # most series were recorded at the steps of another
        if same not in unions:
            unions[same] = _Union(steps)
        return Column(unions[same].steps, unions[same].mean([c.values for c in columns]))

    return {
        name: {segment: mean(segments[segment]) for segment in sorted(segments)}
        for name, segments in found.items()
    }


class _Union:
    """The steps that any of several ranks recorded."""

    def __init__(self, ranks: Sequence[FloatArray]) -> None:
        # Timsort merges what is sorted already: np.unique alone takes 30 times as long.
        steps = np.sort(np.concatenate(ranks), kind="stable")
        self.steps = read_only(steps[np.diff(steps, prepend=-np.inf) > 0])
        self._at = [np.searchsorted(self.steps, steps) for steps in ranks]
        self._count = np.bincount(np.concatenate(self._at))

    def mean(self, ranks: Sequence[FloatArray]) -> FloatArray:
        total = np.bincount(np.concatenate(self._at), np.concatenate(ranks))
        return total / self._count


def _packed(values: Sequence[Any]) -> bytes:
    """The numbers as float64. Of a few of them NumPy makes an array in four times the time."""
    try:
        return struct.pack(f"{len(values)}d", *values)
    except struct.error:  # there are words among them
        return struct.pack(f"{len(values)}d", *map(number_from_json, values))
