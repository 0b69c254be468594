"""The scalars of the steps since the last flush, kept on the device where they were computed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch

from gan_doctor.core import FloatArray


@dataclass(frozen=True)
class Columns:
    """Rows with the same set of series: what one line of the log holds.

    Args:
        steps: (R,) of each row.
        values: (R,) by the text of the series key.
    """

    steps: list[int]
    values: dict[str, FloatArray]


class Window:
    """Collects scalars without waiting for the device.

    A scalar that comes several times before its row ends counts with its mean. Tensors are stacked on
    their device once a row, and cross to the host once a flush, asynchronously from a GPU: what a
    flush took off is handed out by the flush after it.
    """

    def __init__(self) -> None:
        self._pool: dict[str, list[torch.Tensor | float]] = defaultdict(list)
        self._rows: dict[tuple[str, ...], list[tuple[int, torch.Tensor | FloatArray]]] = (
            defaultdict(list)
        )
        self._travelling: list[_Transfer] = []

    def put(self, name: str, value: torch.Tensor | float) -> None:
        """Adds a scalar to the row that is open. A tensor with several elements counts with its mean."""
        if isinstance(value, torch.Tensor):
            # A copy is made when the row ends: until then a loop may not write into its own losses.
            value = value.detach()
            value = value.float() if value.numel() == 1 else value.float().mean()
            self._pool[name].append(value.reshape(()))
        else:
            self._pool[name].append(float(value))

    def end_row(self, step: int) -> None:
        """Closes the open row at `step`; without scalars there is no row."""
        tensors: dict[str, torch.Tensor] = {}
        numbers: dict[str, float] = {}
        for name, values in self._pool.items():
            if isinstance(values[0], torch.Tensor):
                tensors[name] = _mean(values)
            else:
                numbers[name] = float(np.mean(values))
        self._pool.clear()
        by_device: dict[torch.device, list[str]] = defaultdict(list)
        for name, value in tensors.items():
            by_device[value.device].append(name)
        for names in by_device.values():
            row = torch.stack([tensors[name] for name in names])
            self._rows[tuple(names)].append((step, row))
        if numbers:
            self._rows[tuple(numbers)].append((step, np.array(list(numbers.values()))))

    def flush(self, wait: bool = False) -> list[Columns]:
        """Sends the closed rows to the host and returns those that have arrived.

        Args:
            wait: Waits for all of them; for the end of a run.
        """
        for names, rows in self._rows.items():
            self._travelling.append(_Transfer(names, rows))
        self._rows.clear()
        arrived = []
        while self._travelling and (wait or self._travelling[0].arrived()):
            arrived.append(self._travelling.pop(0).columns())
        return arrived


class _Transfer:
    """One group of rows on its way to the host."""

    def __init__(
        self, names: tuple[str, ...], rows: list[tuple[int, torch.Tensor | FloatArray]]
    ) -> None:
        self._names = names
        self._steps = [step for step, _ in rows]
        values = [value for _, value in rows]
        self._event: torch.cuda.Event | None = None
        if isinstance(values[0], np.ndarray):
            self._host: torch.Tensor | FloatArray = np.stack(values)  # type: ignore[arg-type]
            return
        stacked = torch.stack(values)  # type: ignore[arg-type]
        if not stacked.is_cuda:
            self._host = stacked.cpu()
            return
        # Only pinned memory lets the copy run beside the training.
        self._host = torch.empty(stacked.shape, dtype=stacked.dtype, pin_memory=True)
        self._host.copy_(stacked, non_blocking=True)
        self._event = torch.cuda.Event()
        self._event.record()

    def arrived(self) -> bool:
        return self._event is None or self._event.query()

    def columns(self) -> Columns:
        if self._event is not None:
            self._event.synchronize()
        values = np.asarray(self._host, dtype=np.float64)
        return Columns(self._steps, {name: values[:, i] for i, name in enumerate(self._names)})


def _mean(values: list[torch.Tensor | float]) -> torch.Tensor:
    tensors = [torch.as_tensor(value) for value in values]
    return tensors[0] if len(tensors) == 1 else torch.stack(tensors).mean()
