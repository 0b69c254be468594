"""Rows of several files of one training, put in order by the time at which each was written."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gan_doctor.core import FloatArray
from gan_doctor.readers._table import Block, IntArray

MOST_TAGS = 1000  # of a file; later ones are left out


class TimedRows:
    """The rows of one file so far."""

    def __init__(self) -> None:
        self.kimg = array("d")
        self.values: dict[str, tuple[array[int], array[float]]] = {}
        self.too_many = False
        self._when = array("d")

    def add(self, kimg: float, when: object, values: Mapping[str, float]) -> None:
        """A row: where it stands, at what time it was written, and its values by tag."""
        row = len(self.kimg)
        self.kimg.append(kimg)
        self._when.append(when if isinstance(when, float) else np.nan)
        for tag, value in values.items():
            if tag not in self.values:
                if len(self.values) == MOST_TAGS:
                    self.too_many = True
                    continue
                self.values[tag] = (array("q"), array("d"))
            rows, numbers = self.values[tag]
            rows.append(row)
            numbers.append(value)

    def times(self) -> FloatArray:
        """(N,) when each row was written, as late as the ones before it; -inf if none told."""
        when = np.frombuffer(self._when) if self._when else np.empty(0)
        return np.asarray(np.fmax.accumulate(np.fmax(when, -np.inf)))

    def blocks(self, order: IntArray) -> Iterator[Block]:
        """The tags that were printed in the same rows belong together."""
        together: dict[bytes, list[str]] = defaultdict(list)
        for tag, (rows, _) in self.values.items():
            together[rows.tobytes()].append(tag)
        kimg = np.array(self.kimg)
        for same, tags in together.items():
            rows_of = np.frombuffer(same, dtype=np.int64)
            values = {tag: np.array(self.values[tag][1]) for tag in tags}
            yield Block(order[rows_of], {"kimg": kimg[rows_of]}, values)


def in_order_of_time(files: Sequence[TimedRows]) -> list[Block]:
    """All rows in one order; files that tell no time follow each other."""
    if not files:
        return []
    when = np.concatenate([rows.times() for rows in files])
    order = np.empty(len(when), dtype=np.int64)
    order[np.argsort(when, kind="stable")] = np.arange(len(when))
    ends = np.cumsum([len(rows.kimg) for rows in files])
    return [
        block
        for rows, mine in zip(files, np.split(order, ends[:-1]), strict=True)
        for block in rows.blocks(mine)
    ]
