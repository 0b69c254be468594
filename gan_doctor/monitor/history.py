"""What the monitor remembers of its own run, at tick resolution, for live diagnoses in bounded memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Band, Event, FloatArray, Key, Run, Segment, Series, Setup
from gan_doctor.monitor.window import Columns


class History:
    """The recorded run with each flush reduced to its mean.

    A flush ends at a tick of the run, so the detectors see the same tick means in it as in the log.

    Args:
        name: Of the run.
        setup: Its facts; replaced as more become known.
        first_step: The clock when this segment began.
    """

    def __init__(self, name: str, setup: Setup, first_step: int) -> None:
        self.name, self.setup, self.first_step = name, setup, first_step
        self.bands: list[Band] = []
        self.events: list[Event] = []
        # By series: (last step, sum, count) of each tick.
        self._entries: dict[str, list[tuple[int, float, int]]] = defaultdict(list)
        self.tick_steps = self.run().tick_steps

    def add(self, groups: Sequence[Columns]) -> None:
        """Takes in the rows of a flush, none of which reaches beyond one tick."""
        for group in groups:
            for name, values in group.values.items():
                self._take(name, group.steps[-1], values)

    def _take(self, name: str, step: int, values: FloatArray) -> None:
        entries = self._entries[name]
        with np.errstate(invalid="ignore"):
            total, count = float(values.sum()), len(values)
        # A flush within a tick adds to it; sample checks stay apart, as in the log.
        if entries and self._tick(entries[-1][0]) == self._tick(step) and "sample/" not in name:
            _, total_before, count_before = entries.pop()
            total, count = total + total_before, count + count_before
        entries.append((step, total, count))

    def _tick(self, step: float) -> float:
        return -(-step // self.tick_steps)

    def run(self) -> Run:
        """The run so far, a single segment."""
        return Run(
            name=self.name,
            series=tuple(
                Series(Key.parse(name), [e[0] for e in entries], [e[1] / e[2] for e in entries])
                for name, entries in self._entries.items()
            ),
            bands=tuple(self.bands),
            setup=self.setup,
            events=tuple(self.events),
            segments=(Segment(self.first_step),),
        )
