"""Finds out which loss family a training uses, where nobody declared it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from gan_doctor.monitor.host_copy import HostCopy
from gan_doctor.monitor.objective_inference import Fit, fitting_objectives
from gan_doctor.monitor.recorder import Recorder

Loss = torch.Tensor | float | Mapping[str, torch.Tensor | float] | None

STEPS = 32  # that are compared at a time,
MOST_STEPS = 256  # or more, until so many of them are of G as well
ATTEMPTS = 20
MOST_LOGITS = 1 << 16  # of one step; beyond, it would cost too much


@dataclass
class _Step:
    """What one call of `step` reports, and what D said in the steps before it."""

    d: list[tuple[HostCopy, int]] = field(default_factory=list)  # outputs, how many are of reals
    g: list[HostCopy] = field(default_factory=list)
    loss_d: HostCopy | None = None
    loss_g: HostCopy | None = None

    @property
    def tells_of_g(self) -> bool:
        return self.loss_g is not None and len(self.g) == 1

    def arrived(self) -> bool:
        copies = [*(copy for copy, _ in self.d), *self.g, self.loss_d, self.loss_g]
        return all(copy.arrived() for copy in copies if copy is not None)


class ObjectiveGuess:
    """Compares reported losses with those of every family, until one alone explains them.

    It watches one G and one D whose losses are reported for each of their steps.

    Args:
        record: Learns the objective.
        needed: Nobody declared it, and there is one G and one D.
    """

    def __init__(self, record: Recorder, needed: bool) -> None:
        self._record = record
        self._attempts = ATTEMPTS if needed else 0
        self._open = _Step()
        self._steps: list[_Step] = []
        self._of_g = 0  # how many of them tell of G's loss as well

    @property
    def _listening(self) -> bool:
        return self._attempts > 0 and not self._enough

    @property
    def _enough(self) -> bool:
        n = len(self._steps)
        both = self._of_g == 0 or self._of_g >= STEPS // 2
        return n >= MOST_STEPS or (n >= STEPS and both)

    def take_d(self, outputs: torch.Tensor, reals: int) -> None:
        """D's outputs on reals and fakes in one of its steps, joined."""
        # Of several steps in one call it is not known whose loss is reported.
        if self._listening and len(self._open.d) < 2 and len(outputs) <= MOST_LOGITS:
            self._open.d.append((HostCopy(outputs), reals))

    def take_g(self, outputs: torch.Tensor) -> None:
        """D's outputs in a G step."""
        if self._listening and len(self._open.g) < 2 and outputs.numel() <= MOST_LOGITS:
            self._open.g.append(HostCopy(outputs.reshape(-1)))

    def end_call(self, loss_d: Loss, loss_g: Loss) -> None:
        """`step` was called with these losses."""
        if not self._listening:
            return
        step, self._open = self._open, _Step()
        if loss_d is not None and len(step.d) == 1:
            step.loss_d, step.loss_g = _copied(loss_d), _copied(loss_g)
            self._steps.append(step)
            self._of_g += step.tells_of_g

    def at_tick(self) -> None:
        """Compares, once there is enough."""
        if self._attempts == 0 or not self._enough or not self._steps[-1].arrived():
            return
        self._attempts -= 1
        steps, self._steps, self._of_g = self._steps, [], 0
        fits = _fits(steps)
        if len(fits) == 1:
            self._learn(fits[0])
        elif self._attempts == 0:
            names = sorted({str(fit.objective.family) for fit in fits})
            why = f"it may be {' or '.join(names)}" if names else "no family explains the losses"
            self._record.shield.tell_once(
                "objective", f"the loss family is not known ({why}): declare it with Monitor(loss=)"
            )

    def _learn(self, fit: Fit) -> None:
        self._attempts = 0
        self._record.learn(objective=fit.objective, objective_inferred=True)
        if fit.output is not None:
            self._record.learn(discriminator_output=fit.output)


def _copied(loss: Loss) -> HostCopy | None:
    if loss is None or isinstance(loss, Mapping):
        return None
    return HostCopy(torch.as_tensor(loss, dtype=None if torch.is_tensor(loss) else torch.float64))


def _number(loss: HostCopy) -> float:
    return float(loss.get().double().mean())


def _fits(steps: Sequence[_Step]) -> Sequence[Fit]:
    of_d = [(_number(step.loss_d), *step.d[0]) for step in steps if step.loss_d is not None]
    of_g = [
        (_number(step.loss_g), step.g[0].get())
        for step in steps
        if step.tells_of_g and step.loss_g is not None
    ]
    return fitting_objectives(
        loss_d=[loss for loss, _, _ in of_d],
        real=[outputs.get()[:reals] for _, outputs, reals in of_d],
        fake=[outputs.get()[reals:] for _, outputs, reals in of_d],
        loss_g=[loss for loss, _ in of_g],
        generator=[outputs for _, outputs in of_g],
    )
