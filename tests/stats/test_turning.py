from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.stats import TurningPoints, ar1_surrogates, ewma, turning_points, turns_beyond_noise
from gan_doctor.stats.turning import _turns

walks = st.lists(st.integers(-5, 5), max_size=40).map(lambda steps: np.cumsum(steps).astype(float))


def by_recursion(x, prominence):
    """Splits the series at its confirmed turns, looking for one reversal after the other."""
    found: list[tuple[int, str]] = []

    def reversal(start, falling):
        """The first place where the curve has gone back by the prominence, and its extreme."""
        best = start
        for i in range(start, len(x)):
            ahead = x[i] < x[best] if falling else x[i] > x[best]
            best = i if ahead else best
            if abs(x[i] - x[best]) >= prominence:
                return best, i
        return None

    first = next(
        (i for i in range(len(x)) if np.ptp(x[: i + 1]) >= prominence),
        None,
    )
    if first is None:
        return found
    falling, place = x[first] == min(x[: first + 1]), first
    while (turn := reversal(place, falling)) is not None:
        best, place = turn
        found.append((best, "low" if falling else "high"))
        falling = not falling
    return found


@given(walks, st.sampled_from([1.0, 2.5, 4.0]))
def test_equals_a_search_for_one_reversal_after_the_other(x, prominence):
    expected = by_recursion(x, prominence)
    points = turning_points(x, prominence)
    assert points.lows == tuple(i for i, kind in expected if kind == "low")
    assert points.highs == tuple(i for i, kind in expected if kind == "high")


@given(walks, st.sampled_from([1.0, 2.5, 4.0]), st.integers(0, 40))
def test_a_turning_point_once_known_stays(x, prominence, end):
    before, after = turning_points(x[:end], prominence), turning_points(x, prominence)
    assert before.lows == after.lows[: len(before.lows)]
    assert before.highs == after.highs[: len(before.highs)]


@given(walks, st.sampled_from([1.0, 2.5, 4.0]))
def test_upside_down_lows_are_highs(x, prominence):
    up, down = turning_points(x, prominence), turning_points(-x, prominence)
    assert (up.lows, up.highs) == (down.highs, down.lows)


def test_a_wave_turns_twice_a_period():
    t = np.linspace(0, 3, 301)
    points = turning_points(np.cos(2 * np.pi * t), 0.5)
    assert points.lows == (50, 150, 250)
    assert points.highs == (100, 200)
    assert len(points) == 5


def test_small_swings_do_not_count():
    rng = np.random.default_rng(0)
    wave = np.cos(2 * np.pi * np.linspace(0, 3, 301)) + 0.05 * rng.standard_normal(301)
    assert len(turning_points(wave, 0.5)) == 5
    assert turning_points(wave, 3) == TurningPoints((), ())


def test_what_is_not_finite_is_passed_over():
    x = np.array([np.nan, 3.0, 1.0, np.nan, 4.0, np.inf, 2.0])
    assert turning_points(x, 1.5) == TurningPoints((2,), (4,))
    assert turning_points(np.array([]), 1.0) == TurningPoints((), ())


def test_many_series_at_once_are_counted_alike():
    series = ar1_surrogates(80, 0.8, 30)
    limits = np.linspace(0.5, 4, 30)
    counts = _turns(series, limits)
    for x, limit, count in zip(series, limits, counts, strict=True):
        assert len(turning_points(x, limit)) == count


@pytest.mark.parametrize("rho", [0.0, 0.8, 0.95])
def test_noise_turns_more_often_than_95_percent_of_noise_in_few_series(rho):
    beyond = [turns_beyond_noise(x, 5, 2)[1] >= 0.95 for x in ar1_surrogates(100, rho, 300, 9)]
    assert np.mean(beyond) < 0.1


def test_three_waves_are_more_than_noise_makes():
    t = np.arange(100)
    x = np.cos(2 * np.pi * t / 25) + 0.1 * np.random.default_rng(0).standard_normal(100)
    points, beyond = turns_beyond_noise(x, 5, 2)
    assert len(points.lows) >= 3
    assert beyond > 0.95


def test_the_points_are_those_of_the_smoothed_series():
    x = ar1_surrogates(100, 0.5, 1)[0]
    smooth = ewma(x, 5)
    assert turns_beyond_noise(x, 5, 2)[0] == turning_points(smooth, 2 * smooth.std())


@pytest.mark.parametrize("x", [np.full(50, 0.3), np.full(50, np.nan), np.array([])])
def test_a_series_without_spread_does_not_turn(x):
    assert turns_beyond_noise(x, 5, 2) == (TurningPoints((), ()), 0.0)
