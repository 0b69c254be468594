"""The gate at its edges; its running mean is in test_schedules_and_limits.py."""

from __future__ import annotations

import math

import pytest

from gan_doctor.core import ConfigError
from gan_doctor.nn import SeparationGate


def test_a_weak_d_is_never_held_back_and_a_threshold_of_1_never_skips() -> None:
    gate, open_gate = SeparationGate(), SeparationGate(1.0)
    assert not any(gate(0.6) for _ in range(50))
    assert not any(open_gate(1.0) for _ in range(50))


def test_a_d_that_wins_is_held_back_until_it_is_no_longer_ahead() -> None:
    gate = SeparationGate(0.9, 0.5)
    assert [gate(a) for a in (0.5, 1, 1, 1, 1)] == [False, False, False, True, True]
    assert [gate(a) for a in (0.95, 0.8, 0.8)] == [True, False, False]


def test_without_memory_the_last_batch_decides() -> None:
    gate = SeparationGate(0.9, 0.0)
    assert [gate(a) for a in (1.0, 0.5, 0.91, 0.9)] == [True, False, True, False]


def test_nan_is_no_news() -> None:
    gate = SeparationGate(0.9, 0.0)
    assert gate(math.nan) is False
    gate(1.0)
    assert gate(math.nan) is True


def test_a_gate_that_saw_nothing_can_be_saved() -> None:
    gate = SeparationGate(0.9, 0.9)
    gate(1.0)
    gate.load_state_dict(SeparationGate().state_dict())
    assert gate(0.5) is False
    assert gate.state_dict() == {"mean": 0.5}


@pytest.mark.parametrize("threshold", [0.4, 1.1, math.nan])
def test_thresholds_out_of_range_are_refused(threshold: float) -> None:
    with pytest.raises(ConfigError, match=rf"threshold must lie in \[0.5, 1\], got {threshold}"):
        SeparationGate(threshold)


@pytest.mark.parametrize("decay", [-0.1, 1.0, math.nan])
def test_decays_out_of_range_are_refused(decay: float) -> None:
    with pytest.raises(ConfigError, match=rf"decay must lie in \[0, 1\), got {decay}"):
        SeparationGate(decay=decay)
