from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_doctor.metrics import border_distance, outside, unreached, value_distance, values

ALL = (value_distance, border_distance, outside, unreached)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def framed(images: Tensor) -> Tensor:
    images = images.clone()
    for side in (0, -1):
        images[..., side, :] = images[..., side] = 1
    return images


@pytest.fixture
def halves(mnist) -> tuple[Tensor, Tensor]:
    return mnist[0][:512], mnist[0][512:1024]


def slow_distance(real: np.ndarray, fake: np.ndarray, low: float, high: float, bins: int) -> float:
    shares = np.zeros((2, bins))
    for side, values_ in enumerate((real.ravel(), fake.ravel())):
        for value in values_:
            place = (value - low) / (high - low) * (bins - 1)
            for b in range(bins):
                shares[side, b] += max(0, 1 - abs(place - b)) / values_.size
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


@pytest.mark.parametrize("bins", [2, 7, 64])
@pytest.mark.parametrize("size", [(4, 5), (1, 3), (2, 2), (3, 3)])
def test_distances_equal_a_loop_over_values_and_bins(bins, size):
    real, fake = noise(3, 2, *size), 0.5 * noise(5, 2, *size, seed=1) + 1
    r, f = real.double().numpy(), fake.double().numpy()
    low, high = min(r.min(), f.min()), max(r.max(), f.max())
    expected = slow_distance(r, f, low, high, bins)
    assert value_distance(real, fake, bins).item() == pytest.approx(expected, abs=1e-5)
    ring = np.ones(size, bool)
    ring[1:-1, 1:-1] = False
    expected = slow_distance(r[..., ring], f[..., ring], low, high, bins)
    assert border_distance(real, fake, bins).item() == pytest.approx(expected, abs=1e-5)


def test_shares_equal_a_count():
    real, fake = noise(50, 1, 4, 4), 1.5 * noise(40, 1, 4, 4, seed=1)
    r, f = real.numpy(), fake.numpy()
    slack = 0.1 * (r.max() - r.min())
    beyond = ((f < r.min() - slack) | (f > r.max() + slack)).mean()
    assert 0 < beyond < 1
    assert outside(real, fake, 0.1).item() == pytest.approx(beyond)
    slack = 0.02 * (f.max() - f.min())
    beyond = ((f < r.min() - slack) | (f > r.max() + slack)).mean()
    assert unreached(fake, real).item() == pytest.approx(beyond)


def test_nothing_differs_between_halves_of_the_reals(halves):
    assert value_distance(*halves) < 0.01
    assert border_distance(*halves) < 0.01
    assert outside(*halves) == 0
    assert unreached(*halves) == 0


def test_a_tanh_that_comes_to_0999_only_makes_no_difference(halves):
    real, fake = halves[0], 0.999 * halves[1]
    assert value_distance(real, fake) < 0.05
    assert border_distance(real, fake) < 0.05
    assert outside(real, fake) == 0
    assert unreached(real, fake) == 0


@pytest.mark.parametrize("atom", [-1.0, 0.0, 1.0, 0.25])
def test_no_value_sits_on_an_edge_between_bins(atom):
    real = torch.tensor([-1.0, 1.0, atom, atom]).repeat(16).reshape(1, 1, 8, 8)
    fake = torch.where(real == atom, real + 1e-4, real)
    assert value_distance(real, fake) < 0.01


def test_the_unit_range_beside_a_tanh_shows(halves):
    real, fake = halves
    assert unreached(real, (fake + 1) / 2) > 0.8
    assert outside(real, (fake + 1) / 2) == 0
    assert outside((real + 1) / 2, fake) > 0.8
    assert unreached((real + 1) / 2, fake) == 0
    assert value_distance(real, (fake + 1) / 2) > 0.8


def test_a_frame_shows_at_the_border_and_hardly_elsewhere(halves):
    real, fake = framed(halves[0]), halves[1]
    assert border_distance(real, fake) > 0.95
    assert value_distance(real, fake) < 0.2
    assert outside(real, fake) + unreached(real, fake) == 0


def test_a_border_of_one_value_is_held_against_the_range_of_all_pixels():
    real, fake = torch.zeros(8, 1, 6, 6), torch.zeros(8, 1, 6, 6)
    real[..., 3, 3], fake[..., 3, 3] = 1, 1
    fake[..., 0, 0] = 0.001
    assert border_distance(real, fake) < 0.01


def test_distances_do_not_tell_the_sides_apart_nor_scale_nor_order(digits):
    real, fake = digits[0][:200], 0.7 * digits[0][200:300] + 0.1
    for measure in (value_distance, border_distance):
        expected = measure(real, fake)
        torch.testing.assert_close(measure(fake, real), expected)
        changed = measure(100 * real.flip(0) + 7, 100 * fake + 7)
        torch.testing.assert_close(changed, expected, rtol=1e-3, atol=1e-4)
    for measure in (outside, unreached):
        changed = measure(100 * real.flip(0) + 7, 100 * fake + 7)
        torch.testing.assert_close(changed, measure(real, fake))


def test_constant_images_can_be_measured():
    grey = torch.full((2, 1, 4, 4), 0.5)
    for measure in ALL:
        assert measure(grey, grey) == 0
    assert value_distance(grey, grey + 1) == 1


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_values_that_are_not_finite_give_no_number(measure, bad, side):
    images = [noise(4, 1, 4, 4), noise(4, 1, 4, 4, seed=1)]
    images[side][2, 0, 1, 1] = bad
    assert measure(*images).isnan()


@pytest.mark.parametrize("measure", ALL)
def test_many_draws_at_once_equal_a_loop(measure, monkeypatch):
    real = noise(24, 2, 6, 5).unflatten(0, (3, 2, 4))
    fake = 1.3 * noise(30, 2, 6, 5, seed=1).unflatten(0, (3, 2, 5))
    together = measure(real, fake)
    assert together.shape == (3, 2)
    torch.testing.assert_close(together[2, 1], measure(real[2, 1], fake[2, 1]))
    monkeypatch.setattr(values, "_AT_A_TIME", 7)
    torch.testing.assert_close(measure(real, fake), together)
