"""A penalty that is logged and trains nothing is on record as a fact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from loops.gan_loops import Training, loss_of_d, loss_of_g, points
from torch import Tensor

import gan_doctor

Penalty = Callable[[Tensor, int], Any]


def penalised(penalty_of: Penalty, name: str = "penalty/d", to_float: bool = False) -> Any:
    def loop(t: Training, doctor: Any, steps: int) -> None:
        for i in range(steps):
            real = t.D(t.real())
            loss_d = loss_of_d(real, t.D(t.G(t.z()).detach()))
            penalty = penalty_of(real.square().mean(), i)
            t.step_d(loss_d + penalty)
            t.step_g(loss_of_g(t.D(t.G(t.z()))))
            doctor.step(loss_d=loss_d.item() if to_float else loss_d, scalars={name: penalty})

    return loop


def noted(run: Any) -> list[tuple[float, str]]:
    return [(e.step, e.detail["series"]) for e in run.events if e.kind == "detached"]


@pytest.mark.parametrize("name", ["penalty/d", "GP", "r1_penalty"])
def test_a_penalty_that_is_detached_is_noted_once(name, recorded):
    run = recorded(penalised(lambda p, _: p.detach(), name), steps=120)
    assert noted(run) == [(50, "penalty/d")]


def test_a_penalty_that_is_detached_before_it_is_squared_is_noted(recorded):
    run = recorded(penalised(lambda p, _: p.detach().square() + 1), steps=60)
    assert noted(run) == [(50, "penalty/d")]


def test_each_player_has_its_own(attach):
    with attach(points(), attach="manual") as doctor:
        loss = torch.ones((), requires_grad=True) * 2
        for _ in range(60):
            doctor.step(
                loss_d={"A": loss, "B": loss},
                scalars={"penalty/d": {"A": loss, "B": loss.detach()}},
            )
    (event,) = [e for e in gan_doctor.read(doctor.directory).events if e.kind == "detached"]
    assert (event.player, event.detail["series"]) == ("B", "penalty/d@B")


# Of which nothing is said

HEALTHY: dict[str, Any] = {
    "in the graph": penalised(lambda p, _: p),
    "lazy, a plain 0 in between": penalised(lambda p, i: p if i % 16 == 0 else 0 * p.detach()),
    "a number": penalised(lambda p, _: p.item()),
    "a loss that is a number too": penalised(lambda p, _: p.detach(), to_float=True),
    "another scalar": penalised(lambda p, _: p.detach(), name="my/number"),
}


@pytest.mark.parametrize("loop", HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_said_of(loop, recorded):
    assert noted(recorded(loop, steps=80)) == []
