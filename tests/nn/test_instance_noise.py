"""Instance noise: its law; its sd and its gradient are in test_schedules_and_limits.py."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import kstest

from gan_doctor.nn import annealed, instance_noise


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(6, 2), (3, 1, 4, 4), (5,)])
def test_noise_equals_a_draw_times_its_sd(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape, generator=random(1), dtype=torch.float64)
    drawn = torch.randn(shape, generator=random(2), dtype=torch.float64)
    torch.testing.assert_close(instance_noise(x, 0.3, random(2)), x + 0.3 * drawn)


def test_noise_is_normal_around_what_it_is_added_to_and_apart_in_each_number() -> None:
    x = torch.full((4_000, 2), 0.7, dtype=torch.float64)
    noise = (instance_noise(x, 0.2, random()) - x) / 0.2
    assert kstest(noise.flatten().numpy(), "norm").pvalue > 0.01
    assert abs(torch.corrcoef(noise.T)[0, 1].item()) < 0.05


def test_without_sd_nothing_changes_and_x_is_left_alone() -> None:
    x = torch.rand(4, 3, generator=random())
    before = x.clone()
    assert torch.equal(instance_noise(x, 0.0), x)
    instance_noise(x, 1.0)
    assert torch.equal(x, before)


def test_another_seed_gives_other_noise_and_the_global_one_repeats() -> None:
    x = torch.zeros(4, 3)
    assert not torch.equal(instance_noise(x, 1, random(1)), instance_noise(x, 1, random(2)))
    torch.manual_seed(5)
    once = instance_noise(x, 1)
    torch.manual_seed(5)
    assert torch.equal(once, instance_noise(x, 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_precision_stays(dtype: torch.dtype) -> None:
    assert instance_noise(torch.zeros(2, 2, dtype=dtype), 0.1).dtype == dtype


def test_annealing_may_last_longer_than_the_training() -> None:
    assert annealed(0.2, done=1.0, until=2.0) == pytest.approx(0.1)
    assert annealed(0.2, done=1.0, until=1.0) == 0
