from __future__ import annotations

from itertools import pairwise

import numpy as np

from gan_doctor.core import Key, Series
from gan_doctor.report.envelope import envelope


def series(values: list[float] | np.ndarray) -> Series:
    return Series(Key("loss/d"), np.arange(len(values)), np.asarray(values, dtype=float))


def test_one_spike_in_a_million_is_seen() -> None:
    values = np.zeros(1_000_000)
    values[123_456] = 9
    values[654_321] = -9
    shape = envelope(series(values), 300)
    assert len(shape.steps) == 300
    assert shape.high.max() == 9
    assert shape.low.min() == -9


def test_equals_a_naive_one() -> None:
    values = np.random.default_rng(0).normal(size=1037)
    shape = envelope(series(values), 10)
    starts = [*np.linspace(0, 1037, 10, endpoint=False).astype(int), 1037]
    parts = [values[a:b] for a, b in pairwise(starts)]
    np.testing.assert_allclose(shape.low, [part.min() for part in parts])
    np.testing.assert_allclose(shape.mean, [part.mean() for part in parts])
    np.testing.assert_allclose(shape.high, [part.max() for part in parts])


def test_short_series_come_back_as_they_are() -> None:
    shape = envelope(series([3, 1, 2]))
    assert shape.low.tolist() == shape.mean.tolist() == shape.high.tolist() == [3, 1, 2]


def test_gaps_stay_gaps_and_infinities_bend_nothing() -> None:
    shape = envelope(series([1, np.inf, np.nan, np.nan, 5, 7]), 3)
    np.testing.assert_array_equal(shape.low, [1, np.nan, 5])
    np.testing.assert_array_equal(shape.high, [1, np.nan, 7])


def test_nothing_in_nothing_out() -> None:
    assert len(envelope(series([])).steps) == 0
