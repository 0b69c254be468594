from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

from gan_doctor.core import ConfigError
from gan_doctor.losses import discriminator_loss, generator_loss, unroll

Judge = Callable[..., Tensor]

OPTIMIZERS: Mapping[str, Callable[..., Optimizer]] = {
    "sgd": partial(SGD, lr=0.2),
    "sgd-momentum": partial(SGD, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1),
    "sgd-nesterov": partial(SGD, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    "adam": partial(Adam, lr=0.05, betas=(0.5, 0.9)),
    "adam-amsgrad": partial(Adam, lr=0.05, betas=(0.5, 0.7), amsgrad=True, weight_decay=0.1),
    "adamw": partial(AdamW, lr=0.05, betas=(0.5, 0.9), weight_decay=0.3),
    "rmsprop": partial(RMSprop, lr=0.02, alpha=0.8),
    "rmsprop-centered": partial(RMSprop, lr=0.02, centered=True, momentum=0.5, weight_decay=0.1),
}
EACH_OPTIMIZER = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)

REAL = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1
FAKE = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def discriminator() -> nn.Module:
    torch.manual_seed(2)
    net = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0))
    return net.double()


def loss_d(judge: Judge, fake: Tensor = FAKE) -> Tensor:
    return discriminator_loss("non-saturating", judge(REAL), judge(fake))


def step(D: nn.Module, optimizer: Optimizer, fake: Tensor = FAKE, times: int = 1) -> None:
    """Really trains D."""
    for _ in range(times):
        optimizer.zero_grad()
        loss_d(D, fake).backward()
        optimizer.step()


def warm(make: Callable[..., Optimizer], steps: int = 3) -> tuple[nn.Module, Optimizer]:
    """A D that has trained on other fakes for a while, and its optimizer."""
    D = discriminator()
    optimizer = make(D.parameters())
    step(D, optimizer, FAKE - 0.5, steps)
    optimizer.zero_grad()
    return D, optimizer


def twins(D: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
    """Copies to train for real; those of the optimizer's parameters are those of D."""
    return copy.deepcopy((D, optimizer))


# A game with a closed form: D(x) = w x against one fake at theta, one real at r, and w^2 / 2.
# A step of SGD makes w' = w - eta (theta - r + w), so that with q = (1 - eta)^K
# w_K = q w + (1 - q) (r - theta), and G's loss is -w_K theta.


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
@pytest.mark.parametrize("exact", [True, False])
def test_a_quadratic_game_equals_its_closed_form(steps: int, exact: bool) -> None:
    eta, w, theta, r = 0.3, 0.7, 0.4, 2.0
    D = nn.Linear(1, 1, bias=False).double()
    D.weight.data.fill_(w)
    fake = torch.full((1, 1), theta, dtype=torch.float64, requires_grad=True)
    one = torch.ones(1, 1, dtype=torch.float64)

    def loss(judge: Judge) -> Tensor:
        return (judge(fake) - judge(r * one) + judge(one).square() / 2).squeeze()

    judge = unroll(D, loss, SGD(D.parameters(), lr=eta), steps, exact)
    q = (1 - eta) ** steps
    w_K = q * w + (1 - q) * (r - theta)
    assert judge(one).item() == pytest.approx(w_K, rel=1e-12)
    (-judge(fake)).sum().backward()
    assert fake.grad is not None
    through_d = theta * (1 - q) if exact else 0
    assert fake.grad.item() == pytest.approx(-w_K + through_d, rel=1e-12)


@EACH_OPTIMIZER
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("warm_steps", [0, 3])
@pytest.mark.parametrize("steps", [1, 4])
def test_the_judge_is_d_after_really_stepping_it(
    make: Callable[..., Optimizer], exact: bool, warm_steps: int, steps: int
) -> None:
    D, optimizer = warm(make, warm_steps)
    judge = unroll(D, loss_d, optimizer, steps, exact)
    after, after_optimizer = twins(D, optimizer)
    step(after, after_optimizer, times=steps)
    x = torch.randn(32, 2, dtype=torch.float64)
    torch.testing.assert_close(judge(x), after(x), rtol=1e-9, atol=1e-12)
    assert not torch.allclose(judge(x), D(x), rtol=1e-3)


@EACH_OPTIMIZER
def test_the_gradient_of_g_is_the_total_derivative(make: Callable[..., Optimizer]) -> None:
    D, optimizer = warm(make)

    def loss_g(fake: Tensor) -> Tensor:
        judge = unroll(D, lambda judge: loss_d(judge, fake), optimizer, steps=3)
        return generator_loss("non-saturating", judge(fake))

    assert gradcheck(loss_g, (FAKE.clone().requires_grad_(),))


@EACH_OPTIMIZER
def test_without_exact_the_gradient_of_g_is_the_partial_derivative(
    make: Callable[..., Optimizer],
) -> None:
    D, optimizer = warm(make)

    def gradient(exact: bool) -> Tensor:
        fake = FAKE.clone().requires_grad_()
        judge = unroll(D, lambda judge: loss_d(judge, fake), optimizer, 3, exact)
        return torch.autograd.grad(generator_loss("non-saturating", judge(fake)), fake)[0]

    after, after_optimizer = twins(D, optimizer)
    step(after, after_optimizer, times=3)
    fake = FAKE.clone().requires_grad_()
    (partial_,) = torch.autograd.grad(generator_loss("non-saturating", after(fake)), fake)
    torch.testing.assert_close(gradient(exact=False), partial_)
    assert (gradient(exact=True) - partial_).abs().max() > 1e-3


@pytest.mark.parametrize("exact", [True, False])
def test_only_an_exact_judge_keeps_the_graph_of_its_steps(exact: bool) -> None:
    D, optimizer = warm(OPTIMIZERS["adam"])
    assert unroll(D, loss_d, optimizer, 3, exact)(FAKE).requires_grad == exact


def test_it_reaches_the_weights_of_g() -> None:
    D, optimizer = warm(OPTIMIZERS["adam"])
    G = nn.Linear(3, 2).double()
    fake = G(torch.randn(6, 3, dtype=torch.float64))
    for exact in (False, True):  # the first leaves G's graph whole for the second
        judge = unroll(D, lambda judge: loss_d(judge, fake), optimizer, 2, exact)
        (gradient,) = torch.autograd.grad(
            generator_loss("non-saturating", judge(fake)), G.weight, retain_graph=True
        )
        assert gradient.abs().sum() > 0


@pytest.mark.parametrize("frozen", [0, 2])
def test_each_group_has_its_own_options_and_what_is_frozen_stays(frozen: int) -> None:
    D = discriminator()
    D[frozen].requires_grad_(False)  # type: ignore[index]
    groups = [
        {"params": D[0].parameters(), "lr": 0.01},  # type: ignore[index]
        {"params": D[2].parameters(), "lr": 0.1, "betas": (0.0, 0.9), "eps": 1e-3},  # type: ignore[index]
    ]
    optimizer = Adam(groups)
    judge = unroll(D, loss_d, optimizer, 3)
    after, after_optimizer = twins(D, optimizer)
    step(after, after_optimizer, times=3)
    torch.testing.assert_close(judge(FAKE), after(FAKE))


class TwoHeads(nn.Module):
    """A D whose second head has no part in its loss."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x: Tensor, head: str = "first") -> Tensor:
        return getattr(self, head)(x).flatten()  # type: ignore[no-any-return]


def test_a_weight_without_a_gradient_does_not_even_decay() -> None:
    D = TwoHeads().double()
    optimizer = AdamW(D.parameters(), lr=0.1, weight_decay=0.5)
    judge = unroll(D, loss_d, optimizer, 2)
    assert torch.equal(judge(FAKE, "second"), D(FAKE, "second"))
    assert not torch.allclose(judge(FAKE), D(FAKE))


# A unit that is dead on all of the data has a gradient of exactly 0, and so have the second moments
# of its weights, where the root has no derivative.


@EACH_OPTIMIZER
def test_a_dead_unit_changes_no_gradient(make: Callable[..., Optimizer]) -> None:
    def gradient(units: int) -> Tensor:
        torch.manual_seed(3)
        D = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)).double()
        D[0].bias.data.fill_(3.0)
        if units == 4:
            D[0].bias.data[3] = -1e3
        else:
            for layer in (D[0].weight, D[0].bias):
                layer.data = layer.data[:3]
            D[2].weight.data = D[2].weight.data[:, :3]
        fake = FAKE.clone().requires_grad_()
        judge = unroll(D, lambda judge: loss_d(judge, fake), make(D.parameters()), 3)
        return torch.autograd.grad(generator_loss("non-saturating", judge(fake)), fake)[0]

    torch.testing.assert_close(gradient(units=4), gradient(units=3))


@EACH_OPTIMIZER
def test_a_column_of_zeros_leaves_the_gradient_finite(make: Callable[..., Optimizer]) -> None:
    D = discriminator()
    real, fake = REAL * torch.tensor([1.0, 0.0]), FAKE * torch.tensor([1.0, 0.0])
    fake.requires_grad_()

    def loss(judge: Judge) -> Tensor:
        return discriminator_loss("non-saturating", judge(real), judge(fake))

    judge = unroll(D, loss, make(D.parameters()), 3)
    generator_loss("non-saturating", judge(fake)).backward()
    assert fake.grad is not None
    assert fake.grad.isfinite().all()


class Everything(nn.Module):
    """A D with all that a forward may change: running statistics and singular vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            spectral_norm(nn.Linear(2, 8)), nn.BatchNorm1d(8), nn.LeakyReLU(0.2), nn.Linear(8, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x).flatten()  # type: ignore[no-any-return]


def everything(make: Callable[..., Optimizer], steps: int) -> tuple[nn.Module, Optimizer]:
    torch.manual_seed(4)
    D = Everything().double()
    optimizer = make(D.parameters())
    step(D, optimizer, times=steps)
    return D, optimizer


def same(a: Any, b: Any) -> bool:
    """Whether two states are equal in every bit."""
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


@EACH_OPTIMIZER
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("steps", [0, 2])
def test_d_and_its_optimizer_stay_as_they_are(
    make: Callable[..., Optimizer], exact: bool, steps: int
) -> None:
    D, optimizer = everything(make, steps)

    def state() -> Any:
        gradients = [p.grad for p in D.parameters()]
        return D.state_dict(), optimizer.state_dict(), gradients

    before = copy.deepcopy(state())
    entries = len(optimizer.state)
    fake = FAKE.clone().requires_grad_()
    judge = unroll(D, lambda judge: loss_d(judge, fake), optimizer, 3, exact)
    generator_loss("non-saturating", judge(fake)).backward()
    assert same(state(), before)
    assert len(optimizer.state) == entries
    assert all(p.requires_grad and p.is_leaf for p in D.parameters())


def test_buffers_move_in_the_unrolled_steps_as_in_real_ones() -> None:
    D, optimizer = everything(OPTIMIZERS["adam"], 2)
    judge = unroll(D, loss_d, optimizer, 3)
    after, after_optimizer = twins(D, optimizer)
    step(after, after_optimizer, times=3)
    D.eval()  # so that the judge reads the running statistics
    torch.testing.assert_close(judge(FAKE), after.eval()(FAKE))


@EACH_OPTIMIZER
def test_d_may_be_stepped_before_the_backward_pass_of_g(make: Callable[..., Optimizer]) -> None:
    def gradient(early: bool) -> Tensor:
        D, optimizer = everything(make, 2)
        fake = FAKE.clone().requires_grad_()
        judge = unroll(D, lambda judge: loss_d(judge, fake), optimizer, 3)
        if early:
            step(D, optimizer)
        loss = generator_loss("non-saturating", judge(fake))
        if early:
            step(D, optimizer)
        return torch.autograd.grad(loss, fake)[0]

    torch.testing.assert_close(gradient(early=True), gradient(early=False), rtol=0, atol=0)


def test_no_steps_is_d_as_it_is() -> None:
    D, optimizer = warm(OPTIMIZERS["adam"])
    assert torch.equal(unroll(D, loss_d, optimizer, 0)(FAKE), D(FAKE))


def test_d_s_loss_is_asked_for_once_a_step() -> None:
    D, optimizer = warm(OPTIMIZERS["sgd"])
    seen: list[Judge] = []

    def loss(judge: Judge) -> Tensor:
        seen.append(judge)
        return loss_d(judge)

    unroll(D, loss, optimizer, 4)
    assert len(seen) == 4


def test_looking_ahead_stops_the_rotation_of_a_bilinear_game() -> None:
    """D(x) = w x against a fake at theta: steps in turn circle the rest at 0, unrolled ones end."""

    def distance_after(steps: int) -> float:
        D = nn.Linear(1, 1, bias=False).double()
        D.weight.data.fill_(1.0)
        fake = nn.Parameter(torch.ones(1, 1, dtype=torch.float64))
        opt_d, opt_g = SGD(D.parameters(), lr=0.1), SGD([fake], lr=0.1)
        for _ in range(300):
            judge = unroll(D, lambda judge: judge(fake).sum(), opt_d, steps)
            opt_g.zero_grad()
            (-judge(fake)).sum().backward()
            opt_d.zero_grad()
            D(fake.detach()).sum().backward()
            opt_g.step()
            opt_d.step()
        return (D.weight.square() + fake.square()).sqrt().item()

    assert distance_after(0) > 1.4
    assert distance_after(5) < 0.05


class Mine(Adam):
    """An Adam that may step otherwise."""


@pytest.mark.parametrize("kind", [Adagrad, Mine])
def test_an_optimizer_whose_steps_are_not_known_is_refused(kind: type[Optimizer]) -> None:
    D = discriminator()
    with pytest.raises(
        ConfigError, match=rf"knows the steps of Adam, AdamW, RMSprop and SGD, got {kind.__name__}"
    ):
        unroll(D, loss_d, kind(D.parameters()))  # type: ignore[call-arg]


def test_the_optimizer_of_another_network_is_refused() -> None:
    with pytest.raises(ConfigError, match="holds no trainable parameter of the Sequential"):
        unroll(discriminator(), loss_d, SGD(nn.Linear(1, 1).parameters(), lr=0.1))


def test_a_loss_of_d_itself_is_refused() -> None:
    D, optimizer = warm(OPTIMIZERS["sgd"])
    with pytest.raises(ConfigError, match="loss must be of the judge"):
        unroll(D, lambda judge: loss_d(D), optimizer)
    with pytest.raises(ConfigError, match="loss must be of the judge"):
        unroll(D, lambda judge: torch.zeros(()), optimizer)


def test_steps_back_are_refused() -> None:
    D, optimizer = warm(OPTIMIZERS["sgd"])
    with pytest.raises(ConfigError, match="steps must be 0 or more, got -1"):
        unroll(D, loss_d, optimizer, -1)
