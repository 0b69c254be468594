from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.stats import (
    ar1_surrogates,
    autocorrelation,
    effective_sd_factor,
    fitted_ar1,
)

series = st.lists(st.integers(-50, 50).map(float), min_size=5, max_size=30).map(np.array)


@given(series, st.integers(1, 3))
def test_equals_a_naive_loop(x, lag):
    mean, n = sum(x) / len(x), len(x)
    power = sum((value - mean) ** 2 for value in x)
    product = sum((x[i] - mean) * (x[i + lag] - mean) for i in range(n - lag))
    assert autocorrelation(x, lag) == pytest.approx(product / power if power else 0.0)


def test_an_alternating_series_is_against_itself():
    x = np.array([1.0, -1.0] * 50)
    assert autocorrelation(x) == pytest.approx(-0.99)
    assert autocorrelation(x, 2) == pytest.approx(0.98)


@given(series, st.floats(0.1, 10), st.floats(-10, 10))
def test_scale_and_offset_change_nothing(x, scale, offset):
    assert autocorrelation(scale * x + offset) == pytest.approx(autocorrelation(x), abs=1e-6)


def test_gaps_are_left_out():
    x = ar1_surrogates(4000, 0.7, 1)[0]
    x[::5] = np.nan
    assert autocorrelation(x) == pytest.approx(0.7, abs=0.06)


@pytest.mark.parametrize("x", [[], [1.0, 2.0], [0.3] * 20, [np.nan] * 9, [np.inf] * 9])
def test_without_variance_nothing_correlates(x):
    assert autocorrelation(np.array(x)) == 0
    assert fitted_ar1(np.array([0.3] * 3)) == 0


@pytest.mark.parametrize("detrended", [False, True])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_the_fit_is_right_in_the_mean_where_the_plain_estimate_is_low(rho, detrended):
    lines = np.polynomial.polynomial.polyvander(np.linspace(-1, 1, 50), 1 if detrended else 0)
    series = ar1_surrogates(50, rho, 2000)
    series = series - (lines @ np.linalg.lstsq(lines, series.T, rcond=None)[0]).T
    fit = np.mean([fitted_ar1(x, detrended) for x in series])
    plain = np.mean([autocorrelation(x) for x in series])
    assert plain < rho
    assert abs(fit - rho) < 0.4 * abs(plain - rho) + 0.005


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_a_mean_errs_by_that_factor_more(rho):
    series = ar1_surrogates(2000, rho, 500)
    alone = series.std() / np.sqrt(2000)
    assert series.mean(1).std() / alone == pytest.approx(effective_sd_factor(rho), rel=0.1)


def test_a_random_walk_has_no_mean():
    assert effective_sd_factor(1.0) == np.inf
