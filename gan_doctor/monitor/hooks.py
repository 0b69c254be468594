"""What hooks on G, D and the optimizers see of a training loop, told at each optimizer step."""

from __future__ import annotations

import contextlib
import types
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_pre_hook

from gan_doctor.core.setup import Role

# G outputs of one step that are held, so that D's fakes can be told by their memory; and forwards
# of D, where no optimizer step follows them.
_REMEMBERED = 16


@dataclass
class Forward:
    """One call of D under autograd.

    Args:
        x: D's input, detached.
        out: D's output, detached.
        is_fake: x shares its memory with an output of G of this step.
        is_leaf: x asked for a gradient of its own, as penalties do.
        gradient: Sum of the loss gradient over `out`, if it was watched and has come.
    """

    x: torch.Tensor
    out: torch.Tensor
    is_fake: bool
    is_leaf: bool
    gradient: torch.Tensor | None = None


@dataclass(frozen=True)
class DiscriminatorStep:
    """The forwards of one D step that could be told apart.

    Args:
        real: D on the real batch.
        fakes: D on fake batches, at least one.
    """

    real: Forward
    fakes: Sequence[Forward]


class Listener(Protocol):
    """Who is told."""

    def on_discriminator_step(self, optimizer: Optimizer, seen: DiscriminatorStep | None) -> None:
        """D's optimizer is about to step; `seen` is None if the batches could not be told apart."""

    def on_generator_step(self, optimizer: Optimizer, fake: torch.Tensor | None) -> None:
        """G's optimizer is about to step; `fake` is the batch that its loss came from, detached."""


class _Handle(Protocol):
    def remove(self) -> None: ...


class Hooks:
    """Attaches to G, D and all optimizers over their parameters until `remove`.

    D's forwards are tied to the optimizer step that follows them, so those of a G step or of an
    earlier D step are never mistaken for this one's. Forwards without autograd (plots, evaluation)
    do not count.

    Args:
        generator: G.
        discriminator: D.
        listener: Is told of every optimizer step, before the parameters change.
        shield: Wraps each callback, so that a fault in the doctor never reaches the training.
        watch_gradient: Asked at each D forward whether to note the loss gradient at its output.
        wrap: Wraps `forward` of the two instances, for loops that call it directly and so pass by
            forward hooks.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        listener: Listener,
        shield: Callable[[Callable[..., None]], Callable[..., None]],
        watch_gradient: Callable[[], bool],
        wrap: bool = False,
    ) -> None:
        self._listener, self._watch_gradient = listener, watch_gradient
        self._role: dict[int, Role] = {id(p): "d" for p in discriminator.parameters()}
        self._role |= {id(p): "g" for p in generator.parameters()}
        self._shield = shield
        self._made: deque[torch.Tensor] = deque(maxlen=_REMEMBERED)
        self._for_loss: torch.Tensor | None = None
        self._pending: deque[Forward] = deque(maxlen=_REMEMBERED)
        seen = ((generator, self._after_generator), (discriminator, self._after_discriminator))
        kind = _WrappedForward if wrap else _ForwardHook
        self._handles: list[_Handle] = [kind(module, shield(after)) for module, after in seen]
        self._handles.append(register_optimizer_step_pre_hook(shield(self._before_step)))

    def remove(self) -> None:
        """Takes every hook off again."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._pending.clear()
        self._made.clear()
        self._for_loss = None

    def end_step(self) -> None:
        """Forgets the G outputs of the step that has ended."""
        self._made.clear()

    def _after_generator(self, module: nn.Module, args: Any, output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            return
        self._made.append(output.detach())
        if output.requires_grad:
            self._for_loss = output.detach()

    def _after_discriminator(self, module: nn.Module, args: Any, output: Any) -> None:
        known = isinstance(output, torch.Tensor) and args and isinstance(args[0], torch.Tensor)
        if not known or not torch.is_grad_enabled():
            return
        x = args[0]
        memory = x.untyped_storage().data_ptr()
        is_fake = any(memory == made.untyped_storage().data_ptr() for made in self._made)
        forward = Forward(x.detach(), output.detach(), is_fake, x.is_leaf and x.requires_grad)
        if forward.is_leaf or self._watch_gradient():

            def note(gradient: torch.Tensor) -> None:
                forward.gradient = gradient

            on_loss_gradient(output, note, self._shield)
        self._pending.append(forward)

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        role = self.role_of(optimizer)
        if role is None:
            return
        forwards = list(self._pending)
        self._pending.clear()
        if role == "d":
            self._listener.on_discriminator_step(optimizer, _tell_apart(forwards))
        else:
            fake, self._for_loss = self._for_loss, None
            self._listener.on_generator_step(optimizer, fake)

    def role_of(self, optimizer: Optimizer) -> Role | None:
        """Whose parameters an optimizer steps; None for a stranger's."""
        parameters = (id(p) for group in optimizer.param_groups for p in group["params"])
        return next((self._role[p] for p in parameters if p in self._role), None)


def on_loss_gradient(
    output: torch.Tensor,
    take: Callable[[torch.Tensor], None],
    shield: Callable[[Callable[..., None]], Callable[..., None]],
) -> None:
    """Hands the sum of the loss gradient over an output of D to `take`, once it comes.

    Args:
        output: Of D, within the graph that the loss is made of.
        take: Is called at most once.
        shield: Wraps the callback.
    """

    def first(gradient: torch.Tensor) -> None:
        # A penalty asks for gradients too, with ones for a loss, and makes a graph of the answer.
        if not torch.is_grad_enabled():
            handle.remove()
            take(gradient.detach().sum())

    if output.requires_grad:
        handle = output.register_hook(shield(first))


class _ForwardHook:
    """A forward hook on one module. In copies and pickles of the module it does nothing."""

    def __init__(self, module: nn.Module, after: Callable[..., None]) -> None:
        self._after = after
        self._handle = module.register_forward_hook(self)

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        self._after(module, args, output)

    def __reduce__(self) -> tuple[Any, ...]:
        # A callable of the standard library that takes three arguments and returns None: an EMA
        # copy of G is not G, and a saved model must load where gan_doctor is not installed.
        return getattr, (contextlib.nullcontext(), "__exit__")

    def remove(self) -> None:
        self._handle.remove()


class _WrappedForward:
    """One instance's `forward` with a call after it. Copies and pickles have the plain one."""

    def __init__(self, module: nn.Module, after: Callable[..., None]) -> None:
        self._module, self._after = module, after
        self._before = module.__dict__.get("forward")
        self._forward = module.forward
        self._listening = True
        module.forward = self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        output = self._forward(*args, **kwargs)
        if self._listening:
            self._after(self._module, args, output)
        return output

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return types.MethodType(type(self._module).forward, memo[id(self._module)])

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._module, "forward")

    def remove(self) -> None:
        self._listening = False
        if self._module.__dict__.get("forward") is not self:
            return  # somebody has wrapped it since, and calls this one
        if self._before is None:
            del self._module.__dict__["forward"]
        else:
            self._module.forward = self._before


def _tell_apart(forwards: Sequence[Forward]) -> DiscriminatorStep | None:
    """Which forward was on reals and which on fakes; None where it would be a guess."""
    fakes = [f for f in forwards if f.is_fake]
    others = [f for f in forwards if not f.is_fake]
    # A penalty makes its input ask for gradients. R1 may do so on the real batch itself: what D
    # says of it then also goes into the loss, unlike what it says of an interpolate.
    reals = [f for f in others if not f.is_leaf] or [f for f in others if f.gradient is not None]
    if not fakes or len(reals) != 1:
        return None
    return DiscriminatorStep(reals[0], fakes)
