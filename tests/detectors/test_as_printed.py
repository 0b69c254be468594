"""Logs of other people that are too short to judge are told as they are printed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gan_doctor.core import Key, Objective, Run, Series, Setup
from gan_doctor.detectors.discriminator_failing import DiscriminatorFailing
from gan_doctor.detectors.discriminator_overpowering import DiscriminatorOverpowering

BCE = Setup(Objective("non-saturating", "sum"), total_steps=50_000)


def printed(steps: list[float], foreign: bool = True, **values: list[float]) -> Run:
    series = tuple(
        Series(Key(f"loss/{name}"), np.array(steps), np.array(column))
        for name, column in values.items()
    )
    return Run("log", "iteration", series, setup=BCE, foreign=foreign)


SATURATED = printed([3050, 3052, 3054, 3056], d=[2.04, 3.7, 100, 100], g=[10.3, 0, 0, 0])


def examined(detector: Any, run: Run) -> Any:
    return detector().examine(run)


def test_a_fault_in_the_last_rows_is_a_warning_that_says_how_many_there_were() -> None:
    verdict = examined(DiscriminatorFailing, SATURATED)
    (finding,) = verdict.findings
    assert verdict.status == "fired"
    assert finding.severity == "warning"
    assert finding.message.startswith("As printed, in 4 rows: ")
    assert finding.confidence <= 1
    assert 3050 <= finding.onset <= 3054


def test_one_row_is_told_too() -> None:
    (finding,) = examined(DiscriminatorOverpowering, printed([7], d=[1e-6], g=[13.8])).findings
    assert finding.message.startswith("As printed, in 1 row: ")


@pytest.mark.parametrize(
    ("d", "g"),
    [
        ([100, 100, 100, 1.3], [0, 0, 0, 0.7]),  # it was over at the end
        ([1.3, 1.3, 1.3, 100], [0.7, 0.7, 0.7, 0]),  # it has only just begun
        ([1.3, 1.4, 1.3, 1.2], [0.7, 0.7, 0.7, 0.7]),
    ],
)
def test_what_is_over_or_has_only_begun_is_not_told(d: list[float], g: list[float]) -> None:
    verdict = examined(DiscriminatorFailing, printed([1, 2, 3, 4], d=d, g=g))
    assert verdict.status == "not assessed"
    assert verdict.findings == ()


def test_our_own_record_waits_until_it_is_long_enough() -> None:
    verdict = examined(DiscriminatorFailing, replace(SATURATED, foreign=False))
    assert verdict.status == "not assessed"


def test_a_log_that_is_long_enough_is_judged_as_any_other() -> None:
    steps = [100.0 * i for i in range(1, 41)]
    run = printed(steps, d=[1.3] * 40, g=[0.7] * 40)
    assert examined(DiscriminatorFailing, run).status == "clear"
    stuck = printed(steps, d=[1.3] * 5 + [100.0] * 35, g=[0.7] * 5 + [0.0] * 35)
    (finding,) = examined(DiscriminatorFailing, stuck).findings
    assert not finding.message.startswith("As printed")
    assert finding.severity == "critical"
