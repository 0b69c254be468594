import pytest

from gan_doctor.detectors.intra_class_collapse import IntraClassCollapse


@pytest.fixture
def examine():
    return IntraClassCollapse().examine


@pytest.mark.parametrize(("left", "severity"), [(0.06, "warning"), (0.01, "critical")])
@pytest.mark.parametrize("place", ["class", "cluster"])
def test_fires_where_samples_hardly_differ_within(examine, make_run, good, left, severity, place):
    (finding,) = examine(make_run({}, good | {f"{place}_spread_ratio": left})).findings
    assert finding.severity == severity
    assert f"of one {place}" in finding.message
    assert finding.alarm <= 0.15 * 1200


def test_classes_go_before_clusters(examine, make_run, good):
    run = make_run({}, good | {"class_spread_ratio": 1.0, "cluster_spread_ratio": 0.01})
    assert examine(run).status == "clear"


def test_stays_silent_on_as_much_spread_as_the_reals_have(examine, make_run, good):
    assert examine(make_run({}, good | {"class_spread_ratio": 0.9})).status == "clear"


def test_data_that_is_itself_narrow_is_compared_with_itself(examine, make_run, good):
    narrow = {"class_spread_ratio": 0.05}
    run = make_run({}, good | narrow, null={"class_spread_ratio": 0.06})
    assert examine(run).status == "clear"


def test_a_healthy_g_on_narrow_gaussians_keeps_little_and_stays_silent(examine, make_run, good):
    """Measured on the conditional ring: a tenth of the spread within each Gaussian."""
    assert examine(make_run({}, good | {"class_spread_ratio": 0.1})).status == "clear"


def test_blur_narrows_too_little_to_be_taken_for_it(examine, make_run, good):
    assert examine(make_run({}, good | {"cluster_spread_ratio": 0.5})).status == "clear"


def test_clusters_of_noise_mean_nothing(examine, make_run, nothing):
    verdict = examine(make_run({}, nothing | {"cluster_spread_ratio": 0.01}))
    assert (verdict.status, verdict.findings) == ("not assessed", ())
