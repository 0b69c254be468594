"""When to measure samples: at a fixed interval, or as often as a share of the wall time allows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

CHECKS = 50  # over the declared budget, if the wall time allows
CHECK_STEPS = 500  # between checks where no budget is declared
MARGIN = 0.9  # of the share that is planned for: a check may be slower than the last


class Schedule:
    """Says when the next sample check is due, and keeps account of what checks cost.

    On "auto" it starts from fifty checks over the declared budget, and puts a check off while the
    monitor would use more than its share of the wall time. What is paid once, such as drawing the
    null of the real data, is spread over the wall time that the whole training will take.

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
        self._budget, self._total_steps, self._clock = budget, total_steps, clock
        self._started = clock()
        self._once = self._spent = 0.0  # seconds
        self._dearest_once = self._check = 0.0  # of the dearest, and of the latest check
        self._cheapest = math.inf  # check so far
        if every != "auto":
            self.interval = every
        else:
            self.interval = CHECK_STEPS if total_steps is None else max(1, total_steps // CHECKS)
        self.start(0)

    def start(self, step: int) -> None:
        """Begins at a step other than 0: a resumed run."""
        self._first_step, self._next = step, step + self.interval

    @property
    def cost(self) -> float:
        """Share of the wall time taken so far."""
        return (self._once + self._spent) / max(self._elapsed, 1e-9)

    def due(self, step: int) -> bool:
        """Whether a check is to be made at `step`."""
        return step >= self._next and (self._fixed or self._affordable(step))

    def near(self, step: int, within: int) -> bool:
        """Whether a check is due at `step`, or less than `within` steps later."""
        return step > self._next - within

    def allowance(self, step: int) -> float | None:
        """Seconds that the monitor may take over the whole training, None without such a limit."""
        done = self._share_done(step)
        return self._earned / done if done else None

    def affords_once_more(self, step: int) -> bool:
        """Whether what is paid once can be paid again and leave enough for the checks to come."""
        return self._fixed or self._affordable(step, 2 * self._dearest_once)

    def done(self, step: int) -> int:
        """Notes that a check is made at `step`; returns by how many steps it comes late."""
        late = step - self._next
        self._next = (step // self.interval + 1) * self.interval
        self._cheapest = self._another
        self._check = 0.0
        return late

    @contextmanager
    def charged(self, once: bool = False) -> Iterator[None]:
        """Counts the time of the block as the monitor's.

        Args:
            once: It is paid once, or seldom, and not with every check.
        """
        start = self._clock()
        try:
            yield
        finally:
            seconds = self._clock() - start
            if once:
                self._dearest_once = max(self._dearest_once, seconds)
                self._once += seconds
            else:
                self._check, self._spent = self._check + seconds, self._spent + seconds

    @property
    def _elapsed(self) -> float:
        return self._clock() - self._started

    @property
    def _earned(self) -> float:
        """Seconds that the wall time so far allows for."""
        return MARGIN * self._budget * self._elapsed

    def _share_done(self, step: int) -> float | None:
        done = step - self._first_step
        if self._fixed or self._total_steps is None or done < 1:
            return None
        return min(1.0, done / max(self._total_steps - self._first_step, 1))

    @property
    def _another(self) -> float:
        """What one more check will take: as much as the cheapest, since others had to wait."""
        return min(self._cheapest, self._check or math.inf)

    def _affordable(self, step: int, once: float = 0.0) -> bool:
        """Whether one more check stays within the share, beside a cost that is paid once."""
        another = 0.0 if math.isinf(self._another) else self._another
        once += self._once
        done = self._share_done(step)
        if done is None:
            return once + self._spent + another <= self._earned
        return once * done + self._spent + another <= self._earned
