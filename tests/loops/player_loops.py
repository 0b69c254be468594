"""Loops with several generators or several discriminators: the players."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from loops.gan_loops import loss_of_d, loss_of_g, points
from loops.witness import Loop, Witness
from torch import Tensor, nn
from torch.nn.functional import l1_loss, softplus
from torch.optim import Adam, Optimizer


def _both(networks: Mapping[str, nn.Module], lr: float = 1e-3) -> Optimizer:
    """One optimizer over several networks."""
    return Adam(itertools.chain(*(n.parameters() for n in networks.values())), lr, (0.5, 0.999))


def _translators(*names: str) -> dict[str, nn.Module]:
    return {name: nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2)) for name in names}


def _critics(*names: str) -> dict[str, nn.Module]:
    return {
        name: nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1)) for name in names
    }


# CycleGAN


@dataclass
class _Cycle:
    """G["A2B"] and G["B2A"], and D["A"] and D["B"], which judge what lies in A and in B."""

    G: Mapping[str, nn.Module]
    D: Mapping[str, nn.Module]
    data: Tensor

    def reals(self) -> tuple[Tensor, Tensor]:
        a, b = (self.data[torch.randint(len(self.data), (16,))] for _ in "AB")
        return a, b.flip(1) + 1

    def losses_of_g(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """G's batches, and the losses that only G["A2B"] and only G["B2A"] give, and both."""
        made_b, made_a = self.G["A2B"](a), self.G["B2A"](b)
        identity = l1_loss(self.G["A2B"](b), b) + l1_loss(self.G["B2A"](a), a)
        cycle = l1_loss(self.G["B2A"](made_b), a) + l1_loss(self.G["A2B"](made_a), b)
        losses = {
            "A2B": loss_of_g(self.D["B"](made_b)),
            "B2A": loss_of_g(self.D["A"](made_a)),
            "both": 10 * cycle + 5 * identity,
        }
        return made_a, made_b, losses


def _cycle() -> _Cycle:
    data = points().data
    return _Cycle(_translators("A2B", "B2A"), _critics("A", "B"), data)


class _Pool:
    """Gives back a batch that was made some steps ago, or the one it is given."""

    def __init__(self, size: int) -> None:
        self.kept: list[Tensor] = []
        self.size = size

    def query(self, batch: Tensor) -> Tensor:
        if not self.size:
            return batch
        self.kept = [*self.kept[-self.size :], batch.detach()]
        return torch.cat([x[:8] for x in random.choices(self.kept, k=2)])


def _train_cycle(w: Witness, t: _Cycle, joint_d: bool, pool_size: int) -> None:
    opt_g = _both(t.G)
    opts_d = [_both(t.D)] if joint_d else [_both({name: net}) for name, net in t.D.items()]
    pools = {"A": _Pool(pool_size), "B": _Pool(pool_size)}
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        a, b = t.reals()
        for p in itertools.chain(*(net.parameters() for net in t.D.values())):
            p.requires_grad_(False)
        made_a, made_b, losses = t.losses_of_g(a, b)
        opt_g.zero_grad()
        sum(losses.values()).backward()
        for name, net in t.G.items():
            w.g(net, name)
        opt_g.step()
        for p in itertools.chain(*(net.parameters() for net in t.D.values())):
            p.requires_grad_(True)
        said, losses_d = {}, {}
        for name, batch, made in (("A", a, made_a), ("B", b, made_b)):
            real = t.D[name](batch)
            fake = t.D[name](pools[name].query(made).detach())
            said[name], losses_d[name] = (real, fake), loss_of_d(real, fake) / 2
        for optimizer in opts_d:
            optimizer.zero_grad()
        for loss in losses_d.values():
            loss.backward()
        for name, net in t.D.items():
            w.d(net, *said[name], player=name)
        for optimizer in opts_d:
            optimizer.step()
        doctor.step(loss_d=losses_d, loss_g={name: losses[name] for name in t.G})


def cyclegan(w: Witness) -> None:
    """One optimizer over both G and one over both D (junyanz's CycleGAN, without its pool)."""
    _train_cycle(w, _cycle(), joint_d=True, pool_size=0)


def cyclegan_with_two_d_optimizers(w: Witness) -> None:
    """Each D has its own optimizer, and both step after both losses (PyTorch-GAN)."""
    _train_cycle(w, _cycle(), joint_d=False, pool_size=0)


def cyclegan_with_pools(w: Witness) -> None:
    """D sees old fakes among the new, in new memory."""
    _train_cycle(w, _cycle(), joint_d=True, pool_size=5)


def cyclegan_d_by_d(w: Witness) -> None:
    """Each D is scored and stepped before the next, in lists (PyTorch-GAN's order)."""
    t = _cycle()
    G, D = list(t.G.values()), list(t.D.values())
    opt_g, opts_d = _both(t.G), [_both({"": net}) for net in D]
    doctor = w.attach(G, D)
    for _ in w.steps:
        a, b = t.reals()
        made_a, made_b, losses = t.losses_of_g(a, b)
        opt_g.zero_grad()
        sum(losses.values()).backward()
        w.g(G[0], "0")
        w.g(G[1], "1")
        opt_g.step()
        losses_d = {}
        for i, (batch, made) in enumerate(((a, made_a), (b, made_b))):
            real, fake = D[i](batch), D[i](made.detach())
            losses_d[str(i)] = loss_of_d(real, fake) / 2
            opts_d[i].zero_grad()
            losses_d[str(i)].backward()
            w.d(D[i], real, fake, str(i))
            opts_d[i].step()
        doctor.step(loss_d=losses_d, loss_g=sum(losses.values()))


# One side has several


def _several_d(w: Witness, joint: bool) -> None:
    t, critics = points(), list(_critics("0", "1").values())
    named = dict(zip("01", critics, strict=True))
    optimizers = [_both(named)] if joint else [_both({name: net}) for name, net in named.items()]
    doctor = w.attach(t.G, critics)
    for _ in w.steps:
        batch, made = t.real(), t.G(t.z())
        said = {name: (net(batch), net(made.detach())) for name, net in named.items()}
        losses_d = {name: loss_of_d(*pair) for name, pair in said.items()}
        for optimizer in optimizers:
            optimizer.zero_grad()
        sum(losses_d.values()).backward()
        for name, net in named.items():
            w.d(net, *said[name], player=name)
        for optimizer in optimizers:
            optimizer.step()
        loss_g = sum(loss_of_g(net(t.G(t.z()))) for net in critics)
        w.step_g(t, loss_g)
        doctor.step(loss_d=losses_d, loss_g=loss_g)


def several_d(w: Witness) -> None:
    """Two D judge the same G, each with its optimizer (GMAN)."""
    _several_d(w, joint=False)


def several_d_under_one_optimizer(w: Witness) -> None:
    """The same with one optimizer over both (HiFi-GAN's `itertools.chain`)."""
    _several_d(w, joint=True)


def several_periods(w: Witness) -> None:
    """HiFi-GAN whose sub-discriminators are given one by one: the whole is never seen."""

    class Periods(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.discriminators = nn.ModuleList(_critics("0", "1").values())

        def forward(self, y: Tensor, y_hat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
            return [d(y) for d in self.discriminators], [d(y_hat) for d in self.discriminators]

    t, D = points(), Periods()
    opt_d = _both({"": D})
    doctor = w.attach(t.G, list(D.discriminators))
    for _ in w.steps:
        batch, made = t.real(), t.G(t.z())
        reals, fakes = D(batch, made.detach())
        loss_d = sum(map(loss_of_d, reals, fakes))
        opt_d.zero_grad()
        loss_d.backward()
        for i, net in enumerate(D.discriminators):
            w.d(net, reals[i], fakes[i], str(i))
        opt_d.step()
        _, fakes = D(batch, made)
        loss_g = sum(map(loss_of_g, fakes))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def several_g(w: Witness) -> None:
    """Two G share one D, which sees all their fakes (MAD-GAN)."""
    t = points()
    makers = {name: points(seed).G for seed, name in enumerate(("left", "right"), start=1)}
    opts_g = {name: _both({name: net}) for name, net in makers.items()}
    doctor = w.attach(makers, t.D)
    for _ in w.steps:
        real = t.D(t.real())
        fakes = [t.D(net(t.z()).detach()) for net in makers.values()]
        loss_d = softplus(-real).mean() + sum(softplus(fake).mean() for fake in fakes) / 2
        w.step_d(t, loss_d, real, torch.cat(fakes))
        losses_g = {}
        for name, net in makers.items():
            losses_g[name] = loss_of_g(t.D(net(t.z())))
            opts_g[name].zero_grad()
            losses_g[name].backward()
            w.g(net, name)
            opts_g[name].step()
        doctor.step(loss_d=loss_d, loss_g=losses_g)


def one_generator_in_turn(w: Witness) -> None:
    """Of two G only one is trained at a time, and both count for the clock."""
    t = points()
    makers = [points(seed).G for seed in (1, 2)]
    opts_g = [_both({"": net}) for net in makers]
    doctor = w.attach(makers, t.D)
    for i in w.steps:
        net = makers[i % 2]
        real, fake = t.D(t.real()), t.D(net(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(net(t.z())))
        opts_g[i % 2].zero_grad()
        loss_g.backward()
        w.g(net, str(i % 2))
        opts_g[i % 2].step()
        doctor.step(loss_d=loss_d, loss_g={str(i % 2): loss_g})


def observed_by_player(w: Witness) -> None:
    """CycleGAN with pools whose person tells what each D said."""
    t = _cycle()
    _observe_each(w, t)
    _train_cycle(w, t, joint_d=True, pool_size=5)


def _observe_each(w: Witness, t: _Cycle) -> None:
    """Tells the doctor of each pair of outputs when the second of them comes."""
    first: dict[str, Tensor] = {}

    def tell(name: str) -> Callable[..., None]:
        def told(module: nn.Module, args: Any, output: Tensor) -> None:
            if not next(module.parameters()).requires_grad:
                return
            if name in first:
                real = first.pop(name)
                w.observe(player=name, real_logits=real, fake_logits=output)
            else:
                first[name] = output

        return told

    for name, net in t.D.items():
        net.register_forward_hook(tell(name))


TOLD: tuple[Loop, ...] = (
    cyclegan, cyclegan_with_two_d_optimizers, cyclegan_d_by_d, several_d,
    several_d_under_one_optimizer, several_periods, several_g, one_generator_in_turn,
    observed_by_player,
)  # fmt: skip
UNTOLD: tuple[Loop, ...] = (cyclegan_with_pools,)
EITHER: tuple[Loop, ...] = ()
