from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.core import Key, Series
from gan_doctor.stats import latest_by_tick, mean_by_tick, median_by_tick

TICKS = np.array([10.0, 20.0, 30.0])


def series(steps: list[float], values: list[float]) -> Series:
    return Series(Key("loss/d"), np.array(steps, float), np.array(values, float))


numbers = st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf])
recorded = st.lists(st.tuples(st.integers(0, 40), numbers)).map(
    lambda rows: series([s for s, _ in sorted(rows, key=lambda r: r[0])], [v for _, v in rows])
)
ticks = st.lists(st.integers(0, 40), unique=True).map(lambda t: np.array(sorted(t), float))


@given(recorded, ticks)
def test_the_mean_equals_a_naive_loop(one, at):
    means, before = mean_by_tick(one, at), -np.inf
    for tick, mean in zip(at, means, strict=True):
        inside = one.values[(one.steps > before) & (one.steps <= tick)]
        with np.errstate(invalid="ignore"):
            expected = inside.mean() if len(inside) else np.nan
        np.testing.assert_allclose(mean, expected, rtol=1e-9, atol=1e-9)
        before = tick


@given(recorded, ticks)
def test_the_median_of_what_is_finite_equals_a_naive_loop(one, at):
    medians, before = median_by_tick(one, at), -np.inf
    for tick, median in zip(at, medians, strict=True):
        inside = one.values[(one.steps > before) & (one.steps <= tick)]
        inside = inside[np.isfinite(inside)]
        np.testing.assert_array_equal(median, np.median(inside) if len(inside) else np.nan)
        before = tick


def test_a_term_added_every_third_step_does_not_show_in_the_median():
    steps = list(range(1, 31))
    values = [1.0 + 5 * (step % 3 == 0) for step in steps]
    np.testing.assert_equal(median_by_tick(series(steps, values), TICKS), np.ones(3))


@given(recorded, ticks)
def test_the_latest_equals_a_naive_loop(one, at):
    for tick, latest in zip(at, latest_by_tick(one, at), strict=True):
        known = one.values[one.steps <= tick]
        np.testing.assert_equal(latest, known[-1] if len(known) else np.nan)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_shows_in_its_tick_and_in_no_other(bad):
    means = mean_by_tick(series([1, 11, 12, 21], [1, 2, bad, 3]), TICKS)
    np.testing.assert_equal(means, [1, bad, 3])


def test_opposite_infinities_are_not_a_number():
    assert np.isnan(mean_by_tick(series([1, 2], [np.inf, -np.inf]), TICKS)[0])


def test_what_comes_after_the_last_tick_does_not_count_yet():
    np.testing.assert_equal(mean_by_tick(series([30, 31], [1, 99]), TICKS), [np.nan, np.nan, 1])
    np.testing.assert_equal(latest_by_tick(series([30, 31], [1, 99]), TICKS), [np.nan, np.nan, 1])


@pytest.mark.parametrize("of", [mean_by_tick, median_by_tick, latest_by_tick])
@pytest.mark.parametrize("nothing", [None, series([], [])])
def test_without_values_there_is_nothing_at_any_tick(of, nothing):
    np.testing.assert_equal(of(nothing, TICKS), np.full(3, np.nan))
    assert of(nothing, np.array([])).shape == (0,)
