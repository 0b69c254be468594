"""Loops whose networks are wrapped, compiled, copied or run in pieces."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

import torch
from loops.gan_loops import Training, images, loss_of_d, loss_of_g, points
from loops.witness import Loop, Witness
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.checkpoint import checkpoint

Call = Callable[[Tensor], Tensor]


def _usual(w: Witness, t: Training, G: Call, D: Call, after: Callable[[], object] = int) -> None:
    """The usual loop, in which G and D are called as given; it is attached already."""
    for _ in w.steps:
        real, fake = D(t.real()), D(G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(D(G(t.z())))
        w.step_g(t, loss_g)
        after()
        w.step(loss_d=loss_d, loss_g=loss_g)


# Copies


def averaged_by_hand(w: Witness) -> None:
    """An EMA copy of G, made with the hooks on it; D scores what it makes (StyleGAN2's loop)."""
    t = images()
    w.attach(t.G, t.D)
    ema, fixed = copy.deepcopy(t.G).eval(), t.z()

    def average() -> None:
        with torch.no_grad():
            for kept, p in zip(ema.parameters(), t.G.parameters(), strict=True):
                kept.lerp_(p, 0.01)
            t.D.eval()
            t.D(ema(fixed))
            t.D.train()

    _usual(w, t, t.G, t.D, average)


def averaged_model(w: Witness) -> None:
    """PyTorch's own EMA."""
    t = points()
    w.attach(t.G, t.D)
    ema = AveragedModel(t.G, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    _usual(w, t, t.G, t.D, lambda: ema.update_parameters(t.G))


def unrolled_on_a_copy(w: Witness) -> None:
    """The G step is against a copy of D that has been trained further (unrolled GAN)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        further = copy.deepcopy(t.D)
        optimizer = torch.optim.SGD(further.parameters(), 0.01)
        for _ in range(2):
            optimizer.zero_grad()
            loss_of_d(further(t.real()), further(t.G(t.z()).detach())).backward()
            optimizer.step()
        loss_g = loss_of_g(further(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


# Checkpoints of activations


class _InPieces(nn.Module):
    """Keeps no activations of its middle layers."""

    def __init__(self, net: nn.Sequential, reentrant: bool) -> None:
        super().__init__()
        self.net, self._reentrant = net, reentrant

    def forward(self, x: Tensor) -> Tensor:
        x = self.net[0](x)
        return checkpoint(self.net[1:], x, use_reentrant=self._reentrant)


def _checkpointed(w: Witness, reentrant: bool) -> None:
    base = points()
    G, D = _InPieces(base.G, reentrant), _InPieces(base.D, reentrant)
    w.attach(G, D)
    _usual(w, Training(G, D, base.data, (4,)), G, D)


def checkpointed_inside(w: Witness) -> None:
    """Parts of G and D are run again in the backward pass."""
    _checkpointed(w, reentrant=False)


def checkpointed_inside_reentrant(w: Witness) -> None:
    """The same in the older way, in which they first run without autograd."""
    _checkpointed(w, reentrant=True)


def checkpointed_whole(w: Witness) -> None:
    """All of D is run again in the backward pass, hooks and all."""
    t = points()
    w.attach(t.G, t.D)
    _usual(w, t, t.G, partial(checkpoint, t.D, use_reentrant=False))


def checkpointed_whole_reentrant(w: Witness) -> None:
    """D first runs without autograd, and with it only in the backward pass."""
    t = points()
    w.attach(t.G, t.D)

    def in_pieces(x: Tensor) -> Tensor:
        x = x if x.requires_grad else x.requires_grad_()
        return checkpoint(t.D, x, use_reentrant=True)

    _usual(w, t, t.G, in_pieces)


# Compiled


def compiled(w: Witness) -> None:
    """The compiled networks are the ones given."""
    t = points()
    G, D = (torch.compile(n, backend="eager") for n in (t.G, t.D))
    w.attach(G, D)
    _usual(w, t, G, D)


def compiled_original_given(w: Witness) -> None:
    """The originals are given, the compiled ones called."""
    t = points()
    w.attach(t.G, t.D)
    G, D = (torch.compile(n, backend="eager") for n in (t.G, t.D))
    _usual(w, t, G, D)


def compiled_in_place(w: Witness) -> None:
    """`module.compile()`."""
    t = points()
    t.G.compile(backend="eager")
    t.D.compile(backend="eager")
    w.attach(t.G, t.D)
    _usual(w, t, t.G, t.D)


# Wrapped


def data_parallel(w: Witness) -> None:
    """The wrappers are given."""
    t = points()
    G, D = nn.DataParallel(t.G), nn.DataParallel(t.D)
    w.attach(G, D)
    _usual(w, t, G, D)


def data_parallel_inner_given(w: Witness) -> None:
    """What they wrap is given."""
    t = points()
    w.attach(t.G, t.D)
    _usual(w, t, nn.DataParallel(t.G), nn.DataParallel(t.D))


TOLD: tuple[Loop, ...] = (
    averaged_by_hand, averaged_model, unrolled_on_a_copy, checkpointed_inside,
    checkpointed_inside_reentrant, checkpointed_whole, compiled, compiled_original_given,
    compiled_in_place, data_parallel, data_parallel_inner_given,
)  # fmt: skip
UNTOLD: tuple[Loop, ...] = ()
EITHER: tuple[Loop, ...] = (checkpointed_whole_reentrant,)
