"""Endless batches of a data set, which can be left and taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.training.data.dataset import Dataset


class Batches(Iterator[tuple[Tensor, Tensor | None]]):
    """Endless batches of (x, y); what fills no batch is left out of a pass.

    Args:
        data: Where they come from.
        batch_size: Samples in a batch.
        generator: Shuffles; on the CPU.
        shuffle: Whether each pass has an order of its own. Else the data comes class by class, or
            as it lies if it has no classes, which is a fault to train with.
        device: Where the batches go.

    Raises:
        ConfigError: The data does not fill one batch.
    """

    def __init__(
        self,
        data: Dataset,
        batch_size: int,
        generator: torch.Generator,
        shuffle: bool = True,
        device: str | torch.device = "cpu",
    ) -> None:
        if len(data) < batch_size:
            raise ConfigError(
                f"A batch of {batch_size} needs as many samples, the data has {len(data)}: "
                "set a smaller batch_size"
            )
        self._data, self._size, self._device = data, batch_size, device
        self._random, self._shuffle = generator, shuffle
        self._order = torch.empty(0, dtype=torch.long)  # of the pass under way
        self._position = 0

    def __next__(self) -> tuple[Tensor, Tensor | None]:
        if self._position + self._size > len(self._order):
            self._order, self._position = self._next_order(), 0
        chosen = self._order[self._position : self._position + self._size]
        self._position += self._size
        x, y = self._data.batch(chosen.to(self._data.x.device))
        return x.to(self._device), None if y is None else y.to(self._device)

    def _next_order(self) -> Tensor:
        if self._shuffle:
            return torch.randperm(len(self._data), generator=self._random)
        if self._data.classes and self._data.y is not None:
            return self._data.y.cpu().argsort(stable=True)
        return torch.arange(len(self._data))

    def state_dict(self) -> dict[str, Any]:
        """From which the batches go on bit for bit."""
        return {
            "order": self._order,
            "position": self._position,
            "generator": self._random.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state.

        Raises:
            ConfigError: It is of data of another length.
        """
        order = state["order"].cpu()
        if len(order) not in (0, len(self._data)):
            raise ConfigError(
                f"The checkpoint was made on {len(order)} samples, and the data has "
                f"{len(self._data)}: resume with the data_file that it was trained on"
            )
        self._order, self._position = order, state["position"]
        self._random.set_state(state["generator"].cpu())
