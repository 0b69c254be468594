"""Who plays: every G and D by name, and which optimizer steps whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import ref

import torch
from torch import nn
from torch.optim.optimizer import Optimizer

from gan_doctor.core import ConfigError, Key
from gan_doctor.core.setup import Role

Networks = nn.Module | Sequence[nn.Module] | Mapping[str, nn.Module]


@dataclass(frozen=True, eq=False)
class Player:
    """One G or D.

    Args:
        role: `g` or `d`.
        name: Which one, "" where there is only one.
        module: The network.
    """

    role: Role
    name: str
    module: nn.Module

    @cached_property
    def layers(self) -> Mapping[int, int]:
        """The layer of each parameter by its id, from 0 at the input."""
        layers: dict[int, int] = {}
        # Affine parameters of a normalisation belong to the layer before it, biases to their own.
        layer = -1
        for p in self.module.parameters():
            layer += p.dim() > 1 or layer < 0
            layers[id(p)] = layer
        return layers

    def key(self, name: str) -> str:
        """The text of a series key of this player."""
        return str(Key(name, self.name)) if self.name else name


class Players:
    """All of them.

    Args:
        generator: G, or several in a list or a mapping by name.
        discriminator: D, likewise.

    Raises:
        ConfigError: One of them is no module, or one module plays two roles.
    """

    def __init__(self, generator: Networks, discriminator: Networks) -> None:
        self.g = _named("generator", "g", generator)
        self.d = _named("discriminator", "d", discriminator)
        modules = [player.module for player in self]
        if len({id(module) for module in modules}) < len(modules):
            raise ConfigError("generator and discriminator are the same module: pass G and D")
        self._of: dict[int, list[Player]] = {}
        for player in self:
            for p in player.module.parameters():
                self._of.setdefault(id(p), []).append(player)
        self._known: dict[int, tuple[ref[Optimizer], int, list[Stepped]]] = {}

    def __iter__(self) -> Iterator[Player]:
        yield from self.g
        yield from self.d

    def game(self, discriminator: Player) -> str:
        """Whose samples D judges: its own name, where there are several of both roles."""
        return discriminator.name if len(self.g) > 1 and len(self.d) > 1 else ""

    @property
    def games(self) -> tuple[str, ...]:
        """The names of all games."""
        return tuple(dict.fromkeys(self.game(d) for d in self.d))

    def stepped_by(self, optimizer: Optimizer) -> list[Stepped]:
        """Whom an optimizer steps, each with the parameters; none for a stranger's."""
        n = 0
        for group in optimizer.param_groups:  # some may be added
            n += len(group["params"])
        known = self._known.get(id(optimizer))
        if known is None or known[0]() is not optimizer or known[1] != n:
            known = ref(optimizer), n, self._look_up(optimizer)
            self._known[id(optimizer)] = known
        return known[2]

    def _look_up(self, optimizer: Optimizer) -> list[Stepped]:
        found: dict[Player, list[torch.Tensor]] = {}
        first: dict[Player, int] = {}
        for i, group in enumerate(optimizer.param_groups):
            for p in group["params"]:
                for player in self._of.get(id(p), ()):
                    found.setdefault(player, []).append(p)
                    first.setdefault(player, i)
        # Where G and D share a layer, an optimizer that has nothing else of one is the other's.
        own = [player for player in found if any(len(self._of[id(p)]) == 1 for p in found[player])]
        return [Stepped(player, tuple(found[player]), first[player]) for player in own or found]


@dataclass(frozen=True, eq=False)
class Stepped:
    """A player that an optimizer steps.

    Args:
        player: Who.
        parameters: Those of its parameters that the optimizer has.
        group: The first parameter group that holds one of them.
    """

    player: Player
    parameters: tuple[torch.Tensor, ...]
    group: int


def _named(argument: str, role: Role, networks: Any) -> tuple[Player, ...]:
    if isinstance(networks, Mapping | nn.ModuleDict):
        named = {str(name): module for name, module in networks.items()}
    elif isinstance(networks, list | tuple | nn.ModuleList):
        named = {str(i): module for i, module in enumerate(networks)}
    else:
        named = {"": networks}
    for name, module in named.items():
        if not isinstance(module, nn.Module):
            which = f"{argument} {name!r}" if name else argument
            raise ConfigError(
                f"{which} must be a torch.nn.Module, got {type(module).__name__}: "
                f"pass {argument}=your_module, or a list or dict of modules"
            )
    if not named:
        raise ConfigError(f"{argument} is empty: pass a torch.nn.Module")
    if len(named) > 1 and "" in named:
        raise ConfigError(f"a player of {argument} has no name: give each one")
    if len(named) == 1:
        named = dict(zip([""], named.values(), strict=True))
    return tuple(Player(role, name, module) for name, module in named.items())
