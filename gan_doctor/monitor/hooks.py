"""What hooks on G, D and the optimizers see of a training loop, told at each optimizer step."""

from __future__ import annotations

import contextlib
import types
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils.hooks import RemovableHandle

from gan_doctor.monitor.forwards import Forward, Made
from gan_doctor.monitor.players import Player, Players, Stepped
from gan_doctor.monitor.shield import Around
from gan_doctor.monitor.structures import tensors_in
from gan_doctor.monitor.through_d import listen

_KEPT = 4  # batches of D that are held until its step; of more only what it said of them
_PENDING = 64  # forwards of D that are held, where no optimizer step follows them


class Listener(Protocol):
    """Who is told."""

    @property
    def watching(self) -> bool:
        """Whether this step is looked at closely: the loss gradients at D's output are wanted."""

    def on_unread_step(self, stepped: Sequence[Stepped], gradients: bool) -> None:
        """An optimizer is about to step, in a generator step that is not read.

        The gradients may be there, or be made by the step itself, in a closure.
        """

    def on_discriminator_step(
        self, optimizer: Optimizer, stepped: Stepped, forwards: Sequence[Forward] | None
    ) -> None:
        """D's optimizer is about to step; its loss may be made of `forwards` of D.

        None where the step makes them itself, in a closure.
        """

    def on_generator_step(
        self,
        optimizer: Optimizer,
        stepped: Sequence[Stepped],
        judged: Mapping[Player, Sequence[Forward]] | None,
    ) -> None:
        """An optimizer over some Gs is about to step; `judged` is what each D said of fakes.

        None where the step makes them itself, in a closure.
        """

    def on_generator_forward(
        self, player: Player, inputs: Sequence[torch.Tensor], output: Any
    ) -> None:
        """G was called, or a part of it, whose inputs are not told."""

    def on_backward(self, player: Player, parameter: torch.Tensor) -> None:
        """A backward pass has reached the first layer of a player."""


class Hooks:
    """Attaches to every G and D, and to all optimizers over their parameters, until `remove`.

    D's forwards are tied to the optimizer step that follows them, so those of a G step or of an
    earlier D step are never mistaken for this one's. Where D's optimizer steps with none of its
    own, all were made before G's stepped. Forwards without autograd (plots, evaluation) do not
    count.

    Args:
        players: Who plays.
        listener: Is told of every optimizer step, before the parameters change.
        shield: Wraps each callback, so that a fault in the doctor never reaches the training.
        wrap: Wraps `forward` of the instances, for loops that call it directly and so pass by
            forward hooks.
    """

    def __init__(
        self,
        players: Players,
        listener: Listener,
        shield: Around,
        wrap: bool = False,
    ) -> None:
        self._players, self._listener = players, listener
        self._shield = shield
        self._made = Made()
        self._alone = len(players.g) == len(players.d) == 1
        self._pending: dict[Player, deque[Forward]] = {d: deque(maxlen=_PENDING) for d in players.d}
        self._held: dict[Player, Sequence[Forward]] = {}  # made before the latest step of a G
        self._of_g: dict[Player, Sequence[Forward]] = {}  # made before the latest step of D
        self._reading = self._remembering = False
        self._of_role: dict[str, list[_Hook]] = {"g": [], "d": []}
        self._backward: dict[Player, _BackwardHook] = {}
        self._inner: dict[Player, Sequence[_Hook]] = {}
        for player in players:
            self._prepare(player, wrap)
        self._optimizers = (
            register_optimizer_step_pre_hook(shield(self._before_step)),
            register_optimizer_step_post_hook(shield(self._after_step)),
        )

    def _prepare(self, player: Player, wrap: bool) -> None:
        after = self._after_generator if player.role == "g" else self._after_discriminator
        told = self._shield(partial(after, player))
        self._of_role[player.role].append(_hook(player.module, told, wrap))
        if player.role == "g":
            # Some loops call G.mapping and G.synthesis, but never G.
            after_part = self._shield(partial(self._after_part, player))
            self._inner[player] = [_ForwardHook(m, after_part) for m in player.module.children()]
        first = next((p for p in player.module.parameters() if p.requires_grad), None)
        if first is not None:
            told = self._shield(partial(self._after_backward, player))
            self._backward[player] = _BackwardHook(first, told)

    @property
    def _parts(self) -> list[_Hook]:
        return [hook for inner in self._inner.values() for hook in inner]

    def listen(self, reading: bool, remembering: bool) -> None:
        """A generator step begins. What is not to be read is not hooked, and costs nothing.

        Args:
            reading: This step is to be read.
            remembering: What G makes in it may be shown to D in a step that is.
        """
        if (reading, remembering) == (self._reading, self._remembering):
            return
        for hook in (*self._of_role["d"], *self._backward.values()):
            hook.set(reading)
        for hook in (*self._of_role["g"], *self._parts):
            hook.set(reading or remembering)
        self._reading, self._remembering = reading, remembering
        if not reading:
            self._forget_forwards()

    def remove(self) -> None:
        """Takes every hook off again."""
        ours = *self._of_role["g"], *self._of_role["d"], *self._parts, *self._backward.values()
        for hook in ours:
            hook.remove()
        for handle in self._optimizers:
            handle.remove()
        self._forget_forwards()
        self._made.forget()

    def _forget_forwards(self) -> None:
        for forwards in self._pending.values():
            forwards.clear()
        self._held.clear()
        self._of_g.clear()

    def _after_generator(
        self, player: Player, args: Any, kwargs: Mapping[str, Any], output: Any
    ) -> None:
        if player in self._inner:
            for hook in self._inner.pop(player):
                hook.remove()
        self._hear_backward(player)
        inputs = tensors_in((args, kwargs)) if kwargs else tensors_in(args)
        self._made.add(output, inputs)
        self._listener.on_generator_forward(player, inputs, output)

    def _after_part(
        self, player: Player, args: Any, kwargs: Mapping[str, Any], output: Any
    ) -> None:
        self._made.add(output, tensors_in((args, kwargs)))
        self._listener.on_generator_forward(player, (), output)

    def _after_discriminator(
        self, player: Player, args: Any, kwargs: Mapping[str, Any], output: Any
    ) -> None:
        if not torch.is_grad_enabled():
            return
        self._hear_backward(player)
        pending = self._pending[player]
        forward = Forward.of(self._made, args, kwargs, output, keep=len(pending) < _KEPT)
        if forward is None:
            return
        ambiguous = forward.asks or (forward.fake is not None and forward.made is None)
        if ambiguous or self._listener.watching:
            forward.watch(output, self._shield)
        if self._listener.watching and self._alone and forward.attached:
            judged = tensors_in((args, kwargs))[forward.fake or 0]
            said, gave = tensors_in(output), self._made.gave
            forward.junction = listen(judged, said, gave, self._shield)
        pending.append(forward)

    def _after_backward(self, player: Player, parameter: torch.Tensor) -> None:
        if player.role == "g":
            for forwards in (*self._pending.values(), *self._of_g.values()):
                for forward in forwards:
                    if forward.junction is not None:
                        forward.junction.confirm()
        self._listener.on_backward(player, parameter)

    def _hear_backward(self, player: Player) -> None:
        # Some loops let D ask for no gradients in the G step, where the step before ends.
        if self._reading and player in self._backward:
            self._backward[player].set(True)

    def _before_step(self, optimizer: Optimizer, args: Sequence[Any], kwargs: Any) -> None:
        stepped = self._players.stepped_by(optimizer)
        if not stepped or torch.compiler.is_compiling():
            return
        if not self._reading:
            self._listener.on_unread_step(stepped, not _has_closure(args, kwargs))
            return
        # What a closure does comes after this, and is not seen; some closures do nothing.
        closure = _has_closure(args, kwargs) and not any(self._pending.values())
        for one in stepped:
            if one.player.role == "d":
                self._before_discriminator(optimizer, one, closure)
        generators = [one for one in stepped if one.player.role == "g"]
        if generators:
            self._before_generator(optimizer, generators, closure)

    def _after_step(self, optimizer: Optimizer, args: Sequence[Any], kwargs: Any) -> None:
        if self._reading and _has_closure(args, kwargs) and self._players.stepped_by(optimizer):
            self._forget_forwards()  # they were the closure's

    def _before_discriminator(self, optimizer: Optimizer, stepped: Stepped, closure: bool) -> None:
        player = stepped.player
        pending = self._pending[player]
        forwards = list(pending) or self._held.get(player, ())
        pending.clear()
        self._held.pop(player, None)
        self._of_g[player] = [f for f in forwards if f.attached]
        shown = None if closure else forwards
        self._listener.on_discriminator_step(optimizer, stepped, shown)

    def _before_generator(
        self, optimizer: Optimizer, stepped: Sequence[Stepped], closure: bool
    ) -> None:
        judged = {}
        for player, pending in self._pending.items():
            self._held[player] = list(pending)
            pending.clear()
            attached = [f for f in self._held[player] if f.attached]
            judged[player] = attached or self._of_g.get(player, ())
        self._of_g.clear()
        self._listener.on_generator_step(optimizer, stepped, None if closure else judged)


def _has_closure(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return (len(args) > 1 and args[1] is not None) or kwargs.get("closure") is not None


def _eager() -> bool:
    """Whether this is neither traced nor captured, where there is nothing that could be read."""
    capturing = torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return not (torch.compiler.is_compiling() or tracing or capturing)


class _Hook(Protocol):
    def set(self, on: bool) -> None:
        """Begins to listen, or stops."""

    def remove(self) -> None:
        """Leaves no trace."""


def _hook(module: nn.Module, after: Callable[..., None], wrap: bool) -> _Hook:
    if wrap:
        return _Wrapped(module, "forward", after)
    if module._compiled_call_impl is not None:  # compiled in place: hooks are within its graph
        return _Wrapped(module, "_compiled_call_impl", after)
    return _ForwardHook(module, after)


class _Handled(ABC):
    """A hook that torch gives a handle for."""

    _handle: RemovableHandle | None = None

    def set(self, on: bool) -> None:
        if not on:
            self.remove()
        elif self._handle is None:
            self._handle = self._register()

    def remove(self) -> None:
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    @abstractmethod
    def _register(self) -> RemovableHandle | None:
        """Puts it on; None where it cannot be now."""


class _ForwardHook(_Handled):
    """A forward hook on one module. In copies and pickles of the module it does nothing."""

    def __init__(self, module: nn.Module, after: Callable[..., None]) -> None:
        self._module, self._after = module, after

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        # DataParallel calls the hooks of a module on its replicas.
        if module is self._module and _eager():
            self._after(args, kwargs, output)

    def __reduce__(self) -> tuple[Any, ...]:
        # A callable of the standard library that takes anything and returns None: an EMA copy of G
        # is not G, and a saved model must load where gan_doctor is not installed.
        return getattr, (contextlib.nullcontext(), "__exit__")

    def _register(self) -> RemovableHandle:
        return self._module.register_forward_hook(self, with_kwargs=True)


class _BackwardHook(_Handled):
    """Is called when a backward pass has left its gradient on a parameter."""

    def __init__(self, parameter: torch.Tensor, after: Callable[..., None]) -> None:
        self._parameter, self._after = parameter, after

    def _register(self) -> RemovableHandle | None:
        if not self._parameter.requires_grad:
            return None
        handle: RemovableHandle = self._parameter.register_post_accumulate_grad_hook(self._after)
        return handle


class _Wrapped:
    """A method of one instance with a call after it. Copies and pickles have the plain one."""

    def __init__(self, module: nn.Module, name: str, after: Callable[..., None]) -> None:
        self._module, self._name, self._after = module, name, after
        self._before = module.__dict__.get(name)
        self._plain = getattr(module, name)
        self._on = False
        setattr(module, name, self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        output = self._plain(*args, **kwargs)
        if self._on and _eager():
            self._after(args, kwargs, output)
        return output

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return types.MethodType(getattr(type(self._module), self._name), memo[id(self._module)])

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._module, self._name)

    def set(self, on: bool) -> None:
        self._on = on

    def remove(self) -> None:
        self._on = False
        if self._module.__dict__.get(self._name) is not self:
            return  # somebody has wrapped it since, and calls this one
        if self._before is None:
            del self._module.__dict__[self._name]
        else:
            setattr(self._module, self._name, self._before)
