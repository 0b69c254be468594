from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.stats import cusum, page_hinkley

series = st.lists(st.floats(-1e3, 1e3) | st.just(np.nan), max_size=40).map(np.array)


@given(series)
def test_cusum_equals_a_naive_loop(x):
    up = down = 0.0
    sums = cusum(x, 2.0, 3.0, 0.5)
    for i, value in enumerate(x):
        if np.isfinite(value):
            up = max(0, up + (value - 2) / 3 - 0.5)
            down = max(0, down - (value - 2) / 3 - 0.5)
        np.testing.assert_allclose([sums.up[i], sums.down[i]], [up, down], atol=1e-8)


@given(series)
def test_page_hinkley_equals_a_naive_loop(x):
    seen: list[float] = []
    total, lowest = 0.0, np.inf
    for i, value in enumerate(page_hinkley(x, 0.1)):
        if np.isfinite(x[i]):
            seen.append(x[i])
            total += x[i] - np.mean(seen) - 0.1
        lowest = min(lowest, total)
        np.testing.assert_allclose(value, total - lowest, atol=1e-8)


@given(series, st.integers(0, 40))
def test_later_values_change_nothing(x, end):
    whole, part = cusum(x, 0, 1), cusum(x[:end], 0, 1)
    np.testing.assert_array_equal(part.up, whole.up[:end])
    np.testing.assert_array_equal(part.down, whole.down[:end])
    np.testing.assert_array_equal(page_hinkley(x[:end]), page_hinkley(x)[:end])


@pytest.mark.parametrize(("limit", "length", "count"), [(5, 938, 1500), (3, 118, 1500)])
def test_one_false_alarm_comes_as_seldom_as_siegmund_says(limit, length, count):
    """The limit 3 from the same formula: (e^(2kb) - 1 - 2kb) / 2k^2 with b = h + 1.166."""
    b = limit + 1.166
    assert 2 * (np.exp(b) - 1 - b) == pytest.approx(length, rel=0.01)
    rng = np.random.default_rng(0)
    waits = []
    for _ in range(count):
        reached = cusum(rng.standard_normal(12 * length), 0, 1).up >= limit
        waits.append(np.argmax(reached) + 1 if reached.any() else len(reached))
    assert np.mean(waits) == pytest.approx(length, rel=0.08)  # three sds of the mean


def test_a_shift_is_found_soon_and_on_its_side_only():
    rng = np.random.default_rng(1)
    x = rng.standard_normal(400)
    x[200:] += 1.5
    sums = cusum(x, 0, 1)
    assert sums.up[:200].max() < 8
    assert 200 < np.argmax(sums.up >= 8) < 225
    assert sums.down.max() < 8
    found = np.argmax(page_hinkley(x) > 20)
    assert 200 < found < 240


def test_mean_and_sd_are_those_of_the_series_when_well():
    x = np.random.default_rng(2).standard_normal(50)
    np.testing.assert_allclose(cusum(7 + 3 * x, 7, 3).up, cusum(x, 0, 1).up, atol=1e-12)
