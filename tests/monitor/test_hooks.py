"""Hooks hear what they should, and leave nothing behind."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from loops.gan_loops import Training, images, loss_of_d, plain, points
from torch import Tensor
from torch.optim.optimizer import _global_optimizer_pre_hooks

from gan_doctor.monitor.hooks import DiscriminatorStep, Hooks


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.d: list[DiscriminatorStep | None] = []
        self.g: list[Tensor | None] = []

    def on_discriminator_step(self, optimizer: Any, seen: DiscriminatorStep | None) -> None:
        self.d.append(seen)

    def on_generator_step(self, optimizer: Any, fake: Tensor | None) -> None:
        self.g.append(fake)


@pytest.fixture
def t() -> Training:
    return points()


@pytest.fixture(params=[False, True], ids=["hooks", "forward"])
def told(t: Training, request: pytest.FixtureRequest) -> Iterator[Listener]:
    listener = Listener()
    hooks = Hooks(t.G, t.D, listener, lambda call: call, lambda: True, wrap=request.param)
    yield listener
    hooks.remove()


def traces(t: Training) -> list[Any]:
    """What is left on the networks, and how many listen to all optimizers."""
    on = [(dict(m._forward_hooks), vars(m).get("forward")) for m in (t.G, t.D)]
    return [*on, len(_global_optimizer_pre_hooks)]


def noisy(n: int = 16) -> Tensor:
    return torch.randn(n, 2)


# What they hear


def test_the_forwards_of_a_d_step_are_told_apart(t, told):
    real, fake = t.real(), t.G(t.z()).detach()
    t.step_d(loss_of_d(t.D(real), t.D(fake)))
    (seen,) = told.d
    assert torch.equal(seen.real.x, real)
    assert [torch.equal(f.x, fake) for f in seen.fakes] == [True]
    assert seen.real.gradient.shape == ()


def test_the_batch_of_the_generator_loss_is_told(t, told):
    t.G(t.z()).detach()
    fake = t.G(t.z())
    loss = t.D(fake).mean()
    with torch.no_grad():
        t.G(t.z())  # a preview
    t.step_g(loss)
    assert torch.equal(told.g[0], fake)


def test_two_batches_that_may_both_be_real_are_no_answer(t, told):
    t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())) + t.D(noisy()).mean())
    assert told.d == [None]


def test_a_step_without_fakes_or_without_reals_is_no_answer(t, told):
    t.step_d(t.D(t.real()).mean())
    t.step_d(t.D(t.G(t.z()).detach()).mean())
    assert told.d == [None, None]


def test_forwards_of_the_generator_step_do_not_reach_the_d_step(t, told):
    fake = t.G(t.z())
    t.step_g(t.D(fake).mean() + t.D(noisy()).mean())  # a relativistic loss, say
    t.step_d(loss_of_d(t.D(t.real()), t.D(fake.detach())))
    assert told.d[0] is not None


def test_forwards_that_no_step_follows_are_not_held_for_ever(t, told):
    for _ in range(100):
        t.D(noisy())  # somebody evaluates and forgot no_grad
    t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
    t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
    assert told.d[0] is None
    assert told.d[1] is not None


def test_held_forwards_and_outputs_are_bounded(t):
    hooks = Hooks(t.G, t.D, Listener(), lambda call: call, lambda: False)
    for _ in range(100):
        t.D(t.G(t.z()))
    assert len(hooks._pending) == len(hooks._made) == 16
    hooks.remove()
    assert len(hooks._pending) == len(hooks._made) == 0


def test_outputs_that_are_no_tensors_are_left_alone(t, told):
    class Pair(torch.nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    pair = Pair()
    hooks = Hooks(pair, Pair(), told, lambda call: call, lambda: True)
    assert len(pair(t.real())) == 2
    assert len(hooks._made) == 0
    hooks.remove()
    hooks = Hooks(t.G, pair, told, lambda call: call, lambda: True)
    assert len(pair(t.real())) == 2
    assert len(hooks._pending) == 0
    hooks.remove()


# What they leave behind


@pytest.mark.parametrize("way", ["hooks", "forward"])
def test_nothing_is_left_after_close(way, t, attach):
    before = traces(t)
    doctor = attach(t, attach=way)
    plain(t, doctor, 3)
    assert traces(t) != before
    doctor.close()
    assert traces(t) == before
    doctor.close()
    doctor.step(loss_d=1.0)
    doctor.observe(real=t.real())
    doctor.declare([])
    doctor.load_state_dict({"step": 1})
    assert doctor.diagnose().run.last_step == 3


@pytest.mark.parametrize("way", ["hooks", "forward"])
def test_nothing_is_left_after_an_exception(way, t, attach):
    before = traces(t)

    def interrupted() -> None:
        with attach(t, attach=way) as doctor:
            plain(t, doctor, 3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert traces(t) == before


def test_a_forward_of_the_instance_comes_back(t, attach):
    t.G.forward = own = lambda z: z[:, :2] * 2
    with attach(t, attach="forward") as doctor:
        z = t.z()
        assert torch.equal(t.G(z), z[:, :2] * 2)
        assert t.G.forward is not own
    assert t.G.forward is own
    del doctor


def test_a_wrapper_on_top_of_ours_stays(t, attach):
    doctor = attach(t, attach="forward")
    below = t.D.forward
    t.D.forward = lambda x: below(x) + 1
    x, plain_d = t.real(), copy.deepcopy(points().D)
    doctor.close()
    assert torch.equal(t.D(x), plain_d(x) + 1)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_monitors_on_one_network_come_off_in_any_order(order, t, attach):
    doctors = [attach(t, name, attach="forward") for name in "ab"]
    plain(t, doctors[0], 2)
    for i in order:
        doctors[i].close()
    x = t.real()
    assert torch.equal(t.D(x), type(t.D).forward(t.D, x))


def test_the_hook_on_an_output_of_d_goes_once_it_was_called(t, attach):
    attach(t)
    output = t.D(t.real())
    assert len(output._backward_hooks) == 1
    output.sum().backward()
    assert len(output._backward_hooks) == 0


# Copies


@pytest.mark.parametrize("way", ["hooks", "forward"])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_a_network_work_by_themselves(way, copied, attach):
    t = images()
    with attach(t, attach=way):
        twin = copied(t.G).eval()
        z = t.z()
        t.G.eval()
        assert torch.equal(twin(z), t.G(z))
        with torch.no_grad():
            for p in t.G.parameters():
                p.zero_()
        assert not torch.equal(twin(z), t.G(z))
    assert torch.equal(twin(z), twin(z))


def test_copies_are_not_listened_to(t, told):
    twin_g, twin_d = copy.deepcopy(t.G), copy.deepcopy(t.D)
    real, fake = t.real(), t.G(t.z()).detach()
    loss = loss_of_d(t.D(real), t.D(fake))
    twin_d(real)  # an unrolled D
    t.step_d(loss)
    assert torch.equal(told.d[0].real.x, real)
    loss = t.D(t.G(t.z())).mean()
    twin_g(t.z())  # an EMA copy
    t.step_g(loss)
    assert told.g[0] is not None
    t.step_g(twin_g(t.z()).sum() * 0 + t.G[0].weight.sum())
    assert told.g[1] is None


@pytest.mark.parametrize("way", ["hooks", "forward"])
def test_a_pickled_network_needs_no_doctor_to_load(way, t, attach):
    attach(t, attach=way)
    assert b"gan_doctor" not in pickle.dumps(t.G)
