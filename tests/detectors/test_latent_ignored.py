import pytest

from gan_doctor.detectors.latent_ignored import LatentIgnored


@pytest.fixture
def examine():
    return LatentIgnored().examine


@pytest.mark.parametrize("samples", ["good", "nothing"])
def test_fires_on_one_sample_a_class_whatever_it_looks_like(examine, make_run, samples, request):
    standing = request.getfixturevalue(samples)
    (finding,) = examine(make_run({}, standing | {"class_spread_ratio": 1e-9})).findings
    assert (finding.severity, finding.standing) == ("critical", True)
    assert "one sample for each class" in finding.message


def test_little_difference_within_a_class_is_another_fault(examine, make_run, good):
    assert examine(make_run({}, good | {"class_spread_ratio": 0.05})).status == "clear"


def test_clusters_are_no_classes(examine, make_run, good):
    """Without labels nothing is fixed while z varies: that is a matter of mode collapse."""
    verdict = examine(make_run({}, good | {"cluster_spread_ratio": 1e-9}))
    assert verdict.status == "not assessed"
    assert "fake_labels" in verdict.missing[0].how
