from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, norm, rankdata

from gan_doctor.stats import ar1_surrogates, mann_kendall, sen_slope
from gan_doctor.stats.mann_kendall import mean_ranks


def by_a_loop(y, hamed_rao=False):
    """(S, variance) pair by pair, tie by tie and lag by lag."""
    n = len(y)
    s = sum(np.sign(y[j] - y[i]) for i in range(n) for j in range(i + 1, n))
    variance = n * (n - 1) * (2 * n + 5) / 18
    for value in set(y):
        t = list(y).count(value)
        variance -= t * (t - 1) * (2 * t + 5) / 18
    if not hamed_rao:
        return s, variance
    x = np.arange(float(n))
    ranks = rankdata(y - sen_slope(x, y).value * x)
    centred = ranks - ranks.mean()
    total = 0.0
    for lag in range(1, n):
        pairs = [centred[t] * centred[t + lag] for t in range(n - lag)]
        rho = sum(pairs) / sum(centred**2)
        if abs(rho) >= norm.ppf(0.975) / np.sqrt(n):
            total += (n - lag) * (n - lag - 1) * (n - lag - 2) * rho
    return s, variance * max(1, 1 + 2 / (n * (n - 1) * (n - 2)) * total)


@pytest.mark.parametrize("hamed_rao", [False, True])
@pytest.mark.parametrize("digits", [8, 0], ids=["distinct", "tied"])
@pytest.mark.parametrize("n", [4, 9, 30])
def test_equals_a_naive_loop(n, digits, hamed_rao):
    for rho in (0.0, 0.8):
        for y in np.round(ar1_surrogates(n, rho, 5), digits):
            trend = mann_kendall(y, hamed_rao)
            assert (trend.s, trend.variance) == pytest.approx(by_a_loop(y, hamed_rao))


def test_agrees_with_scipys_tau():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(60) + np.arange(60) / 40
    tau = kendalltau(np.arange(60), y, method="asymptotic")
    trend = mann_kendall(y)
    assert trend.s == pytest.approx(tau.statistic * 60 * 59 / 2)
    # SciPy leaves out the correction by 1.
    assert 2 * norm.sf(trend.s / np.sqrt(trend.variance)) == pytest.approx(tau.pvalue)


def test_ranks_agree_with_scipy():
    y = np.array([3.0, 1.0, 3.0, 2.0, 2.0, 2.0, 9.0])
    np.testing.assert_array_equal(mean_ranks(y), rankdata(y))


def test_noise_rises_in_as_many_series_as_the_test_says():
    p = np.array([mann_kendall(y).p for y in ar1_surrogates(30, 0.0, 1000)])
    assert 0.03 < np.mean(p < 0.05) < 0.07


def test_noise_that_remembers_needs_the_correction():
    series = ar1_surrogates(60, 0.7, 300)
    plain, corrected = (
        np.mean([mann_kendall(y, correct).p < 0.05 for y in series]) for correct in (False, True)
    )
    assert plain > 0.25
    assert corrected < 0.7 * plain


def test_the_correction_never_narrows():
    for y in ar1_surrogates(20, -0.8, 20):
        assert mann_kendall(y, True).variance >= mann_kendall(y).variance


def test_a_rising_line_is_certain_and_a_falling_one_its_mirror():
    up, down = mann_kendall(np.arange(20.0)), mann_kendall(-np.arange(20.0))
    assert up.z == -down.z > 5
    assert up.p == down.p < 1e-6


def test_any_rising_curve_through_the_values_gives_the_same():
    y = np.random.default_rng(1).uniform(0, 3, 25)
    assert mann_kendall(np.exp(y)) == mann_kendall(y)


@pytest.mark.parametrize("correct", [False, True])
def test_a_constant_has_no_trend(correct):
    trend = mann_kendall(np.full(12, 0.3), correct)
    assert (trend.s, trend.z, trend.p) == (0, 0, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_left_out(bad):
    y = np.random.default_rng(2).standard_normal(12)
    assert mann_kendall(np.insert(y, 5, bad)) == mann_kendall(y)
    assert mann_kendall(np.full(12, bad)) is None
    assert mann_kendall(y[:3]) is None
