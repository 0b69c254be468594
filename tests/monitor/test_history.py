from __future__ import annotations

import math

import numpy as np
import pytest

from gan_doctor.core import Setup
from gan_doctor.monitor.history import History
from gan_doctor.monitor.window import Columns


@pytest.fixture
def history() -> History:
    return History("run", Setup(total_steps=10_000), 0)  # ticks of 50


def rows(first: int, last: int, name: str = "loss/d", value: float = 1.0) -> list[Columns]:
    steps = [*range(first, last + 1)]
    return [Columns(steps, {name: np.full(len(steps), value)})]


def entries(history: History, name: str = "loss/d") -> list[tuple[float, float]]:
    series = history.run().get(name)
    return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


def test_a_tick_is_its_mean_at_its_last_step(history):
    history.add(rows(1, 50, value=1.0))
    history.add(rows(51, 100, value=3.0))
    assert entries(history) == [(50, 1), (100, 3)]


def test_flushes_within_a_tick_are_weighed_by_their_rows(history):
    history.add(rows(1, 10, value=0.0))
    history.add(rows(11, 50, value=1.0))
    assert entries(history) == [(50, pytest.approx(0.8))]


def test_sample_measures_and_the_gradient_of_d_stay_value_by_value(history):
    for name in ("sample/recall#raw", "logit/gradient"):
        history.add(rows(3, 5, name, 2.0))
        history.add(rows(6, 6, name, 4.0))
    for name in ("sample/recall", "logit/gradient"):
        assert entries(history, name) == [(3, 2), (4, 2), (5, 2), (6, 4)]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_step_at_which_a_series_broke_is_kept(history, bad):
    history.add(rows(1, 50))
    broken = rows(51, 90)
    broken[0].values["loss/d"][7] = bad
    history.add(broken)
    history.add(rows(91, 100))
    series = history.run().get("loss/d")
    first = int(np.argmax(~np.isfinite(series.values)))
    assert series.steps[first] == 58


def test_a_storm_is_kept_at_tick_resolution(history):
    for tick in range(100):
        history.add(rows(50 * tick + 1, 50 * tick + 50, value=math.nan))
    assert len(history.run().get("loss/d")) == 50 + 99


def test_the_run_begins_where_the_segment_does():
    run = History("run", Setup(total_steps=10_000), 120).run()
    assert run.segments[0].first_step == 120
    assert run.name == "run"
    assert run.ticks.tolist() == []
