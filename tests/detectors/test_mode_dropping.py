import pytest

from gan_doctor.detectors.mode_dropping import ModeDropping


@pytest.fixture
def examine():
    return ModeDropping().examine


@pytest.mark.parametrize(("reached", "severity"), [(0.7, "warning"), (0.375, "critical")])
def test_fires_when_clusters_are_missed(examine, make_run, good, reached, severity):
    (finding,) = examine(make_run({}, good | {"modes": reached})).findings
    assert finding.severity == severity
    assert f"the samples miss {1 - reached:.0%} of the clusters" in finding.message


def test_names_the_clusters_that_are_missed_and_those_in_their_place(examine, filled):
    shares = [0.0, 0.01, 0.005, 0.1, 0.005, 0.125, 0.125, 0.63]
    (finding,) = examine(filled(lambda check: shares, modes=0.5)).findings
    rows = [row for row in finding.evidence if row.series.startswith("sample/mode_share")]
    assert [row.series.rpartition("=")[2] for row in rows[:2]] == ["0", "1"]
    assert [row.series.rpartition("=")[2] for row in rows[2:]] == ["7"]
    assert rows[-1].value == pytest.approx(0.63, abs=0.02)
    assert rows[0].statistic == "mean, share of the fakes in cluster 0, where 12% of the reals are"


def test_stays_silent_when_all_are_reached(examine, make_run, good):
    assert examine(make_run({}, good)).status == "clear"


def test_clusters_of_noise_mean_nothing(examine, make_run, nothing):
    verdict = examine(make_run({}, nothing | {"modes": 0.1}))
    assert (verdict.status, verdict.findings) == ("not assessed", ())


def test_one_bad_check_is_not_enough(examine, make_run, good):
    run = make_run({}, good | {"modes": lambda s: 0.5 if s % 72 == 0 else 1.0})
    assert examine(run).findings == ()
