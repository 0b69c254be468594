import pytest

from gan_doctor.detectors.noise_output import NoiseOutput


@pytest.fixture
def examine():
    return NoiseOutput().examine


def test_fires_on_noise_that_stays(examine, make_run, nothing):
    (finding,) = examine(make_run({}, nothing)).findings
    assert finding.severity == "critical"
    assert finding.onset <= 24


def test_only_warns_before_a_quarter_of_the_budget(examine, make_run, nothing):
    (finding,) = examine(make_run({}, nothing, steps=280)).findings
    assert finding.severity == "warning"


def test_says_nothing_in_the_first_tenth(examine, make_run, nothing):
    assert examine(make_run({}, nothing, steps=110)).findings == ()


def test_stays_silent_on_rough_samples_that_lie_in_the_data(examine, make_run, good):
    assert examine(make_run({}, good | {"neighbour_correlation": 0.1})).findings == ()


def test_stays_silent_on_smooth_samples(examine, make_run, nothing):
    assert examine(make_run({}, nothing | {"neighbour_correlation": 0.8})).findings == ()


def test_texture_data_is_not_assessed(examine, make_run, nothing):
    verdict = examine(make_run({}, nothing, null={"neighbour_correlation": 0.05}))
    assert verdict.missing[0].why == "degenerate data"


def test_points_are_not_assessed(examine, make_run):
    verdict = examine(make_run({}, {"precision": 0, "recall": 0, "coverage": 0}))
    assert verdict.status == "not assessed"
    assert "pixels" in verdict.missing[0].what
