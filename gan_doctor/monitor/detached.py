"""A penalty that is passed without a graph, beside a loss that has one: it trains nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from gan_doctor.core import Key
from gan_doctor.monitor.recorder import Recorder

PATIENCE = 50  # generator steps in which it never had one: a lazy penalty is a plain 0 in between
OFTEN = 3  # times that it must have come


class Detached:
    """Watches the penalties that `step` is given, and notes once each that is cut off.

    Args:
        record: Where the event goes.
    """

    def __init__(self, record: Recorder) -> None:
        self._record = record
        self._seen: dict[str, tuple[int, int]] = {}  # first step and how often, by series
        self._settled: set[str] = set()

    def take(self, key: Key, penalty: Any, losses: Mapping[str, Any]) -> None:
        """A penalty was passed.

        Args:
            key: Of its series.
            penalty: One, or one for each player. What is no tensor tells nothing, such as the
                number that `item()` gives.
            losses: What was passed with it, by role: a loss, or one for each player.
        """
        if isinstance(penalty, Mapping):
            for player, one in penalty.items():
                self.take(Key(key.name, player), one, losses)
            return
        loss = losses.get(key.name.rpartition("/")[2])
        if isinstance(loss, Mapping):
            loss = loss.get(key.player)
        if str(key) not in self._settled and _attached(loss) and isinstance(penalty, torch.Tensor):
            self._judge(key, _attached(penalty))

    def _judge(self, key: Key, attached: bool) -> None:
        series, step = str(key), self._record.step
        first, times = self._seen.get(series, (step, 0))
        self._seen[series] = first, times + 1
        cut_off = not attached and step - first >= PATIENCE and times + 1 >= OFTEN
        if cut_off:
            self._record.event("detached", {"series": series}, key.player)
        if attached or cut_off:
            self._settled.add(series)


def _attached(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.requires_grad
