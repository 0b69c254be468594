"""How far the real batches lie apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from loops.gan_loops import Training, plain, points
from torch import Tensor

from gan_doctor.monitor.batch_spread import BATCHES, BatchSpread


def shuffled(n: int, size: int = 32, seed: int = 0) -> list[Tensor]:
    random = torch.Generator().manual_seed(seed)
    return list(torch.randn(n, size, 3, 4, generator=random))


def spread_of(batches: list[Tensor]) -> float | None:
    spread = BatchSpread()
    for batch in batches:
        spread.offer(batch)
    return spread.value()


def by_hand(batches: list[Tensor], directions: Tensor) -> float:
    ratios = []
    for direction in directions.T:
        along = np.array([[float(x.flatten() @ direction) for x in batch] for batch in batches])
        size = along.shape[1]
        within = np.mean([np.var(row, ddof=1) for row in along])
        between = np.var([row.mean() for row in along], ddof=1)
        ratios.append(size * between / within)
    return float(np.mean(ratios))


def test_it_is_the_f_ratio_averaged_over_directions():
    batches, spread = shuffled(9, 5), BatchSpread()
    for batch in batches:
        spread.offer(batch)
    directions = spread._directions
    torch.testing.assert_close(directions.norm(dim=0), torch.ones(16))
    assert spread.value() == pytest.approx(by_hand(batches, directions), rel=1e-4)


def test_shuffled_batches_give_1_on_average():
    found = [spread_of(shuffled(8, seed=seed)) for seed in range(100)]
    assert np.mean(found) == pytest.approx(1, abs=0.05)
    assert max(found) < 3


def test_sorted_batches_lie_far_apart():
    batches = [batch + (i % 4) for i, batch in enumerate(shuffled(12))]
    assert spread_of(batches) > 10


def test_a_scale_or_an_offset_of_all_the_data_changes_nothing():
    batches = [batch + i / 8 for i, batch in enumerate(shuffled(10))]
    once = spread_of(batches)
    assert spread_of([255 * batch + 7 for batch in batches]) == pytest.approx(once, rel=1e-3)


def test_only_batches_of_the_commonest_size_count():
    batches = shuffled(9)
    shorter = [batch[:5] + 100 for batch in shuffled(3)]
    assert spread_of([*batches[:4], *shorter, *batches[4:]]) == spread_of(batches)


def test_the_latest_batches_count():
    batches = shuffled(BATCHES + 5)
    strange = [batch + 100 for batch in batches[:5]]
    assert spread_of(strange + batches[5:]) == spread_of(batches[5:])


@pytest.mark.parametrize("n", [0, 7])
def test_few_batches_say_nothing(n):
    assert spread_of(shuffled(n)) is None


def test_samples_that_are_all_alike_and_batches_of_one_say_nothing():
    assert spread_of([torch.ones(8, 3)] * 10) is None
    assert spread_of(shuffled(20, size=1)) is None


def test_of_large_samples_a_part_is_looked_at():
    spread = BatchSpread()
    spread.offer(torch.randn(4, 3, 100, 100))
    assert len(spread._directions) <= 4096


def test_no_random_number_is_used_up():
    state = torch.get_rng_state()
    spread_of(shuffled(8))
    assert torch.equal(torch.get_rng_state(), state)


# On record


def in_order(t: Training) -> Training:
    """Draws the ring mode by mode."""
    t.data = t.data[torch.arange(512).reshape(64, 8).T.flatten()]
    place = [0]

    def real() -> Tensor:
        place[0] = (place[0] + t.batch) % 512
        return t.data.roll(-place[0], 0)[: t.batch]

    t.real = real  # type: ignore[method-assign]
    return t


def test_data_that_comes_sorted_is_on_record_at_each_check(recorded):
    run = recorded(t=in_order(points()), steps=80)
    spread = run.get("batch/spread")
    assert spread.steps.tolist() == run.get("sample/recall").steps.tolist()
    assert (spread.values > 10).all()


def test_data_that_is_shuffled_stays_near_1(recorded):
    values = recorded(steps=100).get("batch/spread").values
    assert len(values) >= 4
    assert (values < 2).all()


def test_what_a_person_passes_drives_out_what_was_seen(recorded):
    def observed(t: Training, doctor: Any, steps: int) -> None:
        plain(t, doctor, 10)
        for _ in range(steps - 10):
            doctor.observe(real=t.real() + 50)
            plain(t, doctor, 1)

    run = recorded(observed, steps=60)
    assert (run.get("batch/spread").values < 2).all()
