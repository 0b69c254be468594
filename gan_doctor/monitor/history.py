"""What the monitor remembers of its own run, at tick resolution: bounded memory, live diagnoses."""

from __future__ import annotations

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
        # By series: (last step, sum, count) of each tick.
        self._entries: dict[str, list[tuple[int, float, int]]] = defaultdict(list)
        self._broken: set[str] = set()
        self.tick_steps = self.run().tick_steps

    def add(self, groups: Sequence[Columns]) -> None:
        """Takes in the rows of a flush, none of which reaches beyond one tick."""
        for group in groups:
            for name, values in group.values.items():
                breaks = name not in self._broken and not np.isfinite(values).all()
                if breaks:
                    self._broken.add(name)
                if breaks or name.startswith(_WHOLE):
                    rows = zip(group.steps, values.tolist(), strict=True)
                    self._entries[name] += [(step, value, 1) for step, value in rows]
                else:
                    self._merge(name, group.steps[-1], values)

    def _merge(self, name: str, step: int, values: FloatArray) -> None:
        entries = self._entries[name]
        with np.errstate(invalid="ignore"):
            total, count = float(values.sum()), len(values)
        # A flush within a tick adds to what an earlier one began.
        if (
            entries
            and self._tick(entries[-1][0]) == self._tick(step)
            and np.isfinite(entries[-1][1])
        ):
            _, total_before, count_before = entries.pop()
            total, count = total + total_before, count + count_before
        entries.append((step, total, count))

    def _tick(self, step: int) -> int:
        return -(-step // self.tick_steps)

    def run(self) -> Run:
        """The run so far, a single segment."""
        return Run(
            name=self.name,
            series=tuple(
                Series(
                    Key.parse(name),
                    np.array([step for step, _, _ in entries], dtype=np.float64),
                    np.array([total / count for _, total, count in entries]),
                )
                for name, entries in self._entries.items()
            ),
            bands=tuple(self.bands),
            setup=self.setup,
            events=tuple(self.events),
            segments=(Segment(self.first_step),),
        )
