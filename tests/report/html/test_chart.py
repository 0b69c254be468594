from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.core import Key, Run, Series
from gan_doctor.report.html.chart import Line, line_chart
from gan_doctor.report.html.scale import MOST_TICKS, height, ticks, width

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def drawn(steps: list[float], values: list[float]) -> str:
    series = Series(Key("loss/d"), steps, values)
    return line_chart(Run("run", series=(series,)), "D loss", [Line(series, "as reported")])


@given(st.lists(NUMBERS, min_size=1))
def test_every_value_has_a_place_and_ticks_lie_on_the_axis(values: list[float]) -> None:
    scale = height(values)
    assert all(0 <= scale(value) <= 1000 for value in values)
    marks = ticks(scale)
    assert 1 <= len(marks) <= MOST_TICKS + 1
    assert all(scale.low <= mark <= scale.high for mark in marks)


@given(st.lists(st.floats(1e-300, 1e300), min_size=2, unique=True))
def test_a_log_scale_keeps_the_order_and_has_few_ticks(values: list[float]) -> None:
    scale = height(values, log=True)
    places = [scale(value) for value in sorted(values)]
    assert places == sorted(places, reverse=True)
    assert 1 <= len(ticks(scale)) <= MOST_TICKS + 1


def test_ticks_are_round_numbers() -> None:
    assert ticks(width(0, 1200)) == [0, 500, 1000]
    assert ticks(height([0.1, 100.0], log=True)) == [0.1, 1, 10, 100]
    assert ticks(height([1.5, 45.0], log=True))[:2] == [2, 5]


def test_a_million_steps_are_drawn_in_bounded_size_and_no_spike_is_lost() -> None:
    values = np.ones(1_000_000)
    values[123_456] = 50.0
    picture = drawn(list(range(1_000_000)), values.tolist())
    assert len(picture) < 40_000
    assert "between 1 and 50" in picture
    corners = picture.partition('class="range" d="M')[2].partition("Z")[0].split()
    assert min(map(int, corners[1::2])) < 200  # the spike, high up


def test_a_gap_is_a_gap_and_what_is_not_finite_is_counted() -> None:
    picture = drawn([1, 2, 3, 4, 5], [1, 2, np.nan, 4, np.inf])
    assert picture.partition('class="mean" d="')[2].partition('"')[0].count("M") == 2
    assert "2 values not finite" in picture


@pytest.mark.parametrize("value", [0.0, -1e308, 5e-324, 1e306])
def test_a_constant_of_any_size_is_drawn(value: float) -> None:
    assert 'class="mean"' in drawn([1, 2, 3], [value] * 3)
