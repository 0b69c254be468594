"""The scalars of the steps since the last flush, kept on the device where they were computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from gan_doctor.core import FloatArray


@dataclass(frozen=True)
class Columns:
    """Series that were recorded at the same steps: what one line of the log holds.

    Args:
        steps: (R,) of each row, never falling.
        values: (R,) by the text of the series key.
    """

    steps: list[int]
    values: dict[str, FloatArray]


_Block = tuple[torch.device | None, tuple[str, ...]]
_Row = tuple[int, torch.Tensor | FloatArray]


class Window:
    """Collects scalars without waiting for the device.

    A scalar that comes several times before its row ends counts with its mean. Tensors are stacked
    on their device once a row, and cross to the host once a flush, asynchronously from a GPU: what
    a flush took off is handed out by a later one.
    """

    def __init__(self) -> None:
        self._open: dict[str, tuple[torch.Tensor | float, int]] = {}  # sum, count
        self._rows: dict[_Block, list[_Row]] = defaultdict(list)
        self._travelling: list[_Transfer] = []

    def put(self, name: str, value: torch.Tensor | float) -> None:
        """Adds a scalar to the open row. A tensor with several elements counts with its mean."""
        if isinstance(value, torch.Tensor):
            value = value.detach().float()
            value = value.reshape(()) if value.numel() == 1 else value.mean()
        else:
            value = float(value)
        if name in self._open:
            total, count = self._open[name]
            self._open[name] = total + value, count + 1
        else:
            self._open[name] = value, 1

    def end_row(self, step: int) -> None:
        """Closes the open row at `step`; without scalars there is no row."""
        by_device: dict[torch.device | None, dict[str, torch.Tensor | float]] = defaultdict(dict)
        for name, (total, count) in self._open.items():
            mean = total if count == 1 else total / count
            by_device[getattr(mean, "device", None)][name] = mean
        self._open.clear()
        for device, means in by_device.items():
            row = list(means.values())
            values = np.array(row) if device is None else torch.stack(row)  # type: ignore[arg-type]
            self._rows[device, tuple(means)].append((step, values))

    def flush(self, wait: bool = False) -> list[Columns]:
        """Sends the closed rows to the host and returns those that have arrived.

        Args:
            wait: Waits for all of them; for the end of a run.
        """
        if self._rows:
            self._travelling.append(_Transfer(self._rows))
            self._rows = defaultdict(list)
        arrived: list[Columns] = []
        while self._travelling and (wait or self._travelling[0].arrived()):
            arrived += self._travelling.pop(0).columns()
        return arrived


class _Transfer:
    """The rows of one flush on their way to the host."""

    def __init__(self, rows: Mapping[_Block, list[_Row]]) -> None:
        self._blocks: list[tuple[tuple[str, ...], list[int], torch.Tensor | FloatArray]] = []
        self._copied: list[torch.cuda.Event] = []
        for (device, names), block in rows.items():
            values = [value for _, value in block]
            if device is None:
                host: torch.Tensor | FloatArray = np.stack(values)
            else:
                host = self._send(torch.stack(values))  # type: ignore[arg-type]
            self._blocks.append((names, [step for step, _ in block], host))

    def _send(self, block: torch.Tensor) -> torch.Tensor:
        if not block.is_cuda:
            return block.cpu()
        # Only pinned memory lets the copy run beside the training.
        host = torch.empty(block.shape, dtype=block.dtype, pin_memory=True)
        host.copy_(block, non_blocking=True)
        copied = torch.cuda.Event()
        copied.record(torch.cuda.current_stream(block.device))
        self._copied.append(copied)
        return host

    def arrived(self) -> bool:
        return all(copied.query() for copied in self._copied)

    def columns(self) -> list[Columns]:
        """Each series once, with those of the same steps; what came in several blocks is joined."""
        for copied in self._copied:
            copied.synchronize()
        pieces: dict[str, list[tuple[list[int], FloatArray]]] = defaultdict(list)
        for names, steps, host in self._blocks:
            values = np.asarray(host, dtype=np.float64)
            for i, name in enumerate(names):
                pieces[name].append((steps, values[:, i]))
        groups: dict[tuple[int, ...], dict[str, FloatArray]] = defaultdict(dict)
        for name, parts in pieces.items():
            at = np.concatenate([steps for steps, _ in parts])
            order = np.argsort(at, kind="stable")
            values = np.concatenate([values for _, values in parts])
            groups[tuple(at[order].tolist())][name] = values[order]
        return [Columns(list(steps), values) for steps, values in groups.items()]
