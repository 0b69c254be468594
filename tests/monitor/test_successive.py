"""The angle between the gradients of two successive steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from loops.gan_loops import Training, loss_of_d, loss_of_g, plain
from torch import Tensor, nn

from gan_doctor.metrics import cosine
from gan_doctor.monitor.players import Players, Stepped
from gan_doctor.monitor.successive import COORDINATES, Successive


def stepped_d(D: nn.Module) -> Stepped:
    (stepped,) = Players(nn.Linear(1, 1), D).stepped_by(torch.optim.SGD(D.parameters(), 0.1))
    return stepped


def give_gradients(module: nn.Module, seed: int, like: list[Tensor] | None = None) -> list[Tensor]:
    """Random gradients, half of them those of `like`."""
    random = torch.Generator().manual_seed(seed)
    for i, p in enumerate(module.parameters()):
        p.grad = torch.randn(p.shape, generator=random)
        if like is not None:
            p.grad += like[i]
    return [p.grad.clone() for p in module.parameters()]


def cosine_of(pair: Tensor | None) -> float:
    assert pair is not None
    return torch.nn.functional.cosine_similarity(pair[0], pair[1], dim=0).item()


def test_of_a_small_network_the_angle_is_exact():
    D = nn.Sequential(nn.Linear(7, 11), nn.Linear(11, 1))
    stepped, successive = stepped_d(D), Successive()
    first = give_gradients(D, 0)
    assert successive.pair(stepped) is None
    second = give_gradients(D, 1, first)
    assert cosine_of(successive.pair(stepped)) == pytest.approx(cosine(first, second).item(), 1e-5)


def test_of_a_large_network_a_bounded_sample_of_all_its_layers_is_compared():
    D = nn.Sequential(*(nn.Linear(256, 256) for _ in range(4)))
    stepped, successive = stepped_d(D), Successive()
    first = give_gradients(D, 0)
    successive.pair(stepped)
    second = give_gradients(D, 1, first)
    pair = successive.pair(stepped)
    assert COORDINATES / 2 < pair.shape[1] <= COORDINATES
    assert cosine_of(pair) == pytest.approx(cosine(first, second).item(), abs=0.05)
    layers = {id(piece.parameter) for piece in successive._pieces[stepped.player]}
    assert len(layers) >= 4  # every weight, and whatever biases the spacing meets


def test_what_is_held_is_a_copy():
    D = nn.Linear(3, 1)
    stepped, successive = stepped_d(D), Successive()
    give_gradients(D, 0)
    successive.pair(stepped)
    before = D.weight.grad.flatten().clone()
    D.weight.grad.zero_()
    assert torch.equal(successive.pair(stepped)[0, :3], before)


def test_steps_with_another_between_them_are_not_compared():
    D = nn.Linear(3, 1)
    stepped, successive = stepped_d(D), Successive()
    give_gradients(D, 0)
    successive.pair(stepped)
    successive.forget(stepped)
    assert successive.pair(stepped) is None


def test_of_a_network_that_two_optimizers_step_the_parts_are_not_mixed():
    D = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    players, successive = Players(nn.Linear(1, 1), D), Successive()
    first, second = (players.stepped_by(torch.optim.SGD(part.parameters(), 0.1))[0] for part in D)
    give_gradients(D, 0)
    assert [successive.pair(part) for part in (first, second)] == [None, None]
    assert cosine_of(successive.pair(first)) == pytest.approx(1)
    assert successive.pair(second) is None


def test_a_gradient_that_is_not_there_is_not_compared():
    D = nn.Linear(3, 1)
    stepped, successive = stepped_d(D), Successive()
    assert successive.pair(stepped) is None
    give_gradients(D, 0)
    assert successive.pair(stepped) is None
    D.weight.grad = None
    assert successive.pair(stepped) is None
    give_gradients(D, 0)
    assert successive.pair(stepped) is None
    assert successive.pair(stepped) is not None


# On record


def test_what_is_recorded_is_the_angle_of_the_whole_gradient(recorded):
    true: dict[str, list[float]] = {"g": [], "d": []}

    def listening(t: Training, doctor: Any, steps: int) -> None:
        before: dict[str, list[Tensor]] = {}

        def listen(role: str, module: nn.Module) -> None:
            now = [p.grad.clone() for p in module.parameters()]
            if role in before:
                true[role].append(cosine(before[role], now).item())
            before[role] = now

        t.opt_g.register_step_pre_hook(lambda *_: listen("g", t.G))
        t.opt_d.register_step_pre_hook(lambda *_: listen("d", t.D))
        plain(t, doctor, steps)

    run = recorded(listening)
    for role in "gd":
        series = run.get(f"gradient/{role}/cosine")
        assert series.steps.tolist() == list(range(2, 31))
        np.testing.assert_allclose(series.values, true[role], atol=1e-4)


def test_it_is_read_early_and_then_beside_each_tick(recorded):
    steps = recorded(steps=220, sample_every=10_000).get("gradient/g/cosine").steps
    assert steps.tolist() == [*range(2, 103), 152, 202]


def test_several_d_steps_in_a_generator_step_follow_upon_each_other(recorded):
    def three(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            for _ in range(3):
                t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step()

    steps = recorded(three, steps=160, sample_every=10_000).get("gradient/d/cosine").steps
    assert steps.tolist() == [*range(1, 103), 151, 152]


def test_a_gradient_that_is_zero_has_no_angle(recorded):
    def frozen(t: Training, doctor: Any, steps: int) -> None:
        for _ in range(steps):
            t.step_d(loss_of_d(t.D(t.real()), t.D(t.G(t.z()).detach())))
            loss_of_g(t.D(t.G(t.z()))).backward()
            t.opt_g.zero_grad(set_to_none=False)
            t.opt_g.step()
            doctor.step()

    run = recorded(frozen)
    assert run.get("gradient/g/cosine") is None
    assert run.get("gradient/d/cosine") is not None
    assert (run.get("update/g").values == 0).all()
