from __future__ import annotations

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.nn import flipped, noisy_labels


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_noisy_labels_are_uniform_and_cut_off_at_1() -> None:
    plain, cut = noisy_labels(20_000, 0.8, 1.0, random()), noisy_labels(20_000, 0.7, 1.2, random())
    assert plain.min() >= 0.8
    assert plain.mean().item() == pytest.approx(0.9, abs=2e-3)
    assert cut.max() == 1
    assert (cut == 1).float().mean().item() == pytest.approx(0.4, abs=0.01)


def test_flips_swap_targets_with_their_probability_and_apart_on_each_side() -> None:
    real, fake = flipped(torch.ones(20_000), torch.zeros(20_000), 0.1, random())
    swapped_real, swapped_fake = real == 0, fake == 1
    assert swapped_real.float().mean().item() == pytest.approx(0.1, abs=0.01)
    assert swapped_fake.float().mean().item() == pytest.approx(0.1, abs=0.01)
    both = (swapped_real & swapped_fake).float().mean().item()
    assert both == pytest.approx(0.01, abs=0.004)


def test_without_probability_nothing_is_flipped_and_a_seed_repeats() -> None:
    real, fake = torch.full((64,), 0.9), torch.zeros(64)
    assert torch.equal(flipped(real, fake, 0, random())[0], real)
    once, twice = (flipped(real, fake, 0.4, random(3)) for _ in range(2))
    assert torch.equal(once[0], twice[0])
    assert set(once[0].unique().tolist()) == {0.0, real[0].item()}


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (0.9, 0.8), (1.1, 1.2)])
def test_bounds_out_of_range_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="low must lie in"):
        noisy_labels(2, *bounds)


def test_flips_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"p must lie in \[0, 0.5\), got 0.5"):
        flipped(torch.ones(2), torch.zeros(2), 0.5)
    with pytest.raises(ConfigError, match="got 2 and 3"):
        flipped(torch.ones(2), torch.zeros(3))


def test_noisy_labels_equal_their_formula_and_a_seed_repeats() -> None:
    drawn = torch.rand(50, generator=random(3))
    expected = [min(1.0, 0.7 + 0.5 * u) for u in drawn.tolist()]
    once, twice = (noisy_labels(50, 0.7, 1.2, random(3)) for _ in range(2))
    assert once.tolist() == pytest.approx(expected)
    assert torch.equal(once, twice)
    assert noisy_labels(3, 1.0, 1.0).tolist() == [1, 1, 1]


def test_a_flip_takes_the_target_of_the_same_place_and_leaves_what_it_was_given() -> None:
    real, fake = torch.arange(200.0), -torch.arange(200.0) - 1
    on_real, on_fake = flipped(real, fake, 0.4, random())
    assert ((on_real == real) | (on_real == fake)).all()
    assert ((on_fake == real) | (on_fake == fake)).all()
    assert torch.equal(real, torch.arange(200.0))
