"""Loops that call G and D at unusual moments, or in an unusual order."""

from __future__ import annotations

import torch
from loops.gan_loops import Training, loss_of_d, loss_of_g, points
from loops.witness import Loop, Witness
from torch import Tensor, nn
from torch.nn.functional import mse_loss, softplus


def _usual_d_step(t: Training, w: Witness) -> Tensor:
    real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
    loss = loss_of_d(real, fake)
    w.step_d(t, loss, real, fake)
    return loss


def _usual_g_step(t: Training, w: Witness) -> Tensor:
    loss = loss_of_g(t.D(t.G(t.z())))
    w.step_g(t, loss)
    return loss


def preview_after_the_step(w: Witness) -> None:
    """Images of fixed noise after each step, with autograd left on (DCGAN tutorial)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    fixed = t.z()
    for _ in w.steps:
        loss_d, loss_g = _usual_d_step(t, w), _usual_g_step(t, w)
        t.G(fixed).detach()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def preview_before_the_step(w: Witness) -> None:
    """The same at the top of the loop, in eval mode, scored by D without autograd."""
    t = points()
    doctor = w.attach(t.G, t.D)
    fixed = t.z()
    for _ in w.steps:
        t.G.eval()
        with torch.no_grad():
            t.D(t.G(fixed))
        t.G.train()
        doctor.step(loss_d=_usual_d_step(t, w), loss_g=_usual_g_step(t, w))


def accuracy_with_autograd_on(w: Witness) -> None:
    """D is scored on a real batch after its step, without `no_grad`."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        loss_d = _usual_d_step(t, w)
        accuracy = (t.D(t.real()) > 0).float().mean()
        loss_g = _usual_g_step(t, w)
        doctor.step(loss_d=loss_d, loss_g=loss_g, scalars={"accuracy": accuracy})


def validation_before_the_d_step(w: Witness) -> None:
    """D is scored on held-out reals right before its own step, without `no_grad`."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        t.D(t.real() + 0.01)
        doctor.step(loss_d=_usual_d_step(t, w), loss_g=_usual_g_step(t, w))


def parent_module(w: Witness) -> None:
    """One module holds both networks, and its forward calls G (Lightning's examples)."""

    class Gan(nn.Module):
        def __init__(self, t: Training) -> None:
            super().__init__()
            self.G, self.D = t.G, t.D

        def forward(self, z: Tensor) -> Tensor:
            return self.G(z)

    t = points()
    gan = Gan(t)
    doctor = w.attach(gan.G, gan.D)
    for _ in w.steps:
        real, fake = gan.D(t.real()), gan.D(gan(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(gan.D(gan(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


class _StyleGenerator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mapping = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2))
        self.synthesis = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, z: Tensor) -> Tensor:
        return self.synthesis(self.mapping(z))


def mapping_and_synthesis(w: Witness) -> None:
    """The parts of G are called by themselves, G never (StyleGAN2-ADA's `run_G`)."""
    base = points()
    t = Training(_StyleGenerator(), base.D, base.data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        with torch.no_grad():
            image = t.G.synthesis(t.G.mapping(t.z()))
        real, fake = t.D(t.real()), t.D(image)
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G.synthesis(t.G.mapping(t.z()))))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def forward_called_directly(w: Witness) -> None:
    """`G.forward` and `D.forward`, past all hooks; the person was told of `attach`."""
    _direct(w, attach="forward")


def forward_called_past_the_hooks(w: Witness) -> None:
    """The same where the person was not told."""
    _direct(w)


def _direct(w: Witness, **options: str) -> None:
    t = points()
    doctor = w.attach(t.G, t.D, **options)
    for _ in w.steps:
        real, fake = t.D.forward(t.real()), t.D.forward(t.G.forward(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D.forward(t.G.forward(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


class _Fitting(nn.Module):
    """A D that trains itself, as in many a homework."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def fit(self, t: Training, w: Witness, real: Tensor, fake: Tensor) -> Tensor:
        return self._fit(t, w, self(real), self(fake))

    def fit_past_forward(self, t: Training, w: Witness, real: Tensor, fake: Tensor) -> Tensor:
        return self._fit(t, w, self.net(real), self.net(fake))

    def _fit(self, t: Training, w: Witness, real: Tensor, fake: Tensor) -> Tensor:
        loss = loss_of_d(real, fake)
        w.step_d(t, loss, real, fake)
        return loss


def d_with_a_fit_method(w: Witness) -> None:
    """D's step hides in a method of D, which calls D."""
    base = points()
    t = Training(base.G, _Fitting(base.D), base.data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        loss_d = t.D.fit(t, w, t.real(), t.G(t.z()).detach())
        doctor.step(loss_d=loss_d, loss_g=_usual_g_step(t, w))


def d_with_a_fit_method_past_forward(w: Witness) -> None:
    """The same, but the method calls a part of D: only the G step is ever seen."""
    base = points()
    t = Training(base.G, _Fitting(base.D), base.data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        loss_d = t.D.fit_past_forward(t, w, t.real(), t.G(t.z()).detach())
        doctor.step(loss_d=loss_d, loss_g=_usual_g_step(t, w))


def relativistic(w: Witness) -> None:
    """The G step compares with reals, so D sees reals there too (ESRGAN, RpGAN)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch = t.real()
        real, fake = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = softplus(fake - real).mean()
        w.step_d(t, loss_d, real, fake)
        loss_g = softplus(t.D(batch).detach() - t.D(t.G(t.z()))).mean()
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def relativistic_g_first(w: Witness) -> None:
    """G's step comes first, and its batches are used again (ESRGAN's order)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch, made = t.real(), t.G(t.z())
        loss_g = softplus(t.D(batch).detach() - t.D(made)).mean()
        w.step_g(t, loss_g)
        real, fake = t.D(batch), t.D(made.detach())
        loss_d = softplus(fake - real).mean()
        w.step_d(t, loss_d, real, fake)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


class _Featured(nn.Module):
    def __init__(self, net: nn.Sequential) -> None:
        super().__init__()
        self.body, self.head = net[:-1], net[-1]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x)
        return self.head(features), features


def feature_matching(w: Witness) -> None:
    """The G step matches D's features of reals (Salimans 2016)."""
    base = points()
    t = Training(base.G, _Featured(base.D), base.data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch = t.real()
        (real, _), (fake, _) = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        (_, wanted), (_, features) = t.D(batch), t.D(t.G(t.z()))
        loss_g = mse_loss(features.mean(0), wanted.mean(0).detach())
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def _all_first(w: Witness, d_first: bool) -> None:
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        made = t.G(t.z())
        real, fake, for_g = t.D(t.real()), t.D(made.detach()), t.D(made)
        loss_d, loss_g = loss_of_d(real, fake), loss_of_g(for_g)
        t.opt_g.zero_grad()
        loss_g.backward()
        t.opt_d.zero_grad()
        loss_d.backward()
        w.d(t.D, real, fake)
        w.g(t.G)
        for optimizer in (t.opt_d, t.opt_g) if d_first else (t.opt_g, t.opt_d):
            optimizer.step()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def all_forwards_first_then_d(w: Witness) -> None:
    """Both losses are made and run backwards before D steps, then G."""
    _all_first(w, d_first=True)


def all_forwards_first_then_g(w: Witness) -> None:
    """The same with G stepped before D (simultaneous descent)."""
    _all_first(w, d_first=False)


def d_forwards_before_the_g_step(w: Witness) -> None:
    """What D is to learn from is scored before G steps, and G's loss is made after."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        made = t.G(t.z())
        real, fake = t.D(t.real()), t.D(made.detach())
        loss_d = loss_of_d(real, fake)
        t.opt_d.zero_grad()
        loss_d.backward()
        given = [p.grad for p in t.D.parameters()]
        loss_g = loss_of_g(t.D(made))
        w.step_g(t, loss_g)
        for p, gradient in zip(t.D.parameters(), given, strict=True):
            p.grad = gradient
        w.d(t.D, real, fake)
        t.opt_d.step()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def two_batches_before_both_steps(w: Witness) -> None:
    """As `all_forwards_first_then_d`, with a batch of G's for each loss."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        for_g = t.D(t.G(t.z()))
        loss_d, loss_g = loss_of_d(real, fake), loss_of_g(for_g)
        t.opt_g.zero_grad()
        loss_g.backward()
        w.g(t.G)
        t.opt_d.zero_grad()
        loss_d.backward()
        w.d(t.D, real, fake)
        t.opt_d.step()
        t.opt_g.step()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def zero_grad_of_both_at_once(w: Witness) -> None:
    """Both are cleared at the top; D's gradients of the G step are never used."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        t.opt_d.zero_grad()
        t.opt_g.zero_grad()
        made = t.G(t.z())
        real, fake = t.D(t.real()), t.D(made.detach())
        loss_d = loss_of_d(real, fake)
        loss_d.backward()
        w.d(t.D, real, fake)
        t.opt_d.step()
        loss_g = loss_of_g(t.D(made))
        loss_g.backward()
        w.g(t.G)
        t.opt_g.step()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def three_backward_calls(w: Witness) -> None:
    """One each for reals, fakes and G, and the latter two share a batch (DCGAN tutorial)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        t.D.zero_grad()
        real = t.D(t.real())
        loss_real = softplus(-real).mean()
        loss_real.backward()
        made = t.G(t.z())
        fake = t.D(made.detach())
        loss_fake = softplus(fake).mean()
        loss_fake.backward()
        w.d(t.D, real, fake)
        t.opt_d.step()
        t.G.zero_grad()
        loss_g = loss_of_g(t.D(made))
        loss_g.backward()
        w.g(t.G)
        t.opt_g.step()
        doctor.step(loss_d=loss_real + loss_fake, loss_g=loss_g)


def undetached_fakes_never_cleared(w: Witness) -> None:
    """D's step leaves gradients on G, and nobody clears them before G's own."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        t.opt_g.zero_grad()
        real, fake = t.D(t.real()), t.D(t.G(t.z()))
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        loss_g.backward()
        w.g(t.G)
        t.opt_g.step()
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def two_g_steps(w: Witness) -> None:
    """G steps twice before the doctor is called, D every time with a fresh batch."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        loss_d = _usual_d_step(t, w)
        _usual_g_step(t, w)
        doctor.step(loss_d=loss_d, loss_g=_usual_g_step(t, w))


TOLD: tuple[Loop, ...] = (
    preview_after_the_step, preview_before_the_step, accuracy_with_autograd_on, parent_module,
    forward_called_directly, d_with_a_fit_method, relativistic, relativistic_g_first,
    feature_matching, all_forwards_first_then_d, all_forwards_first_then_g,
    d_forwards_before_the_g_step, zero_grad_of_both_at_once, three_backward_calls,
    undetached_fakes_never_cleared, two_g_steps,
)  # fmt: skip
UNTOLD: tuple[Loop, ...] = (
    mapping_and_synthesis, forward_called_past_the_hooks, d_with_a_fit_method_past_forward,
)  # fmt: skip
EITHER: tuple[Loop, ...] = (
    validation_before_the_d_step, two_batches_before_both_steps,
)  # fmt: skip
