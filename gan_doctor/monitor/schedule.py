"""When to measure samples: at a fixed interval, or as often as a share of the wall time allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

# Without a declared budget; with one, every 1/CHECKS of it, if the wall time allows.
CHECK_STEPS = 500
CHECKS = 50


class Schedule:
    """Says when the next sample check is due, and keeps account of what checks cost.

    On "auto" it starts from fifty checks over the declared budget, and puts a check off while the
    monitor has used more than its share of the wall time.

    Args:
        every: Steps between checks, or "auto".
        budget: Share of the wall time that the monitor may take on "auto".
        total_steps: The declared budget of the training.
        clock: Seconds; for tests.
    """

    def __init__(
        self,
        every: int | Literal["auto"],
        budget: float,
        total_steps: int | None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._fixed = every != "auto"
        self._budget, self._clock = budget, clock
        self._started, self._spent, self._last = clock(), 0.0, 0.0
        if every != "auto":
            self.interval = every
        else:
            self.interval = CHECK_STEPS if total_steps is None else max(1, total_steps // CHECKS)
        self._next = float(self.interval)

    @property
    def cost(self) -> float:
        """Share of the wall time taken so far."""
        return self._spent / max(self._clock() - self._started, 1e-9)

    def start(self, step: int) -> None:
        """Begins at a step other than 0: a resumed run."""
        self._next = float(step + self.interval)

    def due(self, step: int) -> bool:
        """Whether a check is due at `step`."""
        return step >= self._next and (self._fixed or self.affordable)

    def near(self, step: int, within: int) -> bool:
        """Whether a check is due at `step`, or less than `within` steps later."""
        return step > self._next - within

    @property
    def affordable(self) -> bool:
        """Whether one more check like the last keeps within the share of the wall time."""
        return self._spent + self._last <= self._budget * (self._clock() - self._started)

    def done(self, step: int) -> int:
        """Notes a check made at `step`; returns by how many steps it came late."""
        late = step - self._next
        self._next = (step // self.interval + 1) * self.interval
        return int(late)

    @contextmanager
    def charged(self) -> Iterator[None]:
        """Counts the time of the block as the monitor's."""
        start = self._clock()
        try:
            yield
        finally:
            self._last = self._clock() - start
            self._spent += self._last
