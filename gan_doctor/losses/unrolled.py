"""D as it will be after some more of its steps, for G to be trained against (Metz 2017)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from gan_doctor.core import ConfigError

State = Mapping[str, Any]  # of one parameter, as its optimizer keeps it
Group = Mapping[str, Any]  # the options of an optimizer for some parameters


def unroll(
    D: nn.Module,
    loss: Callable[[Callable[..., Tensor]], Tensor],
    optimizer: Optimizer,
    steps: int = 5,
    exact: bool = True,
) -> Callable[..., Tensor]:
    """D after `steps` further steps of its optimizer, as a judge for G (Metz 2017, section 2.2).

    The steps go on from the present state of the optimizer: Adam, AdamW, RMSprop or SGD, with all
    of their options. The gradient of G through the judge is the total derivative: G also feels how
    its fakes move D. For that, `loss` must be of fakes that are attached to G's graph. The judge is
    thrown away after G's step; D then makes one ordinary step.

    D, its gradients, its buffers and the optimizer stay as they are. The unrolled steps work on
    copies of the running statistics of BatchNorm and of the vectors of spectral normalisation.
    Random numbers are not repeated: each forward draws its own dropout masks. Hooks on D run.

    K steps cost up to 2 (1 + K) times G's step, and memory for K copies of D and of what its
    forwards keep. A gradient penalty in `loss` asks for third derivatives: leave it out. Adam's
    first step is `lr g / (|g| + eps)`, whose slope at g = 0 is lr / eps: unroll an optimizer that
    has made some steps.

    Args:
        D: The discriminator; what it takes, the judge takes.
        loss: D's loss, to be lowered, of a judge; called once for each step.
        optimizer: Of D; it is read and never stepped.
        steps: The paper's K, >= 0; 0 is D as it is.
        exact: Whether the derivative goes through the steps. Without it they are constants, which
            costs less and leaves out the second term, the paper's missing gradient.

    Returns:
        The judge, from a batch to logits.

    Raises:
        ConfigError: The optimizer is none of these or holds no trainable parameter of D, the loss
            is not of the judge, or there are fewer than 0 steps.

    Example:
        >>> D, fake = nn.Linear(2, 1), torch.randn(8, 2, requires_grad=True)
        >>> optimizer = torch.optim.SGD(D.parameters(), lr=0.1)
        >>> judge = unroll(D, lambda judge: judge(fake).mean(), optimizer, steps=3)
        >>> (-judge(fake).mean()).backward()  # G's loss
        >>> D.weight.grad is None
        True
    """
    if steps < 0:
        raise ConfigError(f"steps must be 0 or more, got {steps}")
    rule, groups = _rule(optimizer), _groups(D, optimizer)
    parameters = dict(D.named_parameters())
    # Cloned, so that the judge stays right when D is stepped before G's backward pass.
    tensors = {name: p.detach().clone() for name, p in parameters.items()}
    tensors |= {name: buffer.detach().clone() for name, buffer in D.named_buffers()}
    # Looked up with get: an optimizer's state makes an entry for what it is asked for.
    states: dict[str, State] = {name: optimizer.state.get(parameters[name], {}) for name in groups}
    for _ in range(steps):
        weights = {name: tensors[name].requires_grad_() for name in groups}
        gradients = _gradients(loss(_judge(D, tensors)), weights, exact)
        with torch.set_grad_enabled(exact):
            stepped = {
                name: rule(weights[name], gradient, states[name], groups[name])
                for name, gradient in gradients.items()
            }
        tensors = tensors | {name: weight for name, (weight, _) in stepped.items()}
        states = states | {name: state for name, (_, state) in stepped.items()}
    return _judge(D, tensors)


def _judge(D: nn.Module, tensors: dict[str, Tensor]) -> Callable[..., Tensor]:
    """D with other parameters and buffers; the buffers may change with each call."""

    def judge(*inputs: Tensor) -> Tensor:
        return functional_call(D, tensors, inputs)  # type: ignore[no-any-return]

    return judge


def _gradients(loss: Tensor, weights: Mapping[str, Tensor], exact: bool) -> dict[str, Tensor]:
    """Of each weight that the loss depends on: an optimizer leaves the others alone."""
    found: tuple[Tensor | None, ...] = ()
    if loss.requires_grad:
        found = torch.autograd.grad(
            loss, list(weights.values()), create_graph=exact, allow_unused=True
        )
    gradients = {name: g for name, g in zip(weights, found, strict=False) if g is not None}
    if not gradients:
        raise ConfigError("loss must be of the judge it is given: no weight of D has a gradient")
    return gradients


def _groups(D: nn.Module, optimizer: Optimizer) -> dict[str, Group]:
    """The options for each trainable parameter of D that the optimizer steps."""
    options = {p: group for group in optimizer.param_groups for p in group["params"]}
    found: dict[str, Group] = {
        name: options[p] for name, p in D.named_parameters() if p.requires_grad and p in options
    }
    if not found:
        raise ConfigError(
            f"The optimizer must be the one that steps D: it holds no trainable parameter of the "
            f"{type(D).__name__}"
        )
    return found


Rule = Callable[[Tensor, Tensor, State, Group], tuple[Tensor, State]]


def _sgd(w: Tensor, g: Tensor, state: State, group: Group) -> tuple[Tensor, State]:
    w, g = _decayed(w, g, group)
    if momentum := group["momentum"]:
        buffer = state.get("momentum_buffer")
        buffer = g if buffer is None else momentum * buffer + (1 - group["dampening"]) * g
        state = {"momentum_buffer": buffer}
        g = g + momentum * buffer if group["nesterov"] else buffer
    return w - group["lr"] * g, state


def _rmsprop(w: Tensor, g: Tensor, state: State, group: Group) -> tuple[Tensor, State]:
    alpha = group["alpha"]
    w, g = _decayed(w, g, group)
    v = alpha * state.get("square_avg", 0) + (1 - alpha) * g.square()
    after: dict[str, Any] = {"square_avg": v}
    if group["centered"]:
        after["grad_avg"] = alpha * state.get("grad_avg", 0) + (1 - alpha) * g
        v = v - after["grad_avg"].square()
    change = g / (_root(v) + group["eps"])
    if group["momentum"]:
        change = group["momentum"] * state.get("momentum_buffer", 0) + change
        after["momentum_buffer"] = change
    return w - group["lr"] * change, after


def _adam(
    w: Tensor, g: Tensor, state: State, group: Group, decoupled: bool = False
) -> tuple[Tensor, State]:
    beta1, beta2 = group["betas"]
    w, g = _decayed(w, g, group, decoupled or group.get("decoupled_weight_decay", False))
    step = float(state.get("step", 0)) + 1
    m = beta1 * state.get("exp_avg", 0) + (1 - beta1) * g
    v = beta2 * state.get("exp_avg_sq", 0) + (1 - beta2) * g.square()
    after = {"step": step, "exp_avg": m, "exp_avg_sq": v}
    if group["amsgrad"]:
        # Cloned: the derivative of a maximum asks for it, and D's own step writes over it.
        v = torch.maximum(state.get("max_exp_avg_sq", torch.zeros_like(v)).clone(), v)
        after["max_exp_avg_sq"] = v
    root = _root(v) / (1 - beta2**step) ** 0.5
    return w - group["lr"] / (1 - beta1**step) * m / (root + group["eps"]), after


_RULES: Mapping[type[Optimizer], Rule] = {
    Adam: _adam,
    AdamW: partial(_adam, decoupled=True),
    RMSprop: _rmsprop,
    SGD: _sgd,
}


def _rule(optimizer: Optimizer) -> Rule:
    """How the optimizer steps. A subclass may step otherwise, so that it is not taken for one."""
    if type(optimizer) not in _RULES:
        *names, last = (kind.__name__ for kind in _RULES)
        raise ConfigError(
            f"unroll knows the steps of {', '.join(names)} and {last}, "
            f"got {type(optimizer).__name__}: train D with one of these"
        )
    return _RULES[type(optimizer)]


def _decayed(w: Tensor, g: Tensor, group: Group, decoupled: bool = False) -> tuple[Tensor, Tensor]:
    """Weight and gradient after what all optimizers do first: the sign, and weight decay."""
    g = -g if group["maximize"] else g
    decay = group["weight_decay"]
    if not decay:
        return w, g
    return (w * (1 - group["lr"] * decay), g) if decoupled else (w, g + decay * w)


def _root(v: Tensor) -> Tensor:
    """The square root, whose derivative at 0 is set to 0.

    It is infinite there. v = (1 - beta) g^2 moves with the square of g = 0, which makes infinity
    times 0; the size |g| that the root stands for is least there, so that 0 is its derivative.
    """
    zero = v == 0
    return v.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)
