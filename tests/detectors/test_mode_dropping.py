import pytest

from gan_doctor.detectors.mode_dropping import ModeDropping


@pytest.fixture
def examine():
    return ModeDropping().examine


@pytest.mark.parametrize(("reached", "severity"), [(0.7, "warning"), (0.375, "critical")])
def test_fires_when_clusters_are_missed(examine, make_run, good, reached, severity):
    (finding,) = examine(make_run({}, good | {"modes": reached})).findings
    assert finding.severity == severity
    assert "of the real data" in finding.message


def test_stays_silent_when_all_are_reached(examine, make_run, good):
    assert examine(make_run({}, good)).status == "clear"


def test_clusters_of_noise_mean_nothing(examine, make_run, nothing):
    verdict = examine(make_run({}, nothing | {"modes": 0.1}))
    assert (verdict.status, verdict.findings) == ("not assessed", ())


def test_one_bad_check_is_not_enough(examine, make_run, good):
    run = make_run({}, good | {"modes": lambda s: 0.5 if s % 72 == 0 else 1.0})
    assert examine(run).findings == ()
