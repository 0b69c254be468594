"""Between two flushes nothing waits for the device."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from loops.gan_loops import SEEN, Training, augmented, points
from torch.utils._python_dispatch import TorchDispatchMode

WAITING = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "unique2"}


class Waits(TorchDispatchMode):
    """Counts the operations that bring a value from the device to Python."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func.name().removeprefix("aten::").partition(".")[0] in WAITING
        return func(*args, **(kwargs or {}))


@pytest.fixture
def t() -> Training:
    t = points()
    for name, module in (("opt_g", t.G), ("opt_d", t.D)):
        setattr(t, name, torch.optim.SGD(module.parameters(), 1e-3))  # Adam itself waits on a CPU
    return t


def test_the_counter_counts():
    with Waits() as waits:
        torch.ones(()).item()
        float(torch.ones(3).sum())
    assert waits.count == 2


@pytest.mark.parametrize("loop", [*SEEN.values(), augmented], ids=lambda loop: loop.__name__)
def test_no_step_waits(loop, t, attach):
    doctor = attach(t, total_steps=100_000, sample_every=100_000)
    with Waits() as waits:
        loop(t, doctor, 49)
    assert waits.count == 0


def test_gathering_for_a_check_does_not_wait_either(t, attach):
    doctor = attach(t, total_steps=100_000, sample_every=50)
    with Waits() as waits:
        SEEN["plain"](t, doctor, 49)
    assert waits.count == 0


def test_a_flush_takes_what_it_wants_in_one_piece(t, attach):
    doctor = attach(t, total_steps=100_000, sample_every=100_000)
    SEEN["plain"](t, doctor, 60)  # with the first flush come facts that are learned once
    with Waits() as waits:
        SEEN["plain"](t, doctor, 60)
    assert waits.count == 0  # arrays are copied whole, not number by number
