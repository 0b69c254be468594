"""Hooks hear what they should, and leave nothing behind."""

from __future__ import annotations

import copy
import pickle
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import torch
from loops.gan_loops import Training, images, loss_of_d, plain, points
from torch import Tensor
from torch.optim.optimizer import _global_optimizer_pre_hooks

from gan_doctor.monitor.forwards import Forward, tell_apart
from gan_doctor.monitor.hooks import Hooks
from gan_doctor.monitor.players import Player, Players


class Listener:
    """Keeps what it is told."""

    watching = True

    def __init__(self) -> None:
        self.d: list[Sequence[Forward] | None] = []
        self.g: list[Mapping[Player, Sequence[Forward]] | None] = []
        self.latents: list[Tensor] = []

    def on_discriminator_step(self, optimizer: Any, stepped: Any, forwards: Any) -> None:
        self.d.append(forwards)

    def on_unread_step(self, stepped: Any, gradients: bool) -> None: ...

    def on_generator_step(self, optimizer: Any, stepped: Any, judged: Any) -> None:
        self.g.append(judged)

    def on_generator_forward(self, player: Any, inputs: Any, output: Any) -> None:
        self.latents += inputs

    def on_backward(self, player: Any, parameter: Any) -> None: ...

    @property
    def judged(self) -> list[Sequence[Forward]]:
        """What D said before each G step."""
        return [next(iter(judged.values())) for judged in self.g if judged is not None]


def hooks_of(G: Any, D: Any, listener: Listener, **options: Any) -> Hooks:
    hooks = Hooks(Players(G, D), listener, lambda call: call, **options)
    hooks.listen(reading=True, remembering=True)
    return hooks


@pytest.fixture
def t() -> Training:
    return points()


@pytest.fixture(params=[False, True], ids=["hooks", "forward"])
def told(t: Training, request: pytest.FixtureRequest) -> Iterator[Listener]:
    listener = Listener()
    hooks = hooks_of(t.G, t.D, listener, wrap=request.param)
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
    shown = tell_apart(told.d[0])
    assert torch.equal(shown.reals[0].inputs[0], real)
    assert [torch.equal(f.inputs[0], fake) for f in shown.fakes] == [True]
    assert shown.reals[0].gradient.shape == ()


def test_what_d_said_for_the_loss_of_g_is_told(t, told):
    t.G(t.z()).detach()
    fake = t.G(t.z())
    loss = t.D(fake).mean()
    with torch.no_grad():
        t.D(t.G(t.z()))  # a preview
    t.step_g(loss)
    ((judged,),) = told.judged
    assert torch.equal(judged.inputs[0], fake)
    assert judged.made == fake.shape


def test_what_g_is_given_is_told(t, told):
    z = t.z()
    t.G(z)
    assert [torch.equal(given, z) for given in told.latents] == [True]


def test_two_batches_that_may_both_be_real_are_no_answer(t, told):
    t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())) + t.D(noisy()).mean())
    assert tell_apart(told.d[0]) is None


def test_a_step_without_fakes_or_without_reals_is_no_answer(t, told):
    t.step_d(t.D(t.real()).mean())
    t.step_d(t.D(t.G(t.z()).detach()).mean())
    assert [tell_apart(forwards) for forwards in told.d] == [None, None]


def test_logits_that_somebody_wrote_over_are_no_answer(t, told):
    logits = t.D(t.real())
    loss = loss_of_d(logits, t.D(t.G(t.z()).detach()))
    t.opt_d.zero_grad()
    loss.backward()
    with torch.no_grad():
        logits.zero_()
    t.opt_d.step()
    assert tell_apart(told.d[0]) is None


def test_forwards_of_the_generator_step_do_not_reach_the_d_step(t, told):
    fake = t.G(t.z())
    t.step_g(t.D(fake).mean() + t.D(noisy()).mean())  # a relativistic loss, say
    t.step_d(loss_of_d(t.D(t.real()), t.D(fake.detach())))
    assert tell_apart(told.d[0]) is not None


def test_forwards_that_no_step_follows_are_not_held_for_ever(t, told):
    for _ in range(100):
        t.D(noisy())  # somebody evaluates and forgot no_grad
    t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
    t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
    assert tell_apart(told.d[0]) is None
    assert tell_apart(told.d[1]) is not None


def test_held_forwards_are_bounded_and_outputs_of_g_are_not_held(t):
    hooks = hooks_of(t.G, t.D, Listener())
    (pending,) = hooks._pending.values()
    for _ in range(2000):
        t.D(t.G(t.z()))
    assert len(pending) == 64
    assert len(hooks._made._memory) == 1024
    fake = t.G(t.z())
    alive = weakref.ref(fake)
    del fake
    assert alive() is None
    hooks.remove()
    assert len(pending) == len(hooks._made._memory) == 0


def test_an_output_that_g_only_hands_through_is_not_of_its_making(t, told):
    class Same(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x

    hooks = hooks_of(Same(), torch.nn.Identity(), Listener())
    x = t.real()
    assert hooks._made.find([torch.nn.Identity()(x)]) == (None, None)
    hooks.remove()


def test_in_a_step_that_is_not_read_nothing_is_hooked(t):
    listener = Listener()
    before = traces(t)
    hooks = hooks_of(t.G, t.D, listener)
    on = traces(t)
    hooks.listen(reading=False, remembering=False)
    assert traces(t)[:2] == before[:2]
    t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
    assert listener.d == []
    hooks.listen(reading=True, remembering=True)
    assert [len(hooked) for hooked, _ in traces(t)[:2]] == [len(hooked) for hooked, _ in on[:2]]
    hooks.remove()
    assert traces(t) == before


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
    assert torch.equal(tell_apart(told.d[0]).reals[0].inputs[0], real)
    loss = t.D(t.G(t.z())).mean()
    twin_g(t.z())  # an EMA copy
    t.step_g(loss)
    assert len(told.judged[0]) == 1
    t.step_g(t.D(twin_g(t.z())).sum() * 0 + t.G[0].weight.sum())
    assert len(told.judged[1]) == 0


@pytest.mark.parametrize("way", ["hooks", "forward"])
def test_a_pickled_network_needs_no_doctor_to_load(way, t, attach):
    attach(t, attach=way)
    assert b"gan_doctor" not in pickle.dumps(t.G)


# What reviewers found


def test_a_d_that_asks_for_no_gradients_in_the_g_step_is_heard_again(attach):
    t = points(batch=128)
    doctor = attach(t, sample_every=10_000)
    for _ in range(300):
        t.D.requires_grad_(True)
        loss_d = loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach()))
        t.step_d(loss_d)
        t.D.requires_grad_(False)
        t.step_g(t.D(t.G(t.z())).mean())
        doctor.step(loss_d=loss_d)
    run = doctor.diagnose().run
    assert run.events == ()
    for name in ("auroc", "nonfinite/d", "logit/generator"):
        assert run.get(name).steps[-1] > 250


@pytest.mark.filterwarnings("ignore:.torch.jit.trace")
def test_a_trace_of_an_attached_network_is_the_network(t, attach):
    attach(t)
    z = t.z()
    assert torch.equal(torch.jit.trace(t.G, z)(z), t.G(z))


class Captured(torch.autograd.Function):
    """Gives every result in the same memory, as a captured graph does."""

    @staticmethod
    def forward(ctx: Any, out: Tensor, memory: Tensor) -> Tensor:
        return memory.copy_(out).detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def test_outputs_that_share_their_memory_are_no_answer(t):
    class Static(torch.nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return Captured.apply(super().forward(x), memory)

    D, memory, listener = Static(2, 1), torch.zeros(16, 1), Listener()
    hooks = hooks_of(t.G, D, listener)
    loss_of_d(D(t.real()), D(t.G(t.z()).detach())).backward()
    torch.optim.SGD(D.parameters(), 0.1).step()
    hooks.remove()
    assert len(listener.d[0]) == 2
    assert tell_apart(listener.d[0]) is None


def test_batches_that_somebody_wrote_over_are_not_gathered(t, told):
    real = t.real()
    t.opt_d.zero_grad()
    loss_of_d(t.D(real), t.D(t.G(t.z()).detach())).backward()
    real.zero_()
    t.opt_d.step()
    shown = tell_apart(told.d[0])
    assert shown.batches() == []


def test_of_many_small_batches_a_few_are_held(t, told):
    t.opt_d.zero_grad()
    for _ in range(16):
        loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())).backward()
    t.opt_d.step()
    (forwards,) = told.d
    assert len(tell_apart(forwards).reals) == 16
    assert sum(len(forward.inputs) for forward in forwards) == 4


def test_a_closure_that_does_nothing_hides_nothing(t, told):
    loss = loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach()))
    t.opt_d.zero_grad()
    loss.backward()
    t.opt_d.step(lambda: None)
    assert tell_apart(told.d[0]) is not None
