from __future__ import annotations

import copy

import pytest
import torch
from torch.optim import SGD, Adam, Optimizer

from gan_doctor.core import ConfigError
from gan_doctor.nn import OptimisticAdam


def by_the_paper(gradients: list[float], lr: float, b1: float, b2: float, eps: float) -> float:
    """Algorithm 1 of Daskalakis 2018 on one number that starts at 0."""
    x = m = v = last = 0.0
    for t, g in enumerate(gradients, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        now = (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + eps)
        x, last = x - 2 * lr * now + lr * last, now
    return x


def test_steps_equal_the_algorithm_of_the_paper() -> None:
    gradients = torch.randn(9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
    optimizer = OptimisticAdam([x], lr=0.1, betas=(0.5, 0.9), eps=1e-6)
    for g in gradients:
        x.grad = g.clone()
        optimizer.step()
    expected = by_the_paper(gradients.tolist(), 0.1, 0.5, 0.9, 1e-6)
    assert x.item() == pytest.approx(expected, rel=1e-12)


def radius(make: type[Optimizer], **settings: object) -> float:
    """How far from its solution min over x, max over y of x y is after 4,000 steps, from 1 on."""
    x, y = (torch.nn.Parameter(torch.tensor(0.7, dtype=torch.float64)) for _ in range(2))
    players = [make([p], lr=0.01, **settings) for p in (x, y)]  # type: ignore[call-arg]
    for _ in range(4000):
        gx, gy = y.detach().clone(), -x.detach().clone()
        x.grad, y.grad = gx, gy
        for player in players:
            player.step()
    return float((x.detach() ** 2 + y.detach() ** 2).sqrt())


def test_a_bilinear_game_does_not_move_away_as_without_foresight() -> None:
    betas = (0.0, 0.999)
    assert radius(OptimisticAdam, betas=betas) < 0.5 * radius(Adam, betas=betas)
    assert radius(SGD) > 1.1


def test_a_saved_state_goes_on_bit_for_bit() -> None:
    torch.manual_seed(0)
    one = torch.nn.Linear(3, 2)
    first = OptimisticAdam(one.parameters(), lr=0.01)
    gradients = [torch.randn(2, 3) for _ in range(6)]

    def step(net: torch.nn.Linear, optimizer: Optimizer, g: torch.Tensor) -> None:
        net.weight.grad = g.clone()
        optimizer.step()

    for g in gradients[:3]:
        step(one, first, g)
    other = copy.deepcopy(one)
    second = OptimisticAdam(other.parameters(), lr=0.01)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for g in gradients[3:]:
        step(one, first, g)
        step(other, second, g)
    assert torch.equal(one.weight, other.weight)


@pytest.mark.parametrize("settings", [{"lr": 0.0}, {"betas": (1.0, 0.9)}])
def test_settings_out_of_range_are_refused_by_name(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))):
        OptimisticAdam([torch.nn.Parameter(torch.zeros(1))], **settings)  # type: ignore[arg-type]


def test_many_weights_equal_the_algorithm_on_each_of_them() -> None:
    random = torch.Generator().manual_seed(1)
    w, b = (torch.nn.Parameter(torch.zeros(n, dtype=torch.float64)) for n in (3, 2))
    optimizer = OptimisticAdam([{"params": [w]}, {"params": [b], "lr": 0.3}], lr=0.1)
    gradients = torch.randn(7, 5, generator=random, dtype=torch.float64)
    for g in gradients:
        w.grad, b.grad = g[:3].clone(), g[3:].clone()
        optimizer.step()
    expected = [
        by_the_paper(column.tolist(), 0.1 if i < 3 else 0.3, 0.5, 0.9, 1e-8)
        for i, column in enumerate(gradients.T)
    ]
    assert [*w.tolist(), *b.tolist()] == pytest.approx(expected, rel=1e-9)


def test_the_first_step_is_twice_that_of_adam() -> None:
    one, other = (torch.nn.Parameter(torch.zeros(4, dtype=torch.float64)) for _ in range(2))
    for p, make in ((one, OptimisticAdam), (other, Adam)):
        p.grad = torch.tensor([1.0, -2.0, 0.5, 0.0], dtype=torch.float64)
        make([p], lr=0.1, betas=(0.5, 0.9)).step()
    torch.testing.assert_close(one.detach(), 2 * other.detach())


def test_a_weight_without_a_gradient_stays_and_a_closure_gives_its_loss() -> None:
    moved, still = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = OptimisticAdam([moved, still], lr=0.1)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        total = moved.square().sum()
        total.backward()
        return total

    assert optimizer.step(loss) == 2
    assert torch.equal(still, torch.ones(2))
    assert (moved < 1).all()
