"""Loops that show D something other than a bare batch of reals and one of G's."""

from __future__ import annotations

import random
from typing import Any

import torch
from loops.gan_loops import Training, loss_of_d, loss_of_g, points
from loops.witness import Loop, Witness
from torch import Tensor, nn
from torch.nn.functional import one_hot

CLASSES = 8


def _trained(w: Witness, t: Training, on_real: Any, on_fake: Any, undetached: bool = False) -> None:
    """The usual loop around the way in which D is shown a batch.

    Args:
        w: The witness.
        t: The training.
        on_real: D's output of a real batch, from that batch.
        on_fake: D's output of a fake batch, from that batch.
        undetached: G's graph is left on the fakes of the D step.
    """
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        made = t.G(t.z())
        real, fake = on_real(t.real()), on_fake(made if undetached else made.detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(on_fake(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


# Conditions


class _Conditional(nn.Module):
    """D of a batch and its labels, whatever they come in."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2 + CLASSES, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))

    def forward(self, x: Any, c: Tensor | None = None) -> Tensor:
        if isinstance(x, dict):
            x, c = x["image"], x["label"]
        elif isinstance(x, tuple):
            x, c = x
        c = c if c.is_floating_point() else one_hot(c, CLASSES)
        return self.net(torch.cat([x, c], 1))


class _ConditionalGenerator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4 + CLASSES, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        return self.net(torch.cat([z, one_hot(c, CLASSES)], 1))


def _conditional(w: Witness, shown: Any) -> None:
    t = Training(_ConditionalGenerator(), _Conditional(), points().data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        c = torch.randint(CLASSES, (t.batch,))
        real, fake = shown(t.D, t.real(), c), shown(t.D, t.G(t.z(), c).detach(), c)
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(shown(t.D, t.G(t.z(), c), c))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def conditional(w: Witness) -> None:
    """`D(x, y)` with whole numbers for labels (cGAN)."""
    _conditional(w, lambda D, x, c: D(x, c))


def conditional_one_hot(w: Witness) -> None:
    """The labels are floats as well."""
    _conditional(w, lambda D, x, c: D(x, one_hot(c, CLASSES).float()))


def conditional_by_keyword(w: Witness) -> None:
    """`D(x=x, c=c)` (StyleGAN's `D(img=, c=)`)."""
    _conditional(w, lambda D, x, c: D(c=c, x=x))


def conditional_in_a_tuple(w: Witness) -> None:
    """`D((x, c))`."""
    _conditional(w, lambda D, x, c: D((x, c)))


def conditional_in_a_dict(w: Witness) -> None:
    """`D({"image": x, "label": c})`."""
    _conditional(w, lambda D, x, c: D({"label": c, "image": x}))


class _Translator(nn.Module):
    """Makes a point from another."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, a: Tensor) -> Tensor:
        return self.net(a)


def _pix2pix(w: Witness, detach_after: bool) -> None:
    D = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    t = Training(_Translator(), D, points().data, (2,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        b = t.real()
        a = b.flip(1)
        pair = torch.cat([a, t.G(a)], 1)
        fake = t.D(pair.detach() if detach_after else pair)
        real = t.D(torch.cat([a, b], 1))
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        made = t.G(a)
        loss_g = loss_of_g(t.D(torch.cat([a, made], 1))) + (made - b).abs().mean()
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def pix2pix(w: Witness) -> None:
    """D sees source and image as channels of one tensor, detached as a whole (pix2pix)."""
    _pix2pix(w, detach_after=True)


def pix2pix_undetached(w: Witness) -> None:
    """The same with G's graph left on."""
    _pix2pix(w, detach_after=False)


# Packs


def _pack_training() -> Training:
    base = points()
    D = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return Training(base.G, D, base.data, (4,))


def packed_by_view(w: Witness) -> None:
    """Two rows are one row for D, in the same memory (PacGAN)."""
    t = _pack_training()

    def packed(x: Tensor) -> Tensor:
        return t.D(x.view(-1, 4))

    _trained(w, t, packed, packed)


def packed_by_cat(w: Witness) -> None:
    """The packs are new memory."""
    t = _pack_training()

    def packed(x: Tensor) -> Tensor:
        return t.D(torch.cat(x.chunk(2), 1))

    _trained(w, t, packed, packed)


def packed_by_cat_undetached(w: Witness) -> None:
    """They are, with G's graph on them."""
    t = _pack_training()

    def packed(x: Tensor) -> Tensor:
        return t.D(torch.cat(x.chunk(2), 1))

    _trained(w, t, packed, packed, undetached=True)


def both_in_one_batch(w: Witness) -> None:
    """D is called once, on reals and fakes together (BigGAN)."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(torch.cat([t.real(), t.G(t.z())])).chunk(2)
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


# Changed on the way to D


def _moved(x: Tensor) -> Tensor:
    return x + 0.1 * torch.randn_like(x)


def augmented_both(w: Witness) -> None:
    """DiffAugment after `detach`: D is shown new memory on both sides."""
    t = points()
    _trained(w, t, lambda x: t.D(_moved(x)), lambda x: t.D(_moved(x)))


def augmented_undetached(w: Witness) -> None:
    """DiffAugment with G's graph left on."""
    t = points()
    _trained(w, t, lambda x: t.D(_moved(x)), lambda x: t.D(_moved(x)), undetached=True)


def augmented_fakes_only(w: Witness) -> None:
    """Only fakes are changed: the reals look like reals, and the fakes like more of them."""
    t = points()
    _trained(w, t, t.D, lambda x: t.D(_moved(x)))


def observed(w: Witness) -> None:
    """The person tells what D said, where hooks could not."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(_moved(t.real())), t.D(_moved(t.G(t.z()).detach()))
        doctor.observe(real_logits=real, fake_logits=fake)
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(_moved(t.G(t.z()))))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


class _Pool:
    """CycleGAN's pool of 50 images: half of what it gives back was made long ago."""

    def __init__(self) -> None:
        self.kept: list[Tensor] = []

    def query(self, batch: Tensor) -> Tensor:
        out = []
        for image in batch.detach():
            if len(self.kept) < 50:
                self.kept.append(image)
                out.append(image)
            elif random.random() > 0.5:
                i = random.randrange(50)
                out.append(self.kept[i].clone())
                self.kept[i] = image
            else:
                out.append(image)
        return torch.stack(out)


def replay_pool(w: Witness) -> None:
    """D is shown old fakes among the new, in new memory."""
    t, pool = points(), _Pool()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(t.real()), t.D(pool.query(t.G(t.z())))
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def replay_of_whole_batches(w: Witness) -> None:
    """D is shown a batch of G's of one of the last steps, as it was made."""
    t = points()
    kept: list[Tensor] = []
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        kept = [*kept[-4:], t.G(t.z()).detach()]
        real, fake = t.D(t.real()), t.D(random.choice(kept))
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def memory_used_again(w: Witness) -> None:
    """G's last batch is let go of before the reals come, which get its memory."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        for _ in range(20):
            with torch.no_grad():
                t.G(t.z())
        batch = t.real().clone()
        real, fake = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        del batch
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def reals_out_of_one_tensor(w: Witness) -> None:
    """Reals are slices of the data set itself: all of them share their memory."""
    t = points()
    doctor = w.attach(t.G, t.D)
    for i in w.steps:
        start = 16 * (i % 32)
        real, fake = t.D(t.data[start : start + 16]), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def a_part_of_the_fakes(w: Witness) -> None:
    """D sees the first rows of what G made, a view."""
    t = points()
    _trained(w, t, t.D, lambda x: t.D(x[:8]))


TOLD: tuple[Loop, ...] = (
    conditional, conditional_one_hot, conditional_by_keyword, conditional_in_a_tuple,
    conditional_in_a_dict, pix2pix_undetached, packed_by_view, packed_by_cat_undetached,
    augmented_undetached, observed, memory_used_again, reals_out_of_one_tensor,
    a_part_of_the_fakes,
)  # fmt: skip
UNTOLD: tuple[Loop, ...] = (
    pix2pix, packed_by_cat, both_in_one_batch, augmented_both, augmented_fakes_only, replay_pool,
)  # fmt: skip
EITHER: tuple[Loop, ...] = (replay_of_whole_batches,)
