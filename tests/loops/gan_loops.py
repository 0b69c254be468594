"""GAN training loops as people write them, a few lines each, with calls of the doctor in them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Adam, Optimizer


class Nobody:
    """Stands where a doctor would, and does nothing."""

    def step(self, *_: Any, **__: Any) -> None: ...

    def observe(self, *_: Any, **__: Any) -> None: ...


@dataclass
class Training:
    """What a loop needs."""

    G: nn.Module
    D: nn.Module
    data: Tensor
    latent: tuple[int, ...]
    batch: int = 16
    lr: float = 1e-3

    def __post_init__(self) -> None:
        self.opt_g: Optimizer = Adam(self.G.parameters(), self.lr, (0.5, 0.999))
        self.opt_d: Optimizer = Adam(self.D.parameters(), self.lr, (0.5, 0.999))

    def real(self) -> Tensor:
        return self.data[torch.randint(len(self.data), (self.batch,))]

    def z(self) -> Tensor:
        return torch.randn(self.batch, *self.latent)

    def step_d(self, loss: Tensor, **options: Any) -> None:
        self.opt_d.zero_grad()
        loss.backward(**options)
        self.opt_d.step()

    def step_g(self, loss: Tensor) -> None:
        self.opt_g.zero_grad()
        loss.backward()
        self.opt_g.step()


def points(seed: int = 0, **options: Any) -> Training:
    """MLPs on a ring of 8 Gaussians."""
    torch.manual_seed(seed)
    angle = torch.arange(512) % 8 * math.pi / 4
    data = torch.stack([angle.cos(), angle.sin()], 1) + 0.05 * torch.randn(512, 2)
    G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return Training(G, D, data, (4,), **options)


def images(seed: int = 0, **options: Any) -> Training:
    """A DCGAN with BatchNorm, dropout and spectral normalisation on 8x8 digits."""
    torch.manual_seed(seed)
    data = torch.from_numpy(load_digits().images).float()[:, None] / 8 - 1
    G = nn.Sequential(
        nn.ConvTranspose2d(8, 8, 4), nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    D = nn.Sequential(
        nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.3),
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(8, 8, 3, 1, 1)), nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4), nn.Flatten(),
    )  # fmt: skip
    return Training(G, D, data, (8, 1, 1), **options)


def loss_of_d(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


def loss_of_g(fake: Tensor) -> Tensor:
    return softplus(-fake).mean()


def plain(t: Training, doctor: Any, steps: int) -> None:
    for _ in range(steps):
        loss_d = loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach()))
        t.step_d(loss_d)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        t.step_g(loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def several_d_steps(t: Training, doctor: Any, steps: int) -> None:
    """Five D steps a G step, and a call of the doctor after each."""
    for i in range(5 * steps):
        with torch.no_grad():
            fake = t.G(t.z())
        loss_d = loss_of_d(t.D(t.real()), t.D(fake))
        t.step_d(loss_d)
        loss_g = None
        if i % 5 == 4:
            loss_g = loss_of_g(t.D(t.G(t.z())))
            t.step_g(loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def g_first(t: Training, doctor: Any, steps: int) -> None:
    """The order of PyTorch-GAN: G's batch is used again, detached, in the D step."""
    for _ in range(steps):
        real, fake = t.real(), t.G(t.z())
        loss_g = loss_of_g(t.D(fake))
        t.step_g(loss_g)
        loss_d = loss_of_d(t.D(real), t.D(fake.detach()))
        t.step_d(loss_d)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def undetached(t: Training, doctor: Any, steps: int) -> None:
    """The D step leaves gradients on G, which its own step clears."""
    for _ in range(steps):
        loss_d = loss_of_d(t.D(t.real()), t.D(t.G(t.z())))
        t.step_d(loss_d)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        t.step_g(loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def _r1(x: Tensor, output: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(output.sum(), x, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean()


def r1_on_the_batch(t: Training, doctor: Any, steps: int) -> None:
    """The real batch itself asks for gradients, in one forward (StyleGAN)."""
    for _ in range(steps):
        real = t.real().requires_grad_()
        logits = t.D(real)
        loss_d = loss_of_d(logits, t.D(t.G(t.z()).detach()))
        t.step_d(loss_d + _r1(real, logits))
        loss_g = loss_of_g(t.D(t.G(t.z())))
        t.step_g(loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def r1_after_backward(t: Training, doctor: Any, steps: int) -> None:
    """Three backward passes, the penalty after the loss of the same forward (GAN_stability)."""
    for _ in range(steps):
        t.opt_d.zero_grad()
        real = t.real().requires_grad_()
        logits = t.D(real)
        loss_real = softplus(-logits).mean()
        loss_real.backward(retain_graph=True)
        _r1(real, logits).backward()
        loss_fake = softplus(t.D(t.G(t.z()).detach())).mean()
        loss_fake.backward()
        t.opt_d.step()
        loss_g = loss_of_g(t.D(t.G(t.z())))
        t.step_g(loss_g)
        doctor.step(loss_d=loss_real + loss_fake, loss_g=loss_g)


def r1_on_a_copy(t: Training, doctor: Any, steps: int) -> None:
    """A second forward on a copy of the reals that asks for gradients."""
    for _ in range(steps):
        real = t.real()
        again = real.clone().requires_grad_()
        loss_d = loss_of_d(t.D(real), t.D(t.G(t.z()).detach()))
        t.step_d(loss_d + _r1(again, t.D(again)))
        loss_g = loss_of_g(t.D(t.G(t.z())))
        t.step_g(loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def wgan_gp(t: Training, doctor: Any, steps: int) -> None:
    """A critic, with a penalty on interpolates."""
    for _ in range(steps):
        for _ in range(2):
            real, fake = t.real(), t.G(t.z()).detach()
            share = torch.rand(len(real), *[1] * (real.dim() - 1))
            between = (share * real + (1 - share) * fake).requires_grad_()
            (gradient,) = torch.autograd.grad(t.D(between).sum(), between, create_graph=True)
            penalty = (gradient.flatten(1).norm(dim=1) - 1).square().mean()
            loss_d = t.D(fake).mean() - t.D(real).mean()
            t.step_d(loss_d + 10 * penalty)
        loss_g = -t.D(t.G(t.z())).mean()
        t.step_g(loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def with_plots(t: Training, doctor: Any, steps: int) -> None:
    """Previews and scores, without autograd, between the steps."""
    fixed = t.z()
    for _ in range(steps):
        real = t.real()
        loss_d = loss_of_d(t.D(real), t.D(t.G(t.z()).detach()))
        t.step_d(loss_d)
        with torch.no_grad():
            t.D(real)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        t.step_g(loss_g)
        with torch.no_grad():
            t.D(t.G(fixed))
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def direct_forward(t: Training, doctor: Any, steps: int) -> None:
    """Calls `forward` itself, past all forward hooks."""
    for _ in range(steps):
        loss_d = loss_of_d(t.D.forward(t.real()), t.D.forward(t.G.forward(t.z()).detach()))
        t.step_d(loss_d)
        loss_g = loss_of_g(t.D.forward(t.G.forward(t.z())))
        t.step_g(loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def augmented(t: Training, doctor: Any, steps: int) -> None:
    """D sees noisy copies of both, so that nothing tells reals from fakes but the loop."""
    for _ in range(steps):
        real, fake = t.real(), t.G(t.z()).detach()
        real_logits = t.D(real + 0.1 * torch.randn_like(real))
        fake_logits = t.D(fake + 0.1 * torch.randn_like(fake))
        doctor.observe(real=real, fake=fake, real_logits=real_logits, fake_logits=fake_logits)
        loss_d = loss_of_d(real_logits, fake_logits)
        t.step_d(loss_d)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        t.step_g(loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


Loop = Callable[[Training, Any, int], None]

# Those in which hooks can tell reals from fakes.
SEEN: dict[str, Loop] = {
    loop.__name__: loop
    for loop in (
        plain, several_d_steps, g_first, undetached, r1_on_the_batch, r1_after_backward,
        r1_on_a_copy, wgan_gp, with_plots,
    )
}  # fmt: skip
