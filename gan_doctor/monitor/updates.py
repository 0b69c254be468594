"""How far a step moves the weights, on a bounded sample of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from gan_doctor.monitor.players import Player, Stepped

MOST = 1 << 20  # weights of a player that are compared: a copy of 4 MB


_Part = tuple[Sequence[torch.Tensor], torch.Tensor]  # parameters, and a sample of them before


class Updates:
    """The weights before the steps that are under way."""

    def __init__(self) -> None:
        self._before: dict[Player, dict[int, _Part]] = {}

    def before(self, stepped: Stepped) -> None:
        """An optimizer is about to step, for the first time in this generator step or again."""
        parts = self._before.setdefault(stepped.player, {})
        # Several optimizers may have a part of the player each.
        part = id(stepped.parameters[0])
        if part not in parts:
            parts[part] = stepped.parameters, _sample(stepped.parameters)

    def take(self) -> Iterator[tuple[Player, torch.Tensor]]:
        """Norm of the change of each player's weights over their norm; then begins anew."""
        taken, self._before = self._before, {}
        for player, parts in taken.items():
            changes = [_sample(parameters) - before for parameters, before in parts.values()]
            before = torch.cat([before for _, before in parts.values()])
            yield player, torch.cat(changes).norm() / before.norm()


@torch.no_grad()
def _sample(parameters: Sequence[torch.Tensor]) -> torch.Tensor:
    """The first weights of each parameter, as many of each as fit."""
    share = max(1, MOST // len(parameters))
    device = parameters[0].device
    return torch.cat([p.detach().reshape(-1)[:share].to(device, torch.float32) for p in parameters])
