"""Loops that run to their end and are wrong: what the doctor is to put on record as facts."""

from __future__ import annotations

import torch
from loops.gan_loops import Training, loss_of_d, loss_of_g, points
from loops.witness import Witness
from torch import Tensor
from torch.nn.functional import softplus


def _d_step(t: Training, w: Witness) -> Tensor:
    real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
    loss = loss_of_d(real, fake)
    w.step_d(t, loss, real, fake)
    return loss


def _g_step(t: Training, w: Witness) -> Tensor:
    loss = loss_of_g(t.D(t.G(t.z())))
    w.step_g(t, loss)
    return loss


def healthy(w: Witness) -> None:
    """Nothing is wrong."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        doctor.step(loss_d=_d_step(t, w), loss_g=_g_step(t, w))


def d_loss_never_backpropagated(w: Witness) -> None:
    """Only the penalty runs backwards (widely copied): D learns to be smooth, and nothing else."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch, made = t.real(), t.G(t.z()).detach()
        real, fake = t.D(batch), t.D(made)
        loss_d = fake.mean() - real.mean()
        between = (0.5 * batch + 0.5 * made).requires_grad_()
        (slope,) = torch.autograd.grad(t.D(between).sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        t.opt_d.zero_grad()
        penalty.backward()
        w.d(t.D, real, fake)
        t.opt_d.step()
        doctor.step(loss_d=loss_d, loss_g=_g_step(t, w))


def fakes_missing_from_the_loss(w: Witness) -> None:
    """The half of the fakes is computed and forgotten."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = softplus(-real).mean()
        w.step_d(t, loss_d, real, fake)
        doctor.step(loss_d=loss_d, loss_g=_g_step(t, w))


def g_loss_overwritten(w: Witness) -> None:
    """The adversarial loss of G is overwritten two lines later (widely copied)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        loss_d = _d_step(t, w)
        made = t.G(t.z())
        loss_g = loss_of_g(t.D(made))
        loss_g = (made - t.real()).abs().mean()
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def g_left_in_eval_mode(w: Witness) -> None:
    """A preview puts G into eval mode at step 5, and nobody puts it back."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for i in w.steps:
        if i == 5:
            t.G.eval()
        doctor.step(loss_d=_d_step(t, w), loss_g=_g_step(t, w))


def d_in_eval_mode_for_the_g_step(w: Witness) -> None:
    """D is put into eval mode for each G step, and back: on purpose."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        loss_d = _d_step(t, w)
        t.D.eval()
        loss_g = _g_step(t, w)
        t.D.train()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def frozen_g(w: Witness) -> None:
    """G's optimizer is never stepped."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        loss_d = _d_step(t, w)
        loss_of_g(t.D(t.G(t.z()))).backward()
        doctor.step(loss_d=loss_d)


def hidden_nan(w: Witness) -> None:
    """D's gradient is NaN in every third step, and `nan_to_num` hides it (StyleGAN)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for i in w.steps:
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        t.opt_d.zero_grad()
        (loss_d * (float("nan") if i % 3 == 2 else 1.0)).backward()
        for p in t.D.parameters():
            torch.nan_to_num(p.grad, nan=0.0, posinf=1e5, neginf=-1e5, out=p.grad)
        w.d(t.D, real, fake)
        t.opt_d.step()
        doctor.step(loss_d=loss_d, loss_g=_g_step(t, w))
