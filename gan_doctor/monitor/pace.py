"""Which generator steps are read, and which of them are looked at closely."""

from __future__ import annotations

from collections.abc import Collection

from gan_doctor.monitor.gathering import Gathering

WATCHED_STEPS = 10  # the first, which are looked at closely; later one a tick
EARLY_STEPS = 100  # the first, of which every one is read,
FILLING_STEPS = 1_000  # or as many as it takes to gather reals, up to these
# Later D's outputs and gradients are read in so many steps of a tick, whose mean is what counts:
# AUROC over 512 logits on each side has a deviation of .018 by chance (ours).
READ_STEPS, READ_LOGITS = 5, 512

_GOLDEN = (5**0.5 - 1) / 2


class Pace:
    """Chooses the steps.

    Args:
        gatherings: Where reals and fakes are gathered, which may want more steps.

    Attributes:
        reading: D's outputs and all gradients are read in this step.
        remembering: So is what G makes: D may be shown it in a step that is read.
        watching: It is looked at closely: which way losses push, layer by layer.
        comparing: Gradients are compared with those of the step before: early, and in the step
            after one that is watched.
        read: How many generator steps have been read.
    """

    def __init__(self, gatherings: Collection[Gathering]) -> None:
        self._gatherings = gatherings
        self._logits = 1
        self.reading = self.remembering = self.watching = self.comparing = True
        self.read = 0

    def begin_step(self, step: int, tick_steps: int, at_tick: bool) -> None:
        """A generator step begins.

        Args:
            step: The clock before it.
            tick_steps: Steps between two ticks.
            at_tick: A tick has just ended.
        """
        share = max(READ_STEPS, READ_LOGITS / self._logits) / tick_steps
        watched = self.watching
        self.watching = at_tick or self.read < WATCHED_STEPS
        self.comparing = watched or self.watching or self.read < EARLY_STEPS
        self.reading = self.watching or falls(step, share) or self._wanted
        # Some loops show D what G made in the step before.
        self.remembering = self.reading or falls(step + 1, share)

    @property
    def _wanted(self) -> bool:
        if self.read < EARLY_STEPS or any(g.wanted for g in self._gatherings):
            return True
        return self.read < FILLING_STEPS and any(g.filling for g in self._gatherings)

    def end_step(self, logits: int) -> None:
        """A step that was read has ended.

        Args:
            logits: How many of D's outputs on reals it brought.
        """
        self.read += 1
        self._logits = max(logits, 1)

    def start(self) -> None:
        """Begins anew: a resumed run."""
        self.read = 0


def falls(step: int, share: float) -> bool:
    """Whether a step is among a share of all, spread evenly and in step with no other schedule.

    The multiples of the golden ratio are: a penalty every 16 steps is met as often as it comes.
    """
    return step * _GOLDEN % 1 < share
