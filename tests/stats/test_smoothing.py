from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.stats import ewma, trailing_median

values = st.lists(st.floats(-1e3, 1e3) | st.just(np.nan), max_size=30).map(np.array)


@given(values, st.floats(1, 50))
def test_equals_the_weighted_mean_of_what_came_before(x, span):
    decay = 1 - 2 / (span + 1)
    for i, smoothed in enumerate(ewma(x, span)):
        known = x[: i + 1][~np.isnan(x[: i + 1])]
        weights = decay ** np.arange(len(known))[::-1]
        expected = np.sum(weights * known) / np.sum(weights) if len(known) else np.nan
        np.testing.assert_allclose(smoothed, expected, rtol=1e-9, atol=1e-9)


@given(values, st.integers(0, 30))
def test_later_values_change_nothing(x, end):
    np.testing.assert_array_equal(ewma(x[:end], 5), ewma(x, 5)[:end])


def test_a_span_of_1_smooths_nothing():
    np.testing.assert_array_equal(ewma(np.array([3.0, 1.0, 2.0]), 1), [3, 1, 2])


def test_a_constant_stays_what_it_is_from_the_first_value_on():
    np.testing.assert_allclose(ewma(np.full(20, 7.0), 9), 7)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_skipped(bad):
    smoothed = ewma(np.array([bad, 1.0, bad, 3.0]), 3)
    np.testing.assert_allclose(smoothed, [np.nan, 1, 1, (0.5 + 3) / 1.5])


@given(values, st.integers(1, 12))
def test_a_trailing_median_is_that_of_the_last_values(x, width):
    for i, found in enumerate(trailing_median(x, width)):
        last = x[max(0, i + 1 - width) : i + 1]
        known = last[np.isfinite(last)]
        expected = np.median(known) if len(known) else np.nan
        np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_trailing_median_passes_over_what_is_not_finite(bad):
    np.testing.assert_array_equal(
        trailing_median(np.array([bad, 1.0, bad, 3.0]), 2), [np.nan, 1, 1, 3]
    )
