from __future__ import annotations

import copy
import gc
import sys
import weakref

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from gan_doctor.monitor.untrained_copy import has_copy


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.body(z)


@pytest.fixture(autouse=True)
def alone() -> None:
    """No G of another test is left."""
    gc.collect()


def train(*networks: nn.Module, optimizer: type = torch.optim.Adam) -> torch.optim.Optimizer:
    """One step of one optimizer over the networks, their gradients cleared after it."""
    stepper = optimizer([p for network in networks for p in network.parameters()], lr=1e-3)
    sum(network(torch.randn(3, 4)).sum() for network in networks).backward()
    stepper.step()
    stepper.zero_grad()
    return stepper


def test_a_g_alone_has_none():
    G = Generator()
    _keep = train(G)
    assert not has_copy(G)


AVERAGES = {
    "a deep copy": copy.deepcopy,
    "without gradients": lambda G: copy.deepcopy(G).requires_grad_(False).eval(),
    "swa_utils": AveragedModel,
    "of a parallel G": lambda G: AveragedModel(nn.DataParallel(G)),
    "built anew": lambda G: (new := Generator()).load_state_dict(G.state_dict()) and new,
    "in double precision": lambda G: copy.deepcopy(G).double(),
}


@pytest.mark.parametrize("average", AVERAGES.values(), ids=AVERAGES)
def test_an_average_is_found(average):
    G = Generator()
    ema = average(G)
    _keep = train(G)
    assert has_copy(G)
    assert has_copy(nn.DataParallel(G))
    del ema
    gc.collect()
    assert not has_copy(G)


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD])
def test_a_twin_that_is_trained_is_no_copy(optimizer):
    G, twin = Generator(), Generator()
    _keep = train(G), train(twin, optimizer=optimizer)
    assert all(p.grad is None for p in twin.parameters())
    assert not has_copy(G)
    assert not has_copy(twin)


def test_twins_under_one_optimizer_of_ones_own_are_no_copies():
    class Mine(torch.optim.SGD):
        pass

    G, twin = Generator(), Generator()
    _keep = train(G, twin, optimizer=Mine)
    assert not has_copy(G)


def test_a_twin_with_gradients_and_no_optimizer_is_no_copy():
    G, twin = Generator(), Generator()
    twin(torch.randn(3, 4)).sum().backward()
    assert not has_copy(G)


def test_a_d_of_the_same_class_is_no_copy_of_g():
    G = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    D = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    assert not has_copy(G)
    assert not has_copy(D)


def test_another_network_around_or_in_the_same_parameters_is_no_copy():
    G = nn.Sequential(nn.Sequential(nn.Linear(4, 7)))
    shallow = copy.copy(G)
    assert shallow[0] is G[0]
    assert not has_copy(G)
    assert not has_copy(G[0])


def test_without_parameters_nothing_can_be_told():
    G, other = nn.Tanh(), nn.Tanh()
    assert type(other) is type(G)
    assert not has_copy(G)


def test_a_network_that_has_seen_no_batch_yet_is_passed_over():
    G, other = (nn.Sequential(nn.LazyLinear(3)) for _ in range(2))
    assert not has_copy(G)
    G(torch.zeros(2, 5))
    assert not has_copy(G)
    other(torch.zeros(2, 5))
    assert has_copy(G)


def test_no_code_of_what_is_found_is_run():
    asked: list[str] = []

    class Touchy(nn.Module):
        __hash__ = nn.Module.__hash__

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3))

        def __getattribute__(self, name: str) -> object:
            if id(self) == watched:
                asked.append(name)
            return super().__getattribute__(name)

        def __eq__(self, other: object) -> bool:
            asked.append("__eq__")
            return self is other

    watched = 0
    G, ema = Touchy(), Touchy()
    watched = id(ema)
    assert has_copy(G)
    assert asked == []
    assert ema.weight is not None
    assert "weight" in asked


def test_nothing_is_held_on_to():
    G = Generator()
    ema = copy.deepcopy(G)
    references, gone = sys.getrefcount(ema), weakref.ref(ema)
    assert has_copy(G)
    assert sys.getrefcount(ema) == references
    gc.disable()
    try:
        del ema
        assert gone() is None
    finally:
        gc.enable()
