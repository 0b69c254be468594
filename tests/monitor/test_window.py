from __future__ import annotations

import contextlib
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.monitor.host_copy import HostCopy
from gan_doctor.monitor.window import Columns, Window


def flushed(window: Window) -> dict[str, tuple[list[int], list[float]]]:
    """Steps and values by series; each series must come but once."""
    found: dict[str, tuple[list[int], list[float]]] = {}
    for group in window.flush():
        for name, values in group.values.items():
            assert name not in found
            found[name] = (group.steps, values.tolist())
    return found


def test_numbers_and_tensors_come_back_as_they_were_put():
    window = Window()
    for step in (1, 2):
        window.put("a", step)
        window.put("b", torch.tensor(10.0 * step))
        window.end_row(step)
    assert flushed(window) == {"a": ([1, 2], [1, 2]), "b": ([1, 2], [10, 20])}
    assert flushed(window) == {}


@pytest.mark.parametrize("kind", [float, torch.tensor, np.float32])
def test_several_values_in_a_row_count_with_their_mean(kind):
    window = Window()
    for value in (1.0, 2.0, 6.0):
        window.put("a", kind(value))
    window.end_row(5)
    assert flushed(window) == {"a": ([5], [3])}


def test_numbers_and_tensors_may_be_mixed():
    window = Window()
    window.put("a", 1.0)
    window.put("a", torch.tensor(3.0))
    window.put("b", torch.tensor(1.0))
    window.put("b", 5)
    window.end_row(1)
    window.put("a", 7.0)
    window.end_row(2)
    assert flushed(window) == {"a": ([1, 2], [2, 7]), "b": ([1], [3])}


@pytest.mark.parametrize(
    ("tensor", "value"),
    [
        (torch.tensor([1.0, 2.0, 6.0]), 3),
        (torch.tensor([[4.0]]), 4),
        (torch.tensor(7), 7),
        (torch.tensor([True, False]), 0.5),
        (torch.tensor(1.5, dtype=torch.float16), 1.5),
        (torch.tensor(1.5, requires_grad=True), 1.5),
    ],
)
def test_any_tensor_is_taken_by_its_mean(tensor, value):
    window = Window()
    window.put("a", tensor)
    window.end_row(1)
    assert flushed(window)["a"] == ([1], [value])


def test_a_row_without_scalars_is_no_row():
    window = Window()
    window.end_row(1)
    assert window.flush() == []


def test_what_is_not_finite_stays_in_its_row():
    window = Window()
    for step, value in enumerate([1.0, np.nan, np.inf, 2.0]):
        window.put("a", torch.tensor(value))
        window.put("b", value)
        window.end_row(step)
    both = flushed(window)
    np.testing.assert_equal(both["a"][1], [1, np.nan, np.inf, 2])
    np.testing.assert_equal(both["b"][1], [1, np.nan, np.inf, 2])


def test_series_of_the_same_steps_share_a_line():
    window = Window()
    for step in (1, 2, 3):
        for name in ("a", "b"):
            window.put(name, torch.tensor(1.0))
        window.put("c", 1.0)
        if step == 2:
            window.put("d", 1.0)
        window.end_row(step)
    lines = sorted((group.steps, sorted(group.values)) for group in window.flush())
    assert lines == [([1, 2, 3], ["a", "b", "c"]), ([2], ["d"])]


rows = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(-9, 9), st.booleans())),
    max_size=12,
)


@given(rows, st.integers(1, 12))
def test_every_value_comes_back_once_and_in_order(rows, flush_after):
    window, groups = Window(), list[Columns]()
    for step, row in enumerate(rows):
        for name, (value, as_tensor) in row.items():
            window.put(name, torch.tensor(float(value)) if as_tensor else value)
        window.end_row(step)
        if step % flush_after == 0:
            groups += window.flush()
    groups += window.flush(wait=True)
    for name in "abc":
        expected = [(s, row[name][0]) for s, row in enumerate(rows) if name in row]
        found = [
            pair
            for group in groups
            if name in group.values
            for pair in zip(group.steps, group.values[name].tolist(), strict=True)
        ]
        assert found == expected


def test_a_row_that_stays_open_takes_bounded_memory():
    window = Window()
    for i in range(10_000):
        window.put("a", torch.tensor(float(i)))
        window.put("b", i)
        window.later(total, torch.full((3,), float(i)))
    assert window._scalars.open < 5_000
    assert window._raw.open < 5_000
    window.end_row(1)
    found = flushed(window)
    assert {name: steps for name, (steps, _) in found.items()} == {"a": [1], "b": [1], "c": [1]}
    assert [values[0] for _, values in found.values()] == pytest.approx(
        [4999.5, 4999.5, 14998.5], rel=1e-4
    )


def total(raw: torch.Tensor) -> dict[str, torch.Tensor]:
    """A measure: the sum of each tensor."""
    return {"c": raw.flatten(1).sum(1)}


def test_what_is_measured_later_comes_at_its_step_and_once_for_all_steps():
    calls = []

    def counting(raw: torch.Tensor) -> dict[str, torch.Tensor]:
        calls.append(tuple(raw.shape))
        return total(raw)

    window = Window()
    for step in (1, 2, 3):
        window.later(counting, torch.full((4,), float(step)))
        window.end_row(step)
    window.later(counting, torch.full((4,), 9.0))  # of the open row
    assert flushed(window) == {"c": ([1, 2, 3], [4, 8, 12])}
    assert calls == [(3, 4)]
    window.end_row(4)
    assert flushed(window) == {"c": ([4], [36])}


def test_a_measure_and_a_value_of_one_name_count_alike():
    window = Window()
    window.later(total, torch.ones(2))
    window.later(total, torch.ones(3))
    window.put("c", 7.0)
    window.end_row(1)
    assert flushed(window) == {"c": ([1], [4])}


def test_a_measure_that_fails_costs_its_own_series_alone():
    def failing(raw: torch.Tensor) -> dict[str, torch.Tensor]:
        raise RuntimeError

    window = Window(lambda what: contextlib.suppress(RuntimeError))
    window.later(failing, torch.ones(2))
    window.later(total, torch.ones(2))
    window.put("a", 1.0)
    window.end_row(1)
    assert flushed(window) == {"a": ([1], [1]), "c": ([1], [2])}


def test_tensors_that_wait_to_be_measured_take_bounded_memory():
    window = Window()
    for step in range(1, 6):
        window.later(total, torch.ones(1 << 20))
        window.end_row(step)
    assert window._waiting <= 1 << 22
    assert flushed(window) == {"c": ([1, 2, 3, 4, 5], [1 << 20] * 5)}


class Copy(HostCopy):
    """A copy from a device that is under way until somebody waits for it, or says it is done."""

    under_way: ClassVar[list[Copy]] = []

    def __init__(self, tensor: torch.Tensor) -> None:
        super().__init__(tensor)
        self.done = False
        self.under_way.append(self)

    def arrived(self) -> bool:
        return self.done


def test_what_is_under_way_is_handed_out_later_and_in_order(monkeypatch):
    monkeypatch.setattr("gan_doctor.monitor.window.HostCopy", Copy)
    monkeypatch.setattr(Copy, "under_way", [])
    window = Window()
    for step in (1, 2, 3):
        window.put("a", torch.tensor(float(step)))
        window.end_row(step)
        assert window.flush() == []
    Copy.under_way[1].done = True
    assert window.flush() == []  # the first is still under way
    Copy.under_way[0].done = True
    assert [group.steps for group in window.flush()] == [[1], [2]]
    assert [group.steps for group in window.flush(wait=True)] == [[3]]
