"""The scalars of the steps since the last flush, kept on the device where they were computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch

from gan_doctor.core import FloatArray
from gan_doctor.monitor.host_copy import HostCopy

# What a measure gives where there is nothing to record.
ABSENT = -(2.0**127)

Measure = Callable[[torch.Tensor], Mapping[str, torch.Tensor]]

T = TypeVar("T")


@dataclass(frozen=True)
class Columns:
    """Series that were recorded at the same steps: what one line of the log holds.

    Args:
        steps: (R,) of each row, rising.
        values: (R,) by the text of the series key.
    """

    steps: list[int]
    values: dict[str, FloatArray]


class Window:
    """Collects scalars without waiting for the device, and with as little work a step as can be.

    A scalar that comes several times before its row ends counts with its mean. What can be measured
    for many steps at once is kept raw until the flush. From a GPU everything crosses to the host in
    one asynchronous copy a flush: what a flush sent off is handed out by a later one.

    Args:
        shield: Around each measure: one that fails costs its own series alone.
    """

    def __init__(
        self, shield: Callable[[str], AbstractContextManager[None]] = lambda what: nullcontext()
    ) -> None:
        self._shield = shield
        self._scalars: _Rows[_Scalar] = _Rows()
        self._raw: _Rows[tuple[Measure, torch.Tensor]] = _Rows()
        self._waiting = 0
        self._measured: list[_Vector] = []
        self._travelling: list[_Transfer] = []

    def put(self, name: str, value: torch.Tensor | float) -> None:
        """Adds a scalar to the open row. A tensor with several elements counts with its mean.

        Args:
            name: Of the series.
            value: A tensor is not copied: it must not be written over.
        """
        if isinstance(value, torch.Tensor):
            if value.requires_grad:
                value = value.detach()
            if value.dtype != torch.float32:
                value = value.float()
            if value.dim():
                value = value.mean()
        else:
            value = float(value)
        self._scalars.add((name, value, 1))
        if self._scalars.open > _LONG:
            self._shorten()

    def later(self, measure: Measure, raw: torch.Tensor) -> None:
        """Adds to the open row what `measure` says of a tensor, taken when the window is flushed.

        Args:
            measure: Takes (S, ...) for S calls with tensors of one shape, gives (S,) by name, with
                `ABSENT` where there is nothing. Calls with the same object are measured together.
            raw: (...) is not copied: it must not be written over.
        """
        self._raw.add((measure, raw))
        self._waiting += raw.numel()
        if self._waiting > _MOST:
            self._measured += self._measure(self._raw.take())
        if self._waiting > _MOST or self._raw.open > _LONG:
            self._shorten()

    def end_row(self, step: int) -> None:
        """Closes the open row at `step`; without scalars there is no row."""
        self._scalars.end(step)
        self._raw.end(step)

    def flush(self, wait: bool = False) -> list[Columns]:
        """Sends the closed rows to the host and returns those that have arrived.

        Args:
            wait: Waits for all of them; for the end of a run.
        """
        self._measured += self._measure(self._raw.take())
        scalars = self._scalars.take()
        if scalars or self._measured:
            self._travelling.append(_Transfer(scalars, self._measured))
            self._measured = []
        arrived: list[Columns] = []
        while self._travelling and (wait or self._travelling[0].arrived()):
            arrived += self._travelling.pop(0).columns()
        return arrived

    @torch.no_grad()
    def _measure(self, rows: Sequence[tuple[int, tuple[Measure, torch.Tensor]]]) -> list[_Vector]:
        alike: dict[tuple[Measure, torch.Size, torch.device], list[tuple[int, torch.Tensor]]]
        alike = defaultdict(list)
        for step, (measure, raw) in rows:
            alike[measure, raw.shape, raw.device].append((step, raw))
            self._waiting -= raw.numel()
        measured: list[_Vector] = []
        for (measure, _, _), same in alike.items():
            with self._shield("a measure of the training"):
                steps = [step for step, _ in same]
                values = measure(torch.stack([raw for _, raw in same]))
                measured += [(name, steps, value.float()) for name, value in values.items()]
        return measured

    @torch.no_grad()
    def _shorten(self) -> None:
        """A row that stays open for long: what it holds of a name so far becomes one value."""
        opened = self._measure([(0, raw) for raw in self._raw.take_open()])
        means: list[_Scalar] = [(name, values.mean(), len(steps)) for name, steps, values in opened]
        totals: dict[str, tuple[torch.Tensor | float, int]] = {}
        for name, value, count in (*self._scalars.take_open(), *means):
            total, n = totals.get(name, (0.0, 0))
            totals[name] = total + value * count, n + count
        for name, (total, n) in totals.items():
            self._scalars.add((name, total / n, n))


_MOST = 1 << 22  # numbers that may wait to be measured: 16 MB
_LONG = 1 << 12  # things in one row

_Scalar = tuple[str, torch.Tensor | float, int]  # name, mean, of how many
_Vector = tuple[str, list[int], torch.Tensor]  # name, steps, (S,) values


class _Rows(Generic[T]):
    """Things that get their step when the row ends in which they came."""

    def __init__(self) -> None:
        self._things: list[T] = []
        self._steps: list[int] = []

    def add(self, thing: T) -> None:
        self._things.append(thing)

    def end(self, step: int) -> None:
        self._steps += [step] * self.open

    @property
    def open(self) -> int:
        """How many are in the open row."""
        return len(self._things) - len(self._steps)

    def take(self) -> list[tuple[int, T]]:
        """The things of all rows that have ended."""
        n = len(self._steps)
        taken = list(zip(self._steps, self._things[:n], strict=True))
        self._things, self._steps = self._things[n:], []
        return taken

    def take_open(self) -> list[T]:
        """The things of the open row."""
        n = len(self._steps)
        self._things, taken = self._things[:n], self._things[n:]
        return taken


class _Transfer:
    """What one flush sent off: labels on the host, values on their way."""

    def __init__(self, scalars: Sequence[tuple[int, _Scalar]], vectors: Sequence[_Vector]) -> None:
        self._known: list[_Label] = []
        self._numbers: list[float] = []
        labels: dict[torch.device, list[_Label]] = defaultdict(list)
        singles: dict[torch.device, list[torch.Tensor]] = defaultdict(list)
        for step, (name, value, count) in scalars:
            if isinstance(value, torch.Tensor):
                labels[value.device].append((name, step, count))
                singles[value.device].append(value)
            else:
                self._known.append((name, step, count))
                self._numbers.append(value)
        pieces = {device: [torch.stack(values)] for device, values in singles.items()}
        for name, steps, values in vectors:
            labels[values.device] += [(name, step, 1) for step in steps]
            pieces.setdefault(values.device, []).append(values)
        self._sent = [(labels[device], HostCopy(torch.cat(p))) for device, p in pieces.items()]

    def arrived(self) -> bool:
        return all(copy.arrived() for _, copy in self._sent)

    def columns(self) -> list[Columns]:
        """Each series once, with those of the same steps."""
        table: dict[str, dict[int, tuple[float, int]]] = defaultdict(dict)
        arrived = [(labels, copy.get().tolist()) for labels, copy in self._sent]
        for labels, values in ((self._known, self._numbers), *arrived):
            for (name, step, count), value in zip(labels, values, strict=True):
                if value == ABSENT:
                    continue
                total, n = table[name].get(step, (0.0, 0))
                table[name][step] = total + value * count, n + count
        alike: dict[tuple[int, ...], dict[str, FloatArray]] = defaultdict(dict)
        for name, by_step in table.items():
            steps = sorted(by_step)
            means = [by_step[step][0] / by_step[step][1] for step in steps]
            alike[tuple(steps)][name] = np.array(means)
        return [Columns(list(steps), values) for steps, values in alike.items()]


_Label = tuple[str, int, int]  # name, step, of how many the value is the mean
