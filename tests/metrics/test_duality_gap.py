from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from gan_doctor.core import ConfigError
from gan_doctor.metrics import duality_gap


class Shift(nn.Module):
    """G(z) = scale z + place."""

    def __init__(self, scale: float, place: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
        self.place = nn.Parameter(torch.tensor(place))

    def forward(self, z: Tensor) -> Tensor:
        return self.scale * z + self.place


def discriminator(constant: bool = False) -> nn.Module:
    D = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    if constant:
        nn.init.zeros_(D[2].weight)
        nn.init.zeros_(D[2].bias)
    return D


def draw(n: int) -> Tensor:
    return torch.randn(n, 1)


REAL = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))


def test_about_0_at_an_equilibrium():
    gap = duality_gap(Shift(1.0, 0.0), discriminator(constant=True), REAL, draw, 100, 1e-2)
    assert gap.item() == pytest.approx(0, abs=0.02)


def test_large_for_a_g_that_makes_one_point():
    point = duality_gap(Shift(1e-3, 0.3), discriminator(), REAL, draw, 200, 1e-2)
    assert point > 0.25
    far = duality_gap(Shift(1.0, 9.0), discriminator(), REAL, draw, 200, 1e-2)
    # D' tells all apart, and G' is told from the reals no better than by chance.
    assert far.item() > 0.6


def test_a_g_that_a_better_g_beats_shows_on_the_side_of_g():
    # G equals the data, but D believes in what lies to the right: G' goes there.
    D = nn.Linear(1, 1)
    with torch.no_grad():
        D.weight.fill_(1.0)
        D.bias.fill_(0.0)
    gap = duality_gap(Shift(1.0, 0.0), D, REAL, draw, 200, 1e-2)
    assert gap > 0.3


def test_the_search_of_d_equals_one_by_hand():
    # G has nothing to move, so that the lower term is the payoff as it is.
    G, D = nn.Identity(), nn.Linear(1, 1)
    real, z = torch.randn(8, 1) + 1, torch.randn(4, 1)
    calls: list[int] = []

    def draw_z(n: int) -> Tensor:
        calls.append(n)
        return z

    def payoff(D: nn.Module, x: Tensor) -> Tensor:
        return 0.5 * logsigmoid(D(x)).mean() + 0.5 * torch.log(1 - torch.sigmoid(D(z))).mean()

    best = nn.Linear(1, 1)
    best.load_state_dict(D.state_dict())
    optimizer = torch.optim.Adam(best.parameters(), lr=0.1)
    # Batches of one and the same real: what is drawn does not matter.
    same = real[:1].repeat(8, 1)
    for _ in range(5):
        optimizer.zero_grad()
        (-payoff(best, same[:4])).backward()
        optimizer.step()
    expected = payoff(best, same[4:]) - payoff(D, same[4:])
    gap = duality_gap(G, D, same, draw_z, steps=5, lr=0.1, batch=4)
    assert gap.item() == pytest.approx(expected.item(), abs=1e-5)
    assert calls == [4] * 6


def test_the_evaluation_is_on_the_half_that_the_steps_do_not_see():
    # In the first half fakes are far from the reals, in the other they are the same.
    real = torch.cat([torch.full((50, 1), 5.0), torch.zeros(50, 1)])
    args = (lambda n: torch.zeros(n, 1), 300, 1e-2)
    far_first = duality_gap(nn.Identity(), discriminator(constant=True), real, *args)
    near_first = duality_gap(nn.Identity(), discriminator(constant=True), real.flip(0), *args)
    assert far_first < -0.1
    assert abs(near_first) < 0.05


def everything(*modules: nn.Module) -> list[Tensor]:
    tensors = [x for m in modules for x in (*m.parameters(), *m.buffers())]
    return [x.detach().clone() for x in tensors]


def test_networks_and_random_numbers_stay_as_they_were():
    G = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    D = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(1, 4)), nn.Linear(4, 1))
    G[1].eval()
    D(G(draw(8))).sum().backward()
    gradients = [p.grad.clone() for p in (*G.parameters(), *D.parameters())]
    grads = [p.grad for p in (*G.parameters(), *D.parameters())]
    for p in D.parameters():
        p.requires_grad_(False)
    before, modes = everything(G, D), [m.training for m in (*G.modules(), *D.modules())]
    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002

    assert duality_gap(G, D, REAL, draw, 3).isfinite()

    assert all(torch.equal(a, b) for a, b in zip(before, everything(G, D), strict=True))
    assert [m.training for m in (*G.modules(), *D.modules())] == modes
    assert all(p.grad is g for p, g in zip((*G.parameters(), *D.parameters()), grads, strict=True))
    assert all(torch.equal(g, h) for g, h in zip(gradients, grads, strict=True))
    assert all(p.requires_grad for p in G.parameters())
    assert not any(p.requires_grad for p in D.parameters())
    assert torch.equal(torch.get_rng_state(), state[0])
    assert random.getstate() == state[1]
    assert (np.random.get_state()[1] == state[2]).all()  # noqa: NPY002


def test_a_graph_that_waits_for_its_backward_pass_still_runs():
    G = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    D = discriminator()
    loss = D(G(draw(8))).sum()
    duality_gap(G, D, REAL, draw, 2)
    loss.backward()
    assert all(p.grad is not None for p in G.parameters())


@pytest.mark.filterwarnings("ignore:.*spectral_norm:FutureWarning")
def test_a_network_that_keeps_what_it_has_computed_can_be_measured():
    # The older spectral norm leaves a weight with a graph, which a deep copy refuses.
    D = nn.Sequential(nn.utils.spectral_norm(nn.Linear(1, 4)), nn.Tanh(), nn.Linear(4, 1))
    D(REAL[:4])
    assert not D[0].weight.is_leaf
    kept = D[0].weight
    assert duality_gap(Shift(1.0, 0.0), D, REAL, draw, 2).isfinite()
    assert D[0].weight is kept


def test_a_discriminator_that_is_frozen_for_the_step_of_g_is_searched_all_the_same():
    D = discriminator()
    free = duality_gap(Shift(1e-3, 0.0), D, REAL, draw, 20, 1e-2)
    assert duality_gap(Shift(1e-3, 0.0), D.requires_grad_(False), REAL, draw, 20, 1e-2) == free
    # What is frozen in part stays so: the last layer alone finds less.
    D[2].requires_grad_(True)
    assert duality_gap(Shift(1e-3, 0.0), D, REAL, draw, 20, 1e-2) < free


def test_the_same_seed_gives_the_same_gap_whatever_the_global_state_and_autograd():
    G, D = Shift(0.5, 0.3), discriminator()
    first = duality_gap(G, D, REAL, draw, 5, seed=3)
    torch.manual_seed(99)
    with torch.no_grad():
        assert duality_gap(G, D, REAL, draw, 5, seed=3) == first
    assert duality_gap(G, D, REAL, draw, 5, seed=4) != first
    assert not first.requires_grad


def test_it_is_bounded_by_what_there_is_to_win_and_a_nan_is_passed_on():
    constant = discriminator(constant=True)
    gap = duality_gap(Shift(1.0, 50.0), constant, REAL, draw, 300, 1e-2)
    assert gap.item() == pytest.approx(math.log(2), abs=0.05)
    assert duality_gap(Shift(math.nan, 0.0), constant, REAL, draw, 2).isnan()


@pytest.mark.parametrize(("n", "steps", "batch"), [(1, 1, 1), (4, 0, 1), (4, 1, 0)])
def test_refuses_what_cannot_be_searched(n, steps, batch):
    with pytest.raises(ConfigError, match="duality gap needs"):
        duality_gap(Shift(1.0, 0.0), discriminator(), REAL[:n], draw, steps, batch=batch)
