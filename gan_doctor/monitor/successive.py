"""The gradients of two successive steps of a player, on a bounded sample of their coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

import torch

from gan_doctor.monitor.players import Player, Stepped

COORDINATES = 4096  # of a player's gradient that are compared: a copy of 16 KB


@dataclass(frozen=True, eq=False)
class _Piece:
    """Every `stride`-th coordinate of one parameter, from `first` on."""

    parameter: torch.Tensor
    first: int
    stride: int


class Successive:
    """A sample of the gradient of each player's latest step.

    Its coordinates are chosen once, evenly over all parameters that have a gradient then, and
    copied, so that nothing large is held. Where several optimizers step a part of a player each,
    the part that was stepped first stands for it.
    """

    def __init__(self) -> None:
        self._part: dict[Player, int] = {}
        self._pieces: dict[Player, Sequence[_Piece]] = {}
        self._before: dict[Player, torch.Tensor] = {}

    def pair(self, stepped: Stepped) -> torch.Tensor | None:
        """Notes the gradient of a step that is about to be taken.

        Args:
            stepped: The player, with its gradients.

        Returns:
            (2, C) the sample at the step before and at this one; None if the step before was not
            noted.
        """
        player = stepped.player
        if not self._stands_for(stepped):
            return None
        before, now = self._before.pop(player, None), self._sample(stepped)
        if now is None:
            return None
        self._before[player] = now
        if before is None or before.device != now.device:
            return None
        return torch.stack([before, now])

    def forget(self, stepped: Stepped) -> None:
        """A step is about to be taken that is not to be noted."""
        if self._before and self._stands_for(stepped):
            self._before.pop(stepped.player, None)

    def _stands_for(self, stepped: Stepped) -> bool:
        part = id(stepped.parameters[0])
        return self._part.setdefault(stepped.player, part) == part

    @torch.no_grad()
    def _sample(self, stepped: Stepped) -> torch.Tensor | None:
        pieces = self._pieces.get(stepped.player) or _spread(stepped.parameters)
        self._pieces[stepped.player] = pieces
        found = []
        for piece in pieces:
            gradient = piece.parameter.grad
            if not _plain(gradient):
                return None
            found.append(gradient.reshape(-1)[piece.first :: piece.stride])
        if not found:
            return None
        device = found[0].device
        return torch.cat([part.to(device, torch.float32) for part in found])


def _spread(parameters: Sequence[torch.Tensor]) -> list[_Piece]:
    """Evenly spaced coordinates of all gradients, taken as one vector."""
    present = [p for p in parameters if _plain(p.grad)]
    total = sum(p.numel() for p in present)
    # An odd stride falls into step with no layer, whose sizes are mostly powers of two.
    stride = -(-total // COORDINATES) | 1
    pieces, start = [], 0
    for p in present:
        first = -start % stride
        if first < p.numel():
            pieces.append(_Piece(p, first, stride))
        start += p.numel()
    return pieces


def _plain(gradient: torch.Tensor | None) -> TypeGuard[torch.Tensor]:
    """Whether its coordinates can be had at no cost: it is dense, and not spread over machines."""
    return type(gradient) is torch.Tensor and gradient.layout == torch.strided
