from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from gan_doctor.stats import ar1_surrogates, equivalent, mean_interval
from gan_doctor.stats.equivalence import _student


@pytest.mark.parametrize("freedom", [3, 4, 9, 30, 200])
@pytest.mark.parametrize("probability", [0.95, 0.975])
def test_students_quantile_agrees_with_scipy(freedom, probability):
    expected = student.ppf(probability, freedom)
    assert _student(probability, freedom) == pytest.approx(expected, rel=0.01)


def test_alternating_values_have_the_textbook_interval():
    x = np.array([1.0, 3.0] * 6)  # remembers nothing: its rho is below 0
    half = student.ppf(0.975, 11) * x.std(ddof=1) / np.sqrt(12)
    assert mean_interval(x) == pytest.approx((2 - half, 2 + half), rel=1e-3)


@pytest.mark.parametrize(
    ("n", "rho", "least"), [(10, 0.0, 0.93), (10, 0.8, 0.81), (40, 0.0, 0.93), (40, 0.8, 0.89)]
)
def test_the_interval_holds_the_true_mean_about_as_often_as_it_says(n, rho, least):
    held = [low <= 0 <= high for low, high in map(mean_interval, ar1_surrogates(n, rho, 600))]
    assert np.mean(held) > least


def test_a_difference_at_the_bound_is_shown_away_in_at_most_5_percent():
    series = 1.0 + 0.3 * np.random.default_rng(0).standard_normal((1000, 12))
    assert np.mean([equivalent(x, -1, 1, 0.9) for x in series]) < 0.07


def test_more_values_can_show_what_few_cannot():
    x = np.random.default_rng(0).standard_normal(400)
    assert not equivalent(x[:10], -0.3, 0.3)
    assert equivalent(x, -0.3, 0.3)


def test_one_bound_may_be_infinite():
    x = 0.2 + 0.01 * np.random.default_rng(0).standard_normal(20)
    assert equivalent(x, -np.inf, 0.75)
    assert not equivalent(x, 0.75, np.inf)


def test_a_constant_is_equal_to_itself():
    assert equivalent(np.full(5, 0.3), 0.29, 0.31)
    assert not equivalent(np.full(5, 0.3), 0.31, 0.4)


@pytest.mark.parametrize("x", [[], [0.0] * 3, [np.nan] * 9])
def test_too_few_values_show_nothing(x):
    assert mean_interval(np.array(x)) == (-np.inf, np.inf)
    assert not equivalent(np.array(x), -1, 1)


def test_what_is_not_finite_is_left_out():
    x = np.random.default_rng(0).standard_normal(20)
    assert mean_interval(np.insert(x, [3, 9], [np.nan, np.inf])) == mean_interval(x)
