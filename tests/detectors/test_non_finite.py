import math

import pytest

from gan_doctor.detectors.non_finite import NonFinite


@pytest.fixture
def examine():
    return NonFinite().examine


def breaks_at(step, to=math.nan):
    return lambda s: to if s >= step else 1.0


def test_names_what_broke_first_and_when(examine, make_run):
    run = make_run(
        {"loss/d": breaks_at(503), "gradient/g": breaks_at(501), "loss/g": breaks_at(502)}
    )
    (finding,) = examine(run).findings
    assert (finding.severity, finding.onset) == ("critical", 501)
    assert finding.alarm <= 506
    assert finding.message == "G's gradient became NaN or infinite at step 501."


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_value_in_the_warm_up_is_enough(examine, make_run, value):
    (finding,) = examine(make_run({"loss/d": breaks_at(2, value)})).findings
    assert finding.onset == 2


def test_a_value_that_recovers_only_informs(examine, make_run):
    run = make_run({"loss/d": lambda s: math.nan if s == 100 else 1.0})
    (finding,) = examine(run).findings
    assert finding.severity == "info"


def test_stays_silent_on_huge_numbers_and_on_a_broken_metric(examine, make_run):
    run = make_run({"loss/d": 1e30, "metric/fid": math.inf})
    assert examine(run).status == "clear"


def test_an_empty_run_is_not_assessed(examine, make_run):
    assert examine(make_run({})).status == "not assessed"
