import pytest

from gan_doctor.detectors.mode_collapse import ModeCollapse


@pytest.fixture
def examine():
    return ModeCollapse().examine


def test_fires_when_the_spread_is_gone(examine, make_run, good):
    (finding,) = examine(make_run({}, good | {"spread_ratio": 0.02})).findings
    assert finding.severity == "critical"
    assert "2% of the spread" in finding.message


def test_fires_on_copies_of_a_few_images_whose_spread_is_real(examine, make_run, good):
    """Two images have half the mean distance of the data: the copies show it."""
    (finding,) = examine(make_run({}, good | {"copied_pairs": 0.5})).findings
    assert finding.severity == "critical"
    assert "2 images over and over" in finding.message


def test_samples_along_a_curve_are_no_copies_of_a_few(examine, make_run, good):
    """A z of one number makes a curve: all samples have a near one, but 1 pair in 100 is near."""
    assert examine(make_run({}, good | {"copied_pairs": 0.01})).findings == ()


def test_warns_on_narrow_samples(examine, make_run, good):
    (finding,) = examine(make_run({}, good | {"spread_ratio": 0.2})).findings
    assert finding.severity == "warning"


def test_a_check_at_which_the_samples_fly_apart_hides_no_collapse(examine, make_run, good):
    """Measured on a ring whose players take turns: from .0003 to 50 of the real spread."""
    samples = good | {"spread_ratio": lambda s: 50.0 if s == 600 else 0.05}
    (finding,) = examine(make_run({}, samples)).findings
    assert "5% of the spread" in finding.message


def test_dates_a_late_collapse(examine, make_run, good):
    run = make_run({}, good | {"spread_ratio": lambda s: 0.01 if s > 700 else 1.0})
    (finding,) = examine(run).findings
    assert 700 < finding.onset <= 724
    assert finding.alarm <= 700 + 3 * 24


def test_stays_silent_on_data_of_low_diversity(examine, make_run, good):
    """Four images make up this data, and the fakes; they repeat as much and no more."""
    run = make_run({}, good | {"copied_pairs": 0.25}, null={"copied_pairs": 0.25})
    assert examine(run).findings == ()


def test_stays_silent_on_an_early_narrow_phase(examine, make_run, good):
    """Measured in a healthy run: 4% of the spread at 6% of the budget, all of it at 15%."""
    run = make_run({}, good | {"spread_ratio": lambda s: 0.04 if s <= 72 else 1.0})
    assert examine(run).findings == ()


def test_without_samples_it_is_not_assessed(examine, make_run, players):
    verdict = examine(make_run(players(0.9, 0.9)))
    assert verdict.status == "not assessed"
    assert verdict.missing[0].how


def test_constant_data_is_not_assessed(examine, make_run, good):
    for null in (0.0, float("nan")):
        verdict = examine(make_run({}, good, null={"spread_ratio": null}))
        assert verdict.missing[0].why == "degenerate data"
