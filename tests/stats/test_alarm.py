from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.stats import Alarm, Persistence, alarms, evaluations

ALL_OF_3 = Persistence(3, 1.0)


def marks(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Evaluations at steps 1, 2, ...: `x` the fault holds, `.` it does not, `?` not evaluated."""
    values = [{"x": 1.0, ".": 0.0, "?": np.nan}[mark] for mark in text]
    return np.arange(1.0, len(text) + 1), np.array(values)


def found(text: str, persistence: Persistence = ALL_OF_3, **options: Any) -> list[tuple[Any, ...]]:
    """(onset, alarm, cleared) of each alarm."""
    steps, values = marks(text)
    raised = alarms(steps, values, 1.0, persistence, **options)
    return [(a.onset, a.alarm, a.cleared) for a in raised]


def test_the_alarm_sounds_when_the_window_is_full_and_names_where_it_began():
    assert found("..xxx..") == [(3, 5, None)]


def test_a_short_fault_is_no_alarm():
    assert found("..xx..xx..") == []


def test_a_fault_that_stands_is_not_cleared():
    assert found("..xxxxxx") == [(3, 5, None)]


def test_it_is_over_once_the_whole_window_is_clear():
    assert found("xxx.....") == [(1, 3, 6)]


def test_between_fault_and_clear_things_stay_as_they_are():
    most = Persistence(5, 0.8)
    assert found("xxxxx" + "x.x.x." * 5, most) == [(1, 5, None)]
    assert found("x.x.x." * 5, most) == []


def test_a_share_of_the_window_is_enough():
    assert found("xx.xxx....", Persistence(5, 0.8)) == [(1, 5, 10)]


def test_the_onset_is_the_start_of_the_unbroken_stretch_not_of_the_window():
    # Nine of these lie before the window that is full only after the warm-up.
    assert found("." + "x" * 20, Persistence(5, 1.0), warm_up=10) == [(2, 15, None)]


def test_a_second_fault_is_a_second_alarm():
    assert found("xxx...xxx") == [(1, 3, 6), (7, 9, None)]


def test_the_limit_itself_is_a_fault():
    steps = np.arange(3.0)
    assert alarms(steps, np.full(3, 0.9), 0.9, ALL_OF_3)
    assert not alarms(steps, np.full(3, np.nextafter(0.9, 0)), 0.9, ALL_OF_3)


def test_nan_is_no_evaluation():
    assert found("x??x?x") == [(1, 6, None)]
    assert found("xxx??????") == [(1, 3, None)]
    assert found("???") == []


def test_infinity_is_a_value_like_any_other():
    assert alarms(np.arange(3.0), np.full(3, np.inf), 1, ALL_OF_3)
    assert not alarms(np.arange(3.0), np.full(3, -np.inf), 1, ALL_OF_3)


def test_no_alarm_draws_on_the_warm_up():
    assert found("xxxxxx", warm_up=3) == [(1, 6, None)]
    assert found("xxx...", warm_up=3) == []


def test_without_a_warm_up_an_evaluation_at_step_0_counts():
    steps = np.arange(3.0)
    assert alarms(steps, np.ones(3), 1, ALL_OF_3) == (Alarm(0, 2, None, 1.0),)
    assert evaluations(steps, np.ones(3)) == 3


def test_a_reset_empties_the_window():
    assert found("xxxxxx", resets=(2,)) == [(1, 5, None)]
    assert found("xx" * 6, resets=(2, 4, 6, 8, 10)) == []


def test_the_evaluation_at_a_reset_still_belongs_to_what_was_before_it():
    assert found("xxx...", resets=(3,)) == [(1, 3, 6)]
    assert found("xxx...", resets=(2,)) == []


def test_resets_within_the_warm_up_change_nothing():
    assert found("xxxxxx", warm_up=3, resets=(1, 3)) == found("xxxxxx", warm_up=3)


def test_no_alarm_sounds_before_its_time_but_what_was_before_counts():
    assert found("xxxxxx", not_before=5) == [(1, 5, None)]
    assert found("xxx...", not_before=5) == []


def test_confidence_is_the_largest_share_of_a_window():
    steps, values = marks("xx.xxxxxxx")
    (alarm,) = alarms(steps, values, 1.0, Persistence(5, 0.8))
    assert alarm.confidence == 1.0
    (alarm,) = alarms(steps[:6], values[:6], 1.0, Persistence(5, 0.8))
    assert alarm.confidence == pytest.approx(0.8)


def test_nothing_comes_of_nothing():
    assert alarms(np.array([]), np.array([]), 1.0) == ()
    assert evaluations(np.array([]), np.array([])) == 0


def test_evaluations_is_the_longest_stretch_that_a_window_could_draw_on():
    steps, values = marks("x.x?x.x.")
    assert evaluations(steps, values) == 7
    assert evaluations(steps, values, warm_up=2) == 5
    assert evaluations(steps, values, resets=(5,)) == 4
    assert evaluations(steps, values, warm_up=8) == 0


cases = st.fixed_dictionaries(
    {
        "text": st.text("x.?", max_size=60),
        "persistence": st.builds(
            Persistence, st.integers(1, 6), st.sampled_from([0.6, 0.75, 0.8, 1.0])
        ),
        "warm_up": st.integers(0, 20),
        "resets": st.lists(st.integers(0, 60), max_size=4),
        "not_before": st.integers(0, 40),
    }
)


def judged(case: dict[str, Any], until: int | None = None) -> tuple[Alarm, ...]:
    steps, values = marks(case["text"][:until])
    options = {name: case[name] for name in ("persistence", "warm_up", "resets", "not_before")}
    return alarms(steps, values, 1.0, **options)


def by_a_loop(case: dict[str, Any]) -> tuple[Alarm, ...]:
    """The same, one evaluation after the other, with nothing but lists."""
    size, share = case["persistence"].window, case["persistence"].share
    done: list[Alarm] = []
    standing: Alarm | None = None
    held: list[tuple[float, bool]] = []  # all evaluations
    window: list[int] = []  # indices into them
    for step, value in zip(*marks(case["text"]), strict=True):
        if np.isnan(value):
            continue
        last = held[-1][0] if held else -np.inf
        if any(last <= reset < step for reset in case["resets"]):
            window = []
        held.append((float(step), bool(value)))
        if step <= case["warm_up"]:
            continue
        window = [*window, len(held) - 1][-size:]
        if len(window) < size:
            continue
        now = sum(held[i][1] for i in window) / size
        if standing is None and now >= share and step >= case["not_before"]:
            first = next(i for i in window if held[i][1])
            while first and held[first - 1][1]:
                first -= 1
            standing = Alarm(held[first][0], float(step), None, now)
        elif standing is not None and now <= 1 - share + 1e-9:
            done.append(replace(standing, cleared=float(step)))
            standing = None
        elif standing is not None:
            standing = replace(standing, confidence=max(standing.confidence, now))
    return (*done, standing) if standing else tuple(done)


@given(cases)
def test_equals_a_naive_loop(case):
    assert judged(case) == by_a_loop(case)


@given(cases, st.integers(0, 60))
def test_nothing_is_decided_from_the_future(case, end):
    then, now = judged(case, end), [a for a in judged(case) if a.alarm <= end]
    assert len(then) == len(now)
    for early, late in zip(then, now, strict=True):
        assert (early.onset, early.alarm) == (late.onset, late.alarm)
        over = late.cleared is not None and late.cleared <= end
        assert early.cleared == (late.cleared if over else None)
        assert early.confidence <= late.confidence
        assert not over or early == late


@given(cases)
def test_enough_evaluations_are_those_with_which_an_alarm_can_sound(case):
    always = {**case, "text": case["text"].replace(".", "x"), "not_before": 0}
    steps, values = marks(always["text"])
    count = evaluations(steps, values, always["warm_up"], always["resets"])
    assert bool(judged(always)) == (count >= always["persistence"].window)
