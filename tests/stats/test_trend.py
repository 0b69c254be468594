from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, theilslopes

from gan_doctor.stats import sen_slope


def noisy(n: int, seed: int, slope: float = 0.0, digits: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(0.5, 2, n))
    return x, np.round(slope * x + rng.normal(size=n), digits)


@pytest.mark.parametrize("digits", [8, 0], ids=["distinct", "tied"])
@pytest.mark.parametrize("n", [8, 15, 40])
def test_agrees_with_scipy(n, digits):
    for seed in range(10):
        x, y = noisy(n, seed, 0.1, digits)
        ours, theirs = sen_slope(x, y), theilslopes(y, x, 0.95)
        assert ours.value == pytest.approx(theirs.slope)
        # SciPy rounds to the nearest rank, we to the next outer one.
        i, j = np.triu_indices(n, 1)
        slopes = np.sort((y[j] - y[i]) / (x[j] - x[i]))
        rank = np.searchsorted(slopes, theirs.low_slope, side="left")
        assert slopes[max(rank - 1, 0)] - 1e-12 <= ours.low <= theirs.low_slope + 1e-12
        rank = np.searchsorted(slopes, theirs.high_slope, side="right") - 1
        assert theirs.high_slope - 1e-12 <= ours.high <= slopes[min(rank + 1, len(slopes) - 1)]


def test_the_interval_holds_the_true_slope_as_often_as_it_says():
    held = [
        slope.low <= 0.3 <= slope.high
        for slope in (sen_slope(*noisy(12, seed, 0.3)) for seed in range(600))
    ]
    spread = norm.ppf(0.999) * np.sqrt(0.95 * 0.05 / len(held))
    assert 0.95 - spread <= np.mean(held) <= 0.985  # it errs on the wide side: ranks are whole


def test_a_straight_line_has_its_slope():
    x = np.array([1.0, 2.0, 4.0, 8.0, 9.0, 11.0])
    slope = sen_slope(x, 3 * x - 5)
    assert (slope.value, slope.low, slope.high) == pytest.approx((3, 3, 3))


def test_a_constant_has_none():
    slope = sen_slope(np.arange(10.0), np.full(10, 0.3))
    assert (slope.value, slope.low, slope.high) == (0, 0, 0)


def test_one_wild_value_moves_it_little():
    x = np.arange(20.0)
    y = 2 * x
    y[10] = 1e9
    assert sen_slope(x, y).value == pytest.approx(2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_left_out(bad):
    x, y = noisy(12, 0)
    holed = np.insert(y, 5, bad)
    assert sen_slope(np.insert(x, 5, (x[4] + x[5]) / 2), holed) == sen_slope(x, y)


def test_three_values_have_no_slope_and_four_no_bounds():
    x, y = noisy(4, 0)
    assert sen_slope(x[:3], y[:3]) is None
    slope = sen_slope(x, y)
    assert np.isfinite(slope.value)
    assert (slope.low, slope.high) == (-np.inf, np.inf)


def test_more_confidence_is_a_wider_interval():
    x, y = noisy(20, 1)
    narrow, wide = sen_slope(x, y, 0.5), sen_slope(x, y, 0.99)
    assert wide.low < narrow.low <= narrow.value <= narrow.high < wide.high
