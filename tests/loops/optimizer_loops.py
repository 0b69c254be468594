"""Loops with more than a plain `backward` and `step`: accumulation, mixed precision, closures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from loops.gan_loops import Training, images, loss_of_d, loss_of_g, points
from loops.witness import Loop, Witness
from torch import Tensor, nn
from torch.optim import LBFGS, SGD, Adam, Optimizer, RMSprop
from torch.optim.lr_scheduler import ExponentialLR


def _usual(w: Witness, t: Training) -> None:
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


# Gradient accumulation


def _accumulated(w: Witness, t: Training, micro: int, in_turn: bool = True) -> None:
    """One D step and one G step over several micro-batches, all chunks of one batch."""
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batches = list(zip(t.real().chunk(micro), t.G(t.z()).detach().chunk(micro), strict=True))
        t.opt_d.zero_grad()
        if in_turn:
            said = [(t.D(real), t.D(fake)) for real, fake in batches]
        else:
            reals = [t.D(real) for real, _ in batches]
            said = list(zip(reals, [t.D(fake) for _, fake in batches], strict=True))
        for real, fake in said:
            loss_d = loss_of_d(real, fake) / micro
            loss_d.backward()
        w.d(t.D, *(torch.cat(side) for side in zip(*said, strict=True)))
        t.opt_d.step()
        t.opt_g.zero_grad()
        for z in t.z().chunk(micro):
            loss_g = loss_of_g(t.D(t.G(z))) / micro
            loss_g.backward()
        w.g(t.G)
        t.opt_g.step()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def accumulated_over_2(w: Witness) -> None:
    """Two micro-batches a step."""
    _accumulated(w, points(), 2)


def accumulated_over_4(w: Witness) -> None:
    """Four, of eight points each."""
    _accumulated(w, points(batch=32), 4)


def accumulated_over_calls(w: Witness) -> None:
    """The optimizers step at every second turn of the loop, and the doctor is called at each."""
    t = points()
    doctor = w.attach(t.G, t.D)
    said: list[tuple[Tensor, Tensor]] = []
    for i in range(2 * w.n):
        said.append((t.D(t.real()), t.D(t.G(t.z()).detach())))
        loss_d = loss_of_d(*said[-1]) / 2
        loss_d.backward()
        if i % 2:
            w.d(t.D, *(torch.cat(side) for side in zip(*said, strict=True)))
            t.opt_d.step()
            t.opt_d.zero_grad()
            said.clear()
            t.opt_g.zero_grad()
            loss_g = loss_of_g(t.D(t.G(t.z())))
            loss_g.backward()
            w.g(t.G)
            t.opt_g.step()
            t.opt_d.zero_grad()
        doctor.step(loss_d=loss_d, loss_g=loss_g if i % 2 else None)


def accumulated_reals_first(w: Witness) -> None:
    """All the reals come first, then all the fakes: several inputs in a row that are not G's."""
    _accumulated(w, points(), 2, in_turn=False)


# Mixed precision


def _scaled(w: Witness, t: Training, overflow_at: Sequence[int] = ()) -> None:
    doctor = w.attach(t.G, t.D)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for i in w.steps:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
            loss_d = loss_of_d(real.float(), fake.float())
            if i in overflow_at:
                loss_d = loss_d * float("inf")
        t.opt_d.zero_grad()
        scaler.scale(loss_d).backward()
        scaler.unscale_(t.opt_d)
        nn.utils.clip_grad_norm_(t.D.parameters(), 1.0)
        if i not in overflow_at:  # else the scaler leaves the step out
            w.d(t.D, real, fake)
        scaler.step(t.opt_d)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss_g = loss_of_g(t.D(t.G(t.z())).float())
        t.opt_g.zero_grad()
        scaler.scale(loss_g).backward()
        scaler.unscale_(t.opt_g)
        w.g(t.G)
        scaler.step(t.opt_g)
        scaler.update()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def mixed_precision(w: Witness) -> None:
    """Autocast, `GradScaler`, `unscale_` and clipping."""
    _scaled(w, images())


def mixed_precision_with_steps_left_out(w: Witness) -> None:
    """Some D steps overflow, and the scaler does not make them."""
    _scaled(w, points(), overflow_at=(3, 7, 20))


def mixed_precision_without_unscale(w: Witness) -> None:
    """The scaler unscales within its own step: the truth has to be computed from outside."""
    _scaled_within(w, points())


def mixed_precision_with_fused_optimizers(w: Witness) -> None:
    """The scaler leaves it to the optimizers to unscale, after everybody has looked."""
    t = points()
    t.opt_g = Adam(t.G.parameters(), 1e-3, fused=True)
    t.opt_d = Adam(t.D.parameters(), 1e-3, fused=True)
    _scaled_within(w, t)


def _scaled_within(w: Witness, t: Training) -> None:
    doctor = w.attach(t.G, t.D)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    for _ in w.steps:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
            loss_d = loss_of_d(real.float(), fake.float())
        t.opt_d.zero_grad()
        scaler.scale(loss_d).backward()
        _unscaled(w.d, t.D, real, fake)
        scaler.step(t.opt_d)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss_g = loss_of_g(t.D(t.G(t.z())).float())
        t.opt_g.zero_grad()
        scaler.scale(loss_g).backward()
        _unscaled(w.g, t.G)
        scaler.step(t.opt_g)
        scaler.update()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def _unscaled(note: Any, network: nn.Module, *logits: Tensor) -> None:
    """Notes the truth under the gradients as they will be: halves of what they are, exactly."""
    gradients = [p.grad for p in network.parameters()]
    for p in network.parameters():
        p.grad = p.grad / 2
    note(network, *logits)
    for p, gradient in zip(network.parameters(), gradients, strict=True):
        p.grad = gradient


def bfloat16_networks(w: Witness) -> None:
    """Everything is bfloat16: weights, data, gradients."""
    t = points()
    networks = t.G.bfloat16(), t.D.bfloat16()

    class Half(Training):
        def z(self) -> Tensor:
            return super().z().bfloat16()

    _usual(w, Half(*networks, t.data.bfloat16(), (4,)))


# Gradients that are changed before the step


def clipped(w: Witness) -> None:
    """The norm that counts is the one that the optimizer gets."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        t.opt_d.zero_grad()
        loss_d.backward()
        nn.utils.clip_grad_norm_(t.D.parameters(), 0.1)
        w.d(t.D, real, fake)
        t.opt_d.step()
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


# Optimizers


def _with(w: Witness, optimizer_of: Any) -> None:
    t = points()
    t.opt_g, t.opt_d = optimizer_of(t.G.parameters()), optimizer_of(t.D.parameters())
    _usual(w, t)


def sgd(w: Witness) -> None:
    """SGD with momentum."""
    _with(w, lambda parameters: SGD(parameters, 0.01, momentum=0.5))


def rmsprop(w: Witness) -> None:
    """RMSprop, and weights clipped after each D step (WGAN)."""
    t = points()
    t.opt_g, t.opt_d = (RMSprop(n.parameters(), 5e-4) for n in (t.G, t.D))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        for _ in range(5):
            real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
            loss_d = fake.mean() - real.mean()
            w.step_d(t, loss_d, real, fake)
            for p in t.D.parameters():
                p.data.clamp_(-0.1, 0.1)
        loss_g = -t.D(t.G(t.z())).mean()
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


class _Wrapper:
    """An optimizer that is none, as accelerate's or Lightning's."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer

    def zero_grad(self) -> None:
        self.optimizer.zero_grad()

    def step(self) -> None:
        self.optimizer.step()


def wrapped_optimizer(w: Witness) -> None:
    """The loop only ever sees the wrapper."""
    t = points()
    t.opt_g, t.opt_d = _Wrapper(t.opt_g), _Wrapper(t.opt_d)
    _usual(w, t)


def falling_rates(w: Witness) -> None:
    """A scheduler wraps `step` of both optimizers."""
    t = points()
    doctor = w.attach(t.G, t.D)
    schedulers = [ExponentialLR(optimizer, 0.99) for optimizer in (t.opt_g, t.opt_d)]
    for _ in w.steps:
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        for scheduler in schedulers:
            scheduler.step()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def several_optimizers_of_one_network(w: Witness) -> None:
    """D's body and head have an optimizer each, and a stranger trains beside them."""
    t, stranger = points(), nn.Linear(2, 2)
    body, head = SGD(t.D[:-1].parameters(), 0.01), SGD(t.D[-1].parameters(), 0.02)
    other = SGD(stranger.parameters(), 0.1)
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        stranger(t.real()).square().mean().backward()
        other.step()
        other.zero_grad()
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        t.D.zero_grad()
        loss_d.backward()
        w.d(t.D, real, fake)
        body.step()
        head.step()
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def one_optimizer_for_both(w: Witness) -> None:
    """One optimizer over G and D, with D's gradients reversed at the fakes (as in DANN)."""
    t = points()
    optimizer = SGD([*t.G.parameters(), *t.D.parameters()], 0.01)
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, made = t.D(t.real()), t.G(t.z())
        made.register_hook(lambda gradient: -gradient)
        fake = t.D(made)
        loss = loss_of_d(real, fake)
        optimizer.zero_grad()
        loss.backward()
        w.d(t.D, real, fake)
        w.g(t.G)
        optimizer.step()
        doctor.step(loss_d=loss)


def _closure(w: Witness, t: Training) -> None:
    """D's forwards happen inside its optimizer's step, once or many times."""
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch, made = t.real(), t.G(t.z()).detach()
        first = True

        def again(batch: Tensor = batch, made: Tensor = made) -> Tensor:
            nonlocal first
            t.opt_d.zero_grad()
            real, fake = t.D(batch), t.D(made)
            loss = loss_of_d(real, fake)
            loss.backward()
            if first:  # later ones are under other weights
                w.d(t.D, real, fake)
            first = False
            return loss

        loss_d = t.opt_d.step(again)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def lbfgs(w: Witness) -> None:
    """L-BFGS for D: many forwards in one step."""
    t = points()
    t.opt_d = LBFGS(t.D.parameters(), lr=0.1, max_iter=3)
    _closure(w, t)


def sgd_with_a_closure(w: Witness) -> None:
    """One forward in the step (Lightning's automatic optimization)."""
    t = points()
    t.opt_d = SGD(t.D.parameters(), 0.01)
    _closure(w, t)


TOLD: tuple[Loop, ...] = (
    accumulated_over_2, accumulated_over_4, accumulated_over_calls, mixed_precision,
    mixed_precision_with_steps_left_out, mixed_precision_without_unscale,
    mixed_precision_with_fused_optimizers, bfloat16_networks,
    clipped, sgd, rmsprop, wrapped_optimizer, falling_rates,
)  # fmt: skip
UNTOLD: tuple[Loop, ...] = ()
EITHER: tuple[Loop, ...] = (
    accumulated_reals_first, several_optimizers_of_one_network, one_optimizer_for_both, lbfgs,
    sgd_with_a_closure,
)  # fmt: skip
