from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from gan_doctor.monitor.reservoir import Reservoir


def numbers(first: int, last: int) -> torch.Tensor:
    return torch.arange(first, last).float()[:, None]


def held(reservoir: Reservoir) -> list[int]:
    return sorted(reservoir.samples.flatten().int().tolist())


def test_everything_is_held_until_it_is_full():
    reservoir = Reservoir(20)
    reservoir.offer(numbers(0, 12))
    assert held(reservoir) == [*range(12)]
    assert len(reservoir) == reservoir.seen == 12


def test_it_never_holds_more_than_its_capacity():
    reservoir = Reservoir(20)
    for i in range(50):
        reservoir.offer(numbers(7 * i, 7 * i + 7))
        assert len(reservoir) == min(20, 7 * i + 7)
    assert reservoir.seen == 350


def test_each_sample_seen_has_the_same_chance():
    count = np.zeros(100)
    for seed in range(600):
        reservoir = Reservoir(20, seed)
        for first in range(0, 100, 10):
            reservoir.offer(numbers(first, first + 10))
        count[held(reservoir)] += 1
    # 600 draws with a chance of .2: mean 120, sd 9.8.
    assert abs(count - 120).max() < 4 * 9.8
    assert 0.5 < count.var() / 96 < 1.6


def test_a_sample_is_held_once_however_often_it_comes():
    reservoir = Reservoir(50)
    for _ in range(40):
        reservoir.offer(numbers(0, 30))
    assert held(reservoir) == [*range(30)]


def test_over_many_epochs_it_stays_full_and_without_repeats():
    reservoir = Reservoir(20)
    for _ in range(30):
        reservoir.offer(numbers(0, 60)[torch.randperm(60)])
    assert len(set(held(reservoir))) == 20


def test_what_was_pushed_out_may_come_back():
    reservoir = Reservoir(5)
    reservoir.offer(numbers(0, 5))
    gone: set[int] = set()
    back: set[int] = set()
    for i in range(300):
        reservoir.offer(numbers(i % 10, i % 10 + 1))
        assert len(set(held(reservoir))) == len(reservoir) == 5
        back |= gone & set(held(reservoir))
        gone |= set(range(5)) - set(held(reservoir))
    assert back


def test_it_holds_copies():
    batch = numbers(0, 3)
    reservoir = Reservoir(5)
    reservoir.offer(batch)
    batch.zero_()
    assert held(reservoir) == [0, 1, 2]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.uint8, torch.float64])
def test_any_type_is_held_as_it_is(dtype):
    reservoir = Reservoir(5)
    reservoir.offer(numbers(0, 3).to(dtype))
    assert reservoir.samples.dtype == dtype


def test_its_random_numbers_are_its_own():
    before = torch.get_rng_state(), np.random.get_state()[2], random.getstate()  # noqa: NPY002
    draws = []
    for _ in range(2):
        reservoir = Reservoir(5)
        reservoir.offer(numbers(0, 100))
        draws.append(held(reservoir))
    assert draws[0] == draws[1]
    after = torch.get_rng_state(), np.random.get_state()[2], random.getstate()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
