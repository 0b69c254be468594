"""Loops in which D sees a third kind of input, for a penalty."""

from __future__ import annotations

import torch
from loops.gan_loops import loss_of_d, loss_of_g, points
from loops.witness import Loop, Witness
from torch import Tensor


def _slope(x: Tensor, output: Tensor) -> Tensor:
    """The squared gradient of D at each x."""
    (gradient,) = torch.autograd.grad(output.sum(), x, create_graph=True)
    return gradient.square().flatten(1).sum(1)


def _gradient_penalty(x: Tensor, output: Tensor) -> Tensor:
    return ((_slope(x, output) + 1e-12).sqrt() - 1).square().mean()


def _between(real: Tensor, fake: Tensor) -> Tensor:
    share = torch.rand(len(real), 1)
    return share * real + (1 - share) * fake


def wgan_gp_with_undetached_interpolates(w: Witness) -> None:
    """The interpolates are no leaves: G's graph reaches into them (many a WGAN-GP)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        for _ in range(2):
            batch, made = t.real(), t.G(t.z())
            real, fake = t.D(batch), t.D(made)
            between = _between(batch, made)
            penalty = _gradient_penalty(between, t.D(between))
            loss_d = fake.mean() - real.mean()
            w.step_d(t, loss_d + 10 * penalty, real, fake)
        loss_g = -t.D(t.G(t.z())).mean()
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def wgan_gp_penalty_first(w: Witness) -> None:
    """Interpolates of detached data, scored before everything else, in a second backward pass."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        t.opt_d.zero_grad()
        batch, made = t.real(), t.G(t.z()).detach()
        between = _between(batch, made).requires_grad_()
        (10 * _gradient_penalty(between, t.D(between))).backward()
        real, fake = t.D(batch), t.D(made)
        loss_d = fake.mean() - real.mean()
        loss_d.backward()
        w.d(t.D, real, fake)
        t.opt_d.step()
        loss_g = -t.D(t.G(t.z())).mean()
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def lazy_r1(w: Witness) -> None:
    """R1 every fourth step, on the real batch itself (StyleGAN2-ADA)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for i in w.steps:
        regularised = i % 4 == 0
        batch = t.real().requires_grad_(regularised)
        real, fake = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        penalty = 4 * _slope(batch, real).mean() if regularised else 0
        w.step_d(t, loss_d + penalty, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def r1_as_a_second_d_step(w: Witness) -> None:
    """R1 has a backward pass and a D step of its own every fourth step (rosinality's StyleGAN2).

    Its loss holds `0 * D(real)`, so that a loss gradient of zero arrives at D's output.
    """
    t = points()
    doctor = w.attach(t.G, t.D)
    for i in w.steps:
        batch = t.real()
        real, fake = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        if i % 4 == 0:
            batch.requires_grad_()
            again = t.D(batch)
            penalty = _slope(batch, again).mean()
            t.opt_d.zero_grad()
            (2 * penalty + 0 * again[0, 0]).backward()
            w.d(t.D)
            t.opt_d.step()
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def r1_and_r2(w: Witness) -> None:
    """Reals and fakes both ask for gradients, in the forwards of the loss (R3GAN)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch, made = t.real().requires_grad_(), t.G(t.z()).detach().requires_grad_()
        real, fake = t.D(batch), t.D(made)
        loss_d = torch.nn.functional.softplus(fake - real).mean()
        penalty = _slope(batch, real).mean() + _slope(made, fake).mean()
        w.step_d(t, loss_d + penalty, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def r2_on_a_copy(w: Witness) -> None:
    """A second forward on a copy of half the fakes, for the penalty alone."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        made = t.G(t.z()).detach()
        real, fake = t.D(t.real()), t.D(made)
        loss_d = loss_of_d(real, fake)
        again = made[:8].clone().requires_grad_()
        w.step_d(t, loss_d + _slope(again, t.D(again)).mean(), real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def r2_on_a_part_of_the_fakes(w: Witness) -> None:
    """The same without the copy: the penalised rows lie in G's own memory."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        made = t.G(t.z()).detach()
        real, fake = t.D(t.real()), t.D(made)
        loss_d = loss_of_d(real, fake)
        again = made[:8].requires_grad_()
        w.step_d(t, loss_d + _slope(again, t.D(again)).mean(), real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def dragan(w: Witness) -> None:
    """A penalty around perturbed reals."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch = t.real()
        real, fake = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        near = (batch + 0.5 * batch.std() * torch.rand_like(batch)).requires_grad_()
        w.step_d(t, loss_d + 10 * _gradient_penalty(near, t.D(near)), real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def dragan_from_reals_that_ask_for_gradients(w: Witness) -> None:
    """The perturbed reals are no leaves: the real batch is the leaf."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch = t.real().requires_grad_()
        real, fake = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        near = batch + 0.1 * torch.randn_like(batch)
        w.step_d(t, loss_d + _slope(near, t.D(near)).mean(), real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def consistency(w: Witness) -> None:
    """D is to say the same of an augmented real batch, which goes into the loss (CR-GAN)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch = t.real()
        real, fake = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        moved = t.D(batch + 0.05 * torch.randn_like(batch))
        w.step_d(t, loss_d + (real - moved).square().mean(), real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


TOLD: tuple[Loop, ...] = (
    wgan_gp_with_undetached_interpolates, wgan_gp_penalty_first, lazy_r1, r1_as_a_second_d_step,
    r1_and_r2, r2_on_a_copy, r2_on_a_part_of_the_fakes, dragan,
)  # fmt: skip
UNTOLD: tuple[Loop, ...] = (consistency,)
EITHER: tuple[Loop, ...] = (dragan_from_reals_that_ask_for_gradients,)
