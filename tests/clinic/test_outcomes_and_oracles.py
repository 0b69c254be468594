from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clinic.conftest import falling, noisy, steady

from gan_doctor.clinic.cases import CAUSES
from gan_doctor.clinic.oracles import ORACLES, candidates, truth
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.running import Course
from gan_doctor.core import ConfigError, ReadError
from gan_doctor.detectors import known

# Outcomes


def test_quality_is_0_untrained_and_1_at_the_reference(course: Any, reference: Reference) -> None:
    final = reference.final
    assert reference.final_quality(course(steady(100.0))) == pytest.approx(0)
    assert reference.final_quality(course(steady(final))) == pytest.approx(1)
    assert reference.final_quality(course(steady(final**0.5 * 10))) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("end", "coverage", "finite", "outcome"),
    [
        (1.0, 0.8, True, "succeeded"),
        (1.0, 0.5, True, "middling"),  # .62 of the reference's coverage
        (1.0, 0.3, True, "failed"),
        (5.0, 0.8, True, "middling"),
        (20.0, 0.8, True, "failed"),
        (1.0, 0.8, False, "failed"),
        (math.nan, math.nan, True, "failed"),
    ],
)
def test_outcomes(
    course: Any, reference: Reference, end: float, coverage: float, finite: bool, outcome: str
) -> None:
    run = course(lambda s: end if s > 0.5 else falling(s), coverage=coverage, finite=finite)
    assert reference.outcome(run) == outcome


def test_one_bad_look_of_the_three_that_decide_changes_nothing(
    course: Any, reference: Reference
) -> None:
    run = course(lambda s: 50.0 if s == 0.95 else 1.0, coverage=lambda s: 0.8 * (s < 1))
    assert reference.outcome(run) == "succeeded"


def test_of_a_mixture_its_modes_are_what_is_covered(course: Any) -> None:
    """Raw G moves by a mode's width from look to look, and the coverage of single reals with it."""
    run = course(coverage=lambda s: 0.1 + 0.4 * (round(100 * s) % 2), modes=0.9)
    mixture = replace(run, case=replace(run.case, data="ring"))
    roll = replace(course(modes=math.nan), case=replace(run.case, data="swiss-roll"))
    assert run.covered == pytest.approx(0.1)
    assert mixture.covered == pytest.approx(0.9)
    assert roll.covered == pytest.approx(0.8)


def test_a_reference_that_broke_off_is_none(course: Any) -> None:
    with pytest.raises(ConfigError, match="came to their end"):
        Reference.of([course(steady(math.nan))])


def test_a_course_comes_back_as_it_was_saved(course: Any, tmp_path: Any) -> None:
    made = course(cause="lr-d-x5", modes=math.nan)
    made.save(tmp_path)
    again = Course.load(tmp_path)
    assert (again.case, again.steps, again.untrained) == (made.case, made.steps, made.untrained)
    assert again.final == pytest.approx(made.final, rel=1e-3)
    assert math.isnan(again.looks[0].modes)


# Oracles

BAD = steady(60.0)  # a distance at which nothing was learned


@pytest.mark.parametrize(
    ("code", "frechet", "values"),
    [
        ("GD101", BAD, {"finite": False}),
        ("GD104", BAD, {"reach": 5e3}),
        ("GD105", BAD, {"rate_d": 1e-4}),
        ("GD203", BAD, {"ranked": 0.52}),
        ("GD204", lambda s: 30 * math.exp(0.8 * math.sin(60 * s)), {}),
        ("GD301", BAD, {"perplexity": 0.2}),
        ("GD301", BAD, {"perplexity": math.nan, "variance": 0.1}),
        ("GD301", BAD, {"repeated": 0.9}),
        ("GD302", BAD, {"modes": 0.6}),
        ("GD303", BAD, {"moved": 0.6}),
        ("GD401", BAD, {"precision": 0.0, "packed": 2.5}),
        ("GD404", lambda s: 5.0 if s < 0.5 else 60.0, {}),
        ("GD501", BAD, {"forgotten": 0.5}),
        ("GD502", BAD, {"copied": 0.95}),
        ("GD601", BAD, {"step_g": 0.0}),
    ],
)
def test_an_oracle_tells_its_code_and_leaves_a_healthy_course_alone(
    course: Any, reference: Reference, code: str, frechet: Any, values: dict[str, Any]
) -> None:
    run = replace(course(frechet, **values), branches={"GD201": [60.0], "GD202": [60.0]})
    assert code in truth(run, reference).onsets
    healthy = truth(course(), reference)
    assert (healthy.outcome, healthy.onsets, healthy.passed) == ("succeeded", {}, {})


def test_what_looks_like_a_fault_at_good_quality_is_none(course: Any, reference: Reference) -> None:
    """D at chance, few modes and much motion in a training as good as the references."""
    run = course(ranked=0.5, modes=0.6, moved=0.6)
    assert truth(run, reference).onsets == {}


@pytest.mark.parametrize(("code", "ranked", "factor"), [("GD201", 1.0, 0.1), ("GD202", 0.4, 10)])
def test_a_d_is_too_strong_or_too_weak_where_another_rate_cures(
    course: Any, reference: Reference, code: str, ranked: float, factor: float
) -> None:
    run = course(BAD, ranked=lambda share: ranked if share > 0.3 else 0.8)
    assert candidates(run, reference)[code] == (40 * 31, factor)
    with pytest.raises(ReadError, match=f"that tell {code} were not run"):
        truth(run, reference)
    cured = truth(replace(run, branches={code: [1.0, 60.0]}), reference)
    assert cured.onsets[code] == 40 * 31
    for ends in ([60.0, 60.0], [math.nan, 40.0]):
        assert code not in truth(replace(run, branches={code: ends}), reference).onsets


def test_what_succeeds_or_fails_at_the_end_needs_no_branch(
    course: Any, reference: Reference
) -> None:
    late = course(
        lambda share: 1.0 if share < 0.92 else 60.0, ranked=lambda s: 0.8 + 0.2 * (s > 0.92)
    )
    assert reference.outcome(late) == "failed"
    assert candidates(late, reference) == {}
    assert candidates(course(ranked=1.0), reference) == {}


def test_the_onset_is_the_first_of_three_looks_in_a_row(course: Any, reference: Reference) -> None:
    once = truth(course(BAD, moved=0.0, reach=lambda s: 2e3 if s == 0.2 else 1.0), reference)
    assert once.onsets.keys().isdisjoint({"GD104"})
    stays = truth(course(BAD, reach=lambda s: 2e3 if s > 0.5 else 1.0), reference)
    assert stays.onsets["GD104"] == 40 * 51


def test_what_is_over_for_the_last_tenth_has_passed(course: Any, reference: Reference) -> None:
    run = course(lambda s: 60.0 if s < 0.6 else 1.0, reach=lambda s: 2e3 if s < 0.6 else 1.0)
    found = truth(run, reference)
    assert (found.onsets, found.passed.keys()) == ({}, {"GD104"})


def test_an_injected_fault_is_told_by_its_injection(course: Any, reference: Reference) -> None:
    assert truth(course(BAD, cause="chequered"), reference).onsets["GD403"] == 0
    # Also in a training that goes well, for it was built in.
    assert truth(course(cause="z-ignored"), reference).onsets == {"GD305": 0}


def test_the_reference_leaves_room_for_the_slowest_of_them(course: Any) -> None:
    seeds = [course(noisy(0.3, seed)) for seed in range(10)]
    reference = Reference.of(seeds)
    below = [np.mean(reference.quality(c) < reference.slowest) for c in seeds]
    assert np.mean(below) == pytest.approx(0.1, abs=0.03)  # of ten, the 5% quantile leaves one


def test_each_graded_code_has_a_detector_and_each_built_one_a_cause() -> None:
    codes = {kind.code for kind in known().values()}
    assert set(ORACLES) <= codes
    built = {code for code, oracle in ORACLES.items() if oracle.holds is None}
    assert built <= {cause.code for cause in CAUSES.values()}
