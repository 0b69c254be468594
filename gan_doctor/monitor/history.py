"""What the monitor remembers of its own run, at tick resolution: bounded memory, live diagnoses."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Band, Event, FloatArray, Key, Run, Segment, Series, Setup
from gan_doctor.monitor.window import Columns

# What is judged value by value. There are few of these.
_WHOLE = ("sample/", "logit/gradient")


class History:
    """The recorded run with the values of each tick reduced to their mean.

    So the detectors see the same tick means in it as in the log. The first values of a series that
    are not finite are kept as they came, so that they also see when it broke.

    Args:
        name: Of the run.
        setup: Its facts; replaced as more become known.
        first_step: The clock when this segment began.
    """

    def __init__(self, name: str, setup: Setup, first_step: int) -> None:
        self.name, self.setup, self.first_step = name, setup, first_step
        self.bands: list[Band] = []
        self.events: list[Event] = []
        self._entries: dict[str, _Entries] = defaultdict(_Entries)
        self._broken: set[str] = set()
        self.tick_steps = self.run().tick_steps

    def add(self, groups: Sequence[Columns]) -> None:
        """Takes in the rows of a flush, none of which reaches beyond one tick."""
        for group in groups:
            for name, values in group.values.items():
                breaks = name not in self._broken and not np.isfinite(values).all()
                if breaks:
                    self._broken.add(name)
                entries = self._entries[name]
                if breaks or name.startswith(_WHOLE):
                    for step, value in zip(group.steps, values.tolist(), strict=True):
                        entries.append(step, value, 1)
                else:
                    self._merge(entries, group.steps[-1], values)

    def _merge(self, entries: _Entries, step: int, values: FloatArray) -> None:
        with np.errstate(invalid="ignore"):
            total, count = float(values.sum()), len(values)
        # A flush within a tick adds to what an earlier one began.
        begun = len(entries) and self._tick(entries.steps[-1]) == self._tick(step)
        if begun and math.isfinite(entries.total):
            before, n = entries.pop()
            total, count = total + before, count + n
        entries.append(step, total, count)

    def _tick(self, step: int) -> int:
        return -(-step // self.tick_steps)

    def run(self) -> Run:
        """The run so far, a single segment."""
        return Run(
            name=self.name,
            series=tuple(
                Series(Key.parse(name), entries.at, entries.means)
                for name, entries in self._entries.items()
            ),
            bands=tuple(self.bands),
            setup=self.setup,
            events=tuple(self.events),
            segments=(Segment(self.first_step),),
        )


class _Entries:
    """Last step and mean of each tick, in 12 bytes: a long run has a million of them.

    Attributes:
        total: Sum of the values of the last tick.
        count: How many they are.
    """

    def __init__(self) -> None:
        self.steps, self._means = array("I"), array("d")
        self.total, self.count = 0.0, 0

    def __len__(self) -> int:
        return len(self.steps)

    def append(self, step: int, total: float, count: int) -> None:
        self.total, self.count = total, count
        self.steps.append(step)
        self._means.append(total / count)

    def pop(self) -> tuple[float, int]:
        """Takes the last tick back, once."""
        self.steps.pop()
        self._means.pop()
        return self.total, self.count

    @property
    def at(self) -> FloatArray:
        return np.array(self.steps, dtype=np.float64)

    @property
    def means(self) -> FloatArray:
        return np.array(self._means, dtype=np.float64)
