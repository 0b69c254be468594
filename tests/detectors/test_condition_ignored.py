import pytest

from gan_doctor.detectors.condition_ignored import ConditionIgnored


@pytest.fixture
def examine():
    return ConditionIgnored().examine


@pytest.mark.parametrize(("kappa", "severity"), [(0.3, "warning"), (0.0, "critical")])
def test_fires_where_samples_are_of_other_classes_than_asked(
    examine, make_run, good, kappa, severity
):
    (finding,) = examine(make_run({}, good | {"label_agreement": kappa})).findings
    assert finding.severity == severity
    assert finding.alarm <= 0.15 * 1200


def test_stays_silent_where_they_agree_as_reals_do(examine, make_run, good):
    assert examine(make_run({}, good | {"label_agreement": 0.8})).status == "clear"


def test_labels_that_nobody_could_read_off_the_images_are_not_assessed(examine, make_run, good):
    run = make_run({}, good | {"label_agreement": 0.05}, null={"label_agreement": 0.2})
    verdict = examine(run)
    assert (verdict.status, verdict.missing[0].why) == ("not assessed", "degenerate data")


def test_noise_is_of_no_class(examine, make_run, nothing):
    assert examine(make_run({}, nothing | {"label_agreement": 0.0})).findings == ()


def test_without_labels_it_is_not_assessed(examine, make_run, good):
    verdict = examine(make_run({}, good))
    assert (verdict.status, verdict.missing[0].why) == ("not assessed", "no series")
