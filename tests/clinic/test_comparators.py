from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from gan_doctor.clinic.ablations import ABLATIONS
from gan_doctor.clinic.cases import Case
from gan_doctor.clinic.comparators import DOCTOR, compared, limit, numbers, tuned, youden
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.core import Band, Event, Key, Objective, Run, Series, Setup

STEPS = np.arange(1.0, 1001)


def run(**values: Any) -> Run:
    series = {"loss/d": np.full(1000, 1.3), "loss/g": np.full(1000, 0.7)} | values
    return Run(
        "r",
        series=tuple(Series(Key(name), STEPS, np.asarray(v)) for name, v in series.items()),
        setup=Setup(total_steps=1000),
    )


def test_a_loss_counts_as_low_where_it_stays_low(course: Any, reference: Reference) -> None:
    dip = np.full(1000, 1.3)
    dip[300:350] = 0.1
    dip[700] = -5.0
    found = numbers(course(), run(**{"loss/d": dip}), reference)
    assert found["d-loss-under-20"] == pytest.approx(-0.1)
    assert found["d-loss-under-100"] == pytest.approx(-1.3)
    broken = numbers(course(), run(**{"loss/d": np.full(1000, np.nan)}), reference)
    assert broken["d-loss-under-20"] > 1e6


def test_a_plateau_and_a_bad_start_are_told_from_a_healthy_course(
    course: Any, reference: Reference
) -> None:
    healthy = numbers(course(), run(), reference)
    flat = numbers(course(lambda share: 60.0), run(), reference)
    broken = numbers(course(lambda share: 60.0 if share < 0.5 else math.nan), run(), reference)
    assert healthy["plateau-0.1"] < flat["plateau-0.1"] < broken["plateau-0.1"]
    assert healthy["early-distance"] < flat["early-distance"]


def test_features_are_of_the_last_tenth_and_the_setup_of_the_case(
    course: Any, reference: Reference
) -> None:
    late = np.where(STEPS < 900, 1.0, 100.0)
    found = numbers(course(cause="lr-d-x20"), run(**{"gradient/g": late}), reference)
    assert found["run/gradient/g"] == pytest.approx(2)
    assert math.isnan(found["run/auroc"])
    assert found["setup/ratio"] == pytest.approx(math.log10(20))
    assert found["setup/is non-saturating"] == 1


def made(n: int, seed: int) -> tuple[list[dict[str, float]], list[bool]]:
    """Cases whose D loss tells failures, and all else nothing."""
    random = np.random.default_rng(seed)
    failed = random.random(n) < 0.5
    course = random.random((n, 8))
    cases = [
        {
            "d-loss-under-20": bad + random.normal(0, 0.3), "d-loss-under-100": row[0],
            "d-loss-under-500": row[1], "plateau-0.1": row[2], "plateau-0.2": row[3],
            "plateau-0.4": row[4], "early-distance": row[5],
            "run/loss/d": row[6], "run/auroc": math.nan, "setup/lr_g": row[7],
        }
        for bad, row in zip(failed, course, strict=True)
    ]  # fmt: skip
    return cases, failed.tolist()


def test_the_best_of_each_kind_is_taken_with_its_limit_from_design() -> None:
    design, failed = made(200, 0)
    rule = tuned(design, failed)["D's loss under a limit"]
    assert rule(design) == pytest.approx([case["d-loss-under-20"] for case in design])
    at, gain = limit(rule(design), np.array(failed))
    assert 0.2 < at < 0.8
    assert gain > 0.8


def test_youden_is_what_is_found_less_false_alarms() -> None:
    bad = np.array([True, True, False, False])
    assert youden(np.array([True, False, False, False]), bad) == 0.5
    assert youden(np.array([True, True, True, True]), bad) == 0
    assert math.isnan(youden(bad, bad | True))


def test_the_doctor_is_held_against_each_on_the_same_cases() -> None:
    design, examined = made(200, 0), made(200, 1)
    perfect = [1.9 if failed else 0.0 for failed in examined[1]]
    deaf = [0.0] * 200
    rows = {row.name: row for row in compared(design, examined, perfect, {"losses only": deaf})}
    assert rows[DOCTOR].youden == 1
    assert rows[DOCTOR].auc == 1
    assert rows[DOCTOR].more == (0, 0, 0)
    assert rows["losses only"].sensitivity == 0
    assert rows["losses only"].more == (1, 1, 1)
    assert rows["always"].sensitivity == rows["always"].false_alarms == 1
    assert rows["never"].sensitivity == rows["never"].false_alarms == 0
    loss, chance = rows["D's loss under a limit"], rows["setup alone"]
    assert loss.auc > 0.95
    assert 0 < loss.more[1] < loss.more[0] < loss.more[2] < chance.more[0]
    # As silent on successes as the doctor, it misses some.
    assert loss.only == (round((1 - loss.equal) * sum(examined[1])), 0)
    assert loss.p == pytest.approx(binomtest(loss.only[0], loss.only[0]).pvalue)


def test_each_eye_sees_what_it_should() -> None:
    key = Key("sample/coverage")
    whole = replace(
        run(**{"sample/coverage": np.ones(1000), "auroc": np.ones(1000)}),
        bands=(
            Band(key, 512, 0.6, 0.01, 0.55, 0.65),
            Band(Key("sample/mode_distance"), 512, 0.1, 0.01, 0, 0.2),
            Band(Key("sample/spectral_slope"), 512, 2, 0.1, 1.9, 2.1),
        ),
        setup=Setup(Objective("hinge"), total_steps=1000, tricks=("ema",)),
        events=(Event(5, "resume"),),
    )

    def seen(name: str) -> tuple[set[str], set[str]]:
        changed = ABLATIONS[name](whole)
        return {s.key.name for s in changed.series}, {b.key.name for b in changed.bands}

    assert seen("losses only") == ({"loss/d", "loss/g"}, set())
    assert seen("samples only") == ({"sample/coverage"}, {"sample/coverage"})
    assert seen("setup only") == (set(), set())
    kept, nulls = seen("no calibration")
    assert kept == {"loss/d", "loss/g", "auroc", "sample/coverage"}
    assert nulls == {"sample/coverage", "sample/mode_distance"}
    bands = ABLATIONS["no calibration"](whole).bands
    assert [band.mean for band in bands] == [1, 0]
    assert ABLATIONS["losses only"](whole).setup == Setup(Objective("hinge"), total_steps=1000)
    assert ABLATIONS["setup only"](whole).setup == whole.setup


def test_a_case_has_the_numbers_of_its_configuration(course: Any, reference: Reference) -> None:
    gentle = replace(course(), case=Case("digits", "wgan-gp", "dcgan", "d-steps-3"))
    found = numbers(gentle, run(), reference)
    assert found["setup/with gradient-penalty"] == 1
    assert found["setup/d_steps"] == pytest.approx(math.log2(3))
