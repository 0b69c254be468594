"""How much of the loss gradient at G's output comes through D."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from loops.gan_loops import Nobody, Training, loss_of_d, loss_of_g, plain, points
from loops.sameness import assert_same, everything
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import gan_doctor

Losses = Callable[[Training, Tensor], tuple[Tensor, Tensor]]  # through D, and the others


def aside(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
    """A pixel loss on what G gave."""
    return loss_of_g(t.D(fake)), 0.3 * (fake - t.real()).abs().mean()


def augmented(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
    """D is shown something made of it."""
    shown = fake.clamp(-0.9, 0.9) * torch.tensor([1.0, 0.5]) + 0.1
    return loss_of_g(t.D(shown)), 0.3 * (fake - t.real()).abs().mean()


def twice(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Two calls of D, of which one is on another view."""
    return loss_of_g(t.D(fake)) + loss_of_g(t.D(-fake)), 0.3 * fake.square().mean()


def broadcast(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
    """The shape of the gradient changes on the way."""
    shown = (fake[None] + torch.zeros(3, 1, 1)).reshape(-1, 2)
    return loss_of_g(t.D(shown)), 0.3 * fake.square().mean()


def logged(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
    """D is called once more, and nothing is made of it."""
    t.D(fake).mean().item()
    return aside(t, fake)


def asked(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of D is asked for before, and penalised."""
    (slope,) = torch.autograd.grad(t.D(fake).sum(), fake, create_graph=True)
    return loss_of_g(t.D(fake)) + 0.0 * slope.square().sum(), 0.3 * fake.square().mean()


def through_a_checkpoint(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
    return loss_of_g(checkpoint(t.D, fake, use_reentrant=False)), 0.3 * fake.square().mean()


def alone(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
    return loss_of_g(t.D(fake)), torch.zeros(())


WAYS = (aside, augmented, twice, broadcast, logged, through_a_checkpoint, alone)


def share_by_hand(through: Tensor, others: Tensor, fake: Tensor) -> float:
    parts = [
        torch.autograd.grad(loss, fake, retain_graph=True)[0].norm() if loss.requires_grad else 0.0
        for loss in (through, others)
    ]
    return float(parts[0] / (parts[0] + parts[1]))


def loop_of(losses: Losses, true: list[float], after: Callable[..., None] | None = None) -> Any:
    def loop(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
            fake = t.G(t.z())
            through, others = losses(t, fake)
            true.append(share_by_hand(through, others, fake))
            (after or step)(t, through, others, fake)
            doctor.step()

    return loop


def step(t: Training, through: Tensor, others: Tensor, fake: Tensor) -> None:
    t.step_g(through + others)


def assert_shares(run: Any, true: list[float], steps: list[int]) -> None:
    series = run.get("gradient/g/through_d")
    assert series.steps.tolist() == steps
    np.testing.assert_allclose(series.values, [true[s - 1] for s in steps], rtol=1e-4)


@pytest.mark.parametrize("losses", WAYS, ids=lambda losses: losses.__name__)
def test_the_share_is_that_of_the_two_gradients(losses, recorded):
    true: list[float] = []
    run = recorded(loop_of(losses, true), steps=60)
    assert_shares(run, true, [*range(1, 11), 51])


def test_a_loss_on_what_d_is_shown_is_told_from_d(recorded):
    """Where it lies in the graph behind an augmentation, and behind nothing else."""
    true: list[float] = []

    def behind(t: Training, fake: Tensor) -> tuple[Tensor, Tensor]:
        shown = 0.5 * fake + 0.1
        return loss_of_g(t.D(shown)), 0.3 * (shown - t.real()).abs().mean()

    assert_shares(recorded(loop_of(behind, true), steps=10), true, list(range(1, 11)))


def test_two_backward_passes_count_together(recorded):
    def one_by_one(t: Training, through: Tensor, others: Tensor, fake: Tensor) -> None:
        t.opt_g.zero_grad()
        through.backward(retain_graph=True)
        others.backward()
        t.opt_g.step()

    true: list[float] = []
    assert_shares(recorded(loop_of(aside, true, one_by_one), steps=10), true, list(range(1, 11)))


def test_gradients_that_are_asked_for_do_not_count(recorded):
    """VQGAN weighs its losses by the gradients of both at G's last layer."""

    def weighed(t: Training, through: Tensor, others: Tensor, fake: Tensor) -> None:
        last = t.G[2].weight
        for loss in (through, others):
            torch.autograd.grad(loss, last, retain_graph=True)
        t.step_g(through + others)

    true: list[float] = []
    assert_shares(recorded(loop_of(aside, true, weighed), steps=10), true, list(range(1, 11)))


def test_a_penalty_on_the_slope_of_d_does_not_count_as_a_loss_of_its_own(recorded):
    series = recorded(loop_of(asked, []), steps=10).get("gradient/g/through_d")
    assert len(series) == 10


def test_micro_batches_count_together(recorded):
    def accumulated(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
            t.opt_g.zero_grad()
            parts = np.zeros(2)
            for _ in range(3):
                fake = t.G(t.z())
                losses = aside(t, fake)
                for i, loss in enumerate(losses):
                    parts[i] += torch.autograd.grad(loss, fake, retain_graph=True)[0].norm().item()
                sum(losses).backward()
            true.append(parts[0] / parts.sum())
            t.opt_g.step()
            doctor.step()

    true: list[float] = []
    assert_shares(recorded(accumulated, steps=10), true, list(range(1, 11)))


def test_where_d_is_observed_it_is_read_as_well(recorded):
    def observed(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            real, fake = t.D(t.real()), t.D(t.G(t.z()).detach())
            doctor.observe(real_logits=real, fake_logits=fake)
            t.step_d(loss_of_d(real, fake))
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step()

    run = recorded(observed, steps=10)
    np.testing.assert_allclose(run.get("gradient/g/through_d").values, 1)
    assert (run.get("logit/gradient/generator").values < 0).all()
    assert (run.get("reached/generator").values == 1).all()


def test_a_d_step_that_sends_gradients_to_g_is_no_loss_of_g(recorded):
    def undetached(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()))))
            fake = t.G(t.z())
            losses = aside(t, fake)
            true.append(share_by_hand(*losses, fake))
            t.step_g(sum(losses))
            doctor.step()

    true: list[float] = []
    assert_shares(recorded(undetached, steps=10), true, list(range(1, 11)))


def test_the_same_judgement_in_both_losses_is_of_g_in_its_own_step(recorded):
    def reused(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            fake = t.G(t.z())
            said = t.D(fake)
            t.opt_d.zero_grad()
            loss_of_d(t.D(t.real()), said).backward(retain_graph=True)
            still = torch.optim.SGD(
                t.D.parameters(), 0.0
            )  # the graph needs the weights as they are
            with torch.no_grad():
                versions = [p._version for p in t.D.parameters()]
            still.step()
            for p, version in zip(t.D.parameters(), versions, strict=True):
                torch._C._autograd._unsafe_set_version_counter((p,), (version,))
            through, others = loss_of_g(said), 0.3 * fake.square().mean()
            true.append(share_by_hand(through, others, fake))
            t.step_g(through + others)
            doctor.step()

    true: list[float] = []
    assert_shares(recorded(reused, steps=10), true, list(range(1, 11)))


# Where nothing is recorded


def test_of_several_ds_nothing_is_recorded(tmp_path):
    t = points()
    others = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    with gan_doctor.Monitor(tmp_path / "run", t.G, [t.D, others]) as doctor:
        plain(t, doctor, 10)
    assert gan_doctor.read(tmp_path / "run").get("gradient/g/through_d") is None


def test_a_g_that_never_hears_of_d_has_a_share_of_0(recorded):
    def overwritten(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
            fake = t.G(t.z())
            loss_of_g(t.D(fake))
            t.step_g(fake.square().mean())
            doctor.step()

    assert (recorded(overwritten, steps=10).get("gradient/g/through_d").values == 0).all()


# It does not disturb


@pytest.mark.parametrize("losses", WAYS, ids=lambda losses: losses.__name__)
def test_weights_are_the_same_to_the_last_bit_where_every_step_is_watched(losses, attach):
    def trained(doctor_of: Any = None) -> dict[str, Any]:
        t = points()
        doctor = doctor_of(t) if doctor_of else Nobody()
        loop_of(losses, [])(t, doctor, 24)
        if doctor_of:
            doctor.close()
            run = gan_doctor.read(doctor.directory)
            assert len(run.get("gradient/g/through_d")) == 24
        return everything([t.G, t.D], [t.opt_g, t.opt_d])

    assert_same(trained(lambda t: attach(t, total_steps=200)), trained())


def test_the_graph_is_let_go_of_with_the_batch(attach):
    t = points()
    attach(t)
    fake = t.G(t.z())
    held = nn.Identity()  # by the graph alone
    fake.grad_fn.register_hook(lambda *_, held=held: None)
    alive = weakref.ref(held)
    loss = loss_of_g(t.D(fake)) + fake.square().mean()
    loss.backward()
    del held
    assert alive() is not None
    del fake, loss
    assert alive() is None
