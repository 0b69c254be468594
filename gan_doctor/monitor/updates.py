"""How far a step moves the weights, on a bounded sample of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from gan_doctor.monitor.players import Player, Stepped

MOST = 1 << 20  # weights of a player that are compared: a copy of 4 MB


class Updates:
    """The weights before the steps that are under way."""

    def __init__(self) -> None:
        self._before: dict[Player, tuple[Sequence[torch.Tensor], torch.Tensor]] = {}

    def before(self, stepped: Stepped) -> None:
        """An optimizer is about to step, for the first time in this generator step or again."""
        if stepped.player not in self._before:
            parameters = stepped.parameters
            self._before[stepped.player] = parameters, _sample(parameters)

    def take(self) -> Iterator[tuple[Player, torch.Tensor]]:
        """Norm of the change of each player's weights over their norm; then begins anew."""
        for player, (parameters, before) in self._before.items():
            change = _sample(parameters) - before
            yield player, change.norm() / before.norm()
        self._before.clear()


@torch.no_grad()
def _sample(parameters: Sequence[torch.Tensor]) -> torch.Tensor:
    """The first weights of each parameter, as many of each as fit."""
    share = max(1, MOST // len(parameters))
    device = parameters[0].device
    return torch.cat([p.detach().reshape(-1)[:share].to(device, torch.float32) for p in parameters])
