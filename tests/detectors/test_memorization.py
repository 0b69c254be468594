import pytest

from gan_doctor.detectors.memorization import Memorization


@pytest.fixture
def examine():
    return Memorization().examine


@pytest.mark.parametrize(("near", "severity"), [(0.4, "warning"), (0.05, "critical")])
def test_fires_on_fakes_that_lie_on_the_reals(examine, make_run, good, near, severity):
    (finding,) = examine(make_run({}, good | {"nearest_ratio": near})).findings
    assert finding.severity == severity
    assert f"{near:.2f} of the distance" in finding.message
    assert finding.alarm <= 0.15 * 1200


def test_fires_on_fakes_nearer_than_held_out_reals(examine, make_run, good):
    run = make_run({"sample/copying": -8.0}, good | {"nearest_ratio": 0.9})
    (finding,) = examine(run).findings
    assert finding.severity == "warning"
    assert "C_T -8.0" in finding.message


@pytest.mark.parametrize("near", [0.7, 1.0, 3.0])
def test_stays_silent_on_fakes_as_far_as_reals_are(examine, make_run, good, near):
    run = make_run({"sample/copying": 1.0}, good | {"nearest_ratio": near})
    assert examine(run).status == "clear"


def test_data_that_repeats_itself_is_not_assessed(examine, make_run, good):
    run = make_run({}, good | {"nearest_ratio": 0.0}, null={"nearest_ratio": 0.0})
    assert examine(run).missing[0].why == "degenerate data"


def test_one_near_check_is_not_enough(examine, make_run, good):
    run = make_run({}, good | {"nearest_ratio": lambda s: 0.1 if s % 72 == 0 else 1.0})
    assert examine(run).findings == ()
