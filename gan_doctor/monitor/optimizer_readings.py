"""What is read of the optimizers: gradient norms, learning rates, updates, modes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim.optimizer import Optimizer

from gan_doctor.metrics import norms
from gan_doctor.monitor.inspection import inspect_optimizer
from gan_doctor.monitor.measures import (
    GradientCosine,
    GradientNorm,
    LayerNorms,
    NotFinite,
    ScaledGradientNorm,
)
from gan_doctor.monitor.pace import Pace
from gan_doctor.monitor.players import Player, Players, Stepped
from gan_doctor.monitor.recorder import Recorder
from gan_doctor.monitor.successive import Successive
from gan_doctor.monitor.updates import Updates

LR_CHANGE = 0.2  # of the learning rate since the last event; smaller ones are a decay under way
MODE_EVENTS = 2  # of a player: some evaluate now and then, and step in between


@dataclass(frozen=True, eq=False)
class _Norms:
    """Of the gradients that an optimizer is about to use.

    Args:
        norms: (P,) of each parameter's.
        layers: (P,) of each parameter.
        left_out: Above 0 if the optimizer will leave this step out; None if it would not.
    """

    norms: torch.Tensor
    layers: Sequence[int]
    left_out: torch.Tensor | None


class OptimizerReadings:
    """Puts on record what the optimizers of the players do.

    Args:
        record: Where to.
        players: Who plays.
        pace: Says how closely to look.
    """

    def __init__(self, record: Recorder, players: Players, pace: Pace) -> None:
        self._record, self._players, self._pace = record, players, pace
        self._updates, self._successive = Updates(), Successive()
        self._inspected: set[tuple[Player, int]] = set()
        self._lr: dict[Player, float] = {}
        self._told_lr: dict[Player, float] = {}
        self._modes: dict[Player, bool] = {}
        self._told_modes: Counter[Player] = Counter()
        self._norm = {player: GradientNorm(player) for player in players}
        self._cosine = {player: GradientCosine(player) for player in players}
        self._scaled = {player: ScaledGradientNorm(player) for player in players}
        self._finite = {player: NotFinite(player) for player in players}
        self._round: dict[Player, dict[int, _Norms | None]] = {}  # of the step under way
        self._left: dict[Player, torch.Tensor] = {}  # sum of the gradient of the last backward pass

    def before_step(self, optimizer: Optimizer, stepped: Stepped, gradients: bool) -> bool:
        """Reads what an optimizer is about to do.

        Args:
            optimizer: Which.
            stepped: Whom it steps.
            gradients: They are there, and not made within the step.

        Returns:
            Whether a step of the player begins. Several optimizers may have a part of it each:
            together they make one step.
        """
        player, part = stepped.player, id(stepped.parameters[0])
        begins = player not in self._round or part in self._round[player]
        if begins:
            self._close_round(player)
            left = self._left.pop(player, None)
            if left is not None and not hasattr(optimizer, "found_inf"):
                self._record.later(self._finite[player], left)
        self._round.setdefault(player, {})[part] = _norms(optimizer, stepped) if gradients else None
        self.compare(stepped, gradients)
        if self._pace.watching:
            self._updates.before(stepped)
            self._inspect(optimizer, player, part)
        if player.module.training is not self._modes.get(player, True):
            self._note_mode(player)
        self._read_lr(player, optimizer.param_groups[stepped.group].get("lr"))
        return begins

    def compare(self, stepped: Stepped, gradients: bool) -> None:
        """Reads the angle between the gradient of a step and that of the step before.

        Args:
            stepped: Whom an optimizer is about to step.
            gradients: They are there, and not made within the step.
        """
        if not (gradients and self._pace.comparing):
            self._successive.forget(stepped)
            return
        pair = self._successive.pair(stepped)
        if pair is not None:
            self._record.later(self._cosine[stepped.player], pair)

    def start(self) -> None:
        """Begins anew: a resumed run, whose events are to say again what holds."""
        self._modes.clear()
        self._told_modes.clear()

    def on_backward(self, player: Player, parameter: torch.Tensor) -> None:
        """A backward pass has reached the first layer of a player."""
        gradient = parameter.grad
        if gradient is not None and not gradient.is_sparse:
            # Before anybody clips it or replaces what is not finite.
            self._left[player] = gradient.sum(dtype=torch.float32)

    def end_step(self) -> None:
        """A generator step has ended."""
        for player in self._players:
            self._close_round(player)
        for player, change in self._updates.take():
            self._record.put(player.key(f"update/{player.role}"), change)

    def _close_round(self, player: Player) -> None:
        """Puts the gradient norm of a step on record, once every optimizer of the player is in."""
        found = [part for part in self._round.pop(player, {}).values() if part is not None]
        if not found:
            return
        layers = [layer for part in found for layer in part.layers]
        of_all = found[0].norms if len(found) == 1 else torch.cat([part.norms for part in found])
        left_out = found[0].left_out
        if left_out is not None:
            self._record.later(self._scaled[player], torch.cat([of_all, left_out.reshape(1)]))
            return
        self._record.later(self._norm[player], of_all)
        if self._pace.watching and layers == sorted(layers):
            self._record.later(LayerNorms(player, layers), of_all)

    def _inspect(self, optimizer: Optimizer, player: Player, part: int) -> None:
        """Notes each part of a player that has an optimizer of its own."""
        if (player, part) not in self._inspected:
            self._inspected.add((player, part))
            found = inspect_optimizer(optimizer, player.role, player.name, player.module)
            self._record.learn(optimizers=(*self._record.setup.optimizers, found))

    def _read_lr(self, player: Player, lr: Any) -> None:
        same = lr == self._lr.get(player) and not self._pace.watching
        if not isinstance(lr, float | int) or same:
            return  # it is a tensor where a captured graph changes it by itself
        self._lr[player] = lr
        self._record.put(player.key(f"lr/{player.role}"), lr)
        told = self._told_lr.setdefault(player, lr)
        if abs(lr - told) > LR_CHANGE * abs(told):
            self._told_lr[player] = lr
            detail = {"role": player.role, "from": told, "to": lr}
            self._record.event("learning-rate", detail, player.name)

    def _note_mode(self, player: Player) -> None:
        self._modes[player] = player.module.training
        if self._told_modes[player] < MODE_EVENTS:
            self._told_modes[player] += 1
            detail = {"role": player.role, "training": player.module.training}
            self._record.event("mode", detail, player.name)


def _norms(optimizer: Optimizer, stepped: Stepped) -> _Norms | None:
    present = [p for p in stepped.parameters if p.grad is not None]
    if not present:
        return None
    found = norms([p.grad for p in present if p.grad is not None])
    # GradScaler leaves it to fused optimizers to divide by the scale and to leave a step out.
    scale = getattr(optimizer, "grad_scale", None)
    if scale is not None:
        found = found / scale
    layers = [stepped.player.layers[id(p)] for p in present]
    return _Norms(found, layers, getattr(optimizer, "found_inf", None))
