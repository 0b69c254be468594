import numpy as np
import pytest

from gan_doctor.detectors.quality_regression import QualityRegression


@pytest.fixture
def examine():
    return QualityRegression().examine


def falls(before, after, at=600):
    return lambda step: before if step < at else after


# --- must fire ---


@pytest.mark.parametrize(
    ("after", "severity"), [(0.6, "warning"), (0.3, "critical"), (0, "critical")]
)
def test_fires_on_samples_that_were_better(examine, make_run, of_quality, after, severity):
    (finding,) = examine(make_run({}, of_quality(falls(0.9, after)))).findings
    assert finding.severity == severity
    assert 600 <= finding.onset <= 648
    assert finding.alarm <= 720
    best = finding.evidence[1].window[0]
    assert best < 600
    assert finding.message == (
        f"Since step {finding.onset:g} the samples reach {after:.0%} of the data, after 90% at "
        f"step {best:g}: roll back to step {best:g}."
    )


def test_names_the_best_step(examine, make_run, of_quality):
    def hill(step):
        return 0.9 - abs(step - 480) / 800

    (finding,) = examine(make_run({}, of_quality(hill))).findings
    assert finding.message.endswith("roll back to step 480.")
    assert finding.onset > 600


def test_fires_under_noise(examine, make_run, swings, of_quality):
    noise = swings(0.0, 0.0, noise=0.03)
    run = make_run({}, of_quality(lambda s: falls(0.8, 0.4)(s) + noise(s)))
    (finding,) = examine(run).findings
    assert 600 <= finding.onset <= 672


@pytest.mark.parametrize(("after", "severity"), [(14.0, "warning"), (25.0, "critical")])
def test_fires_on_a_fid_that_rises(examine, make_run, after, severity):
    (finding,) = examine(make_run({"metric/fid": falls(10.0, after)})).findings
    assert finding.severity == severity
    assert f"the FID is {after:g}, after 10 at step" in finding.message
    assert finding.evidence[0].series == "metric/fid"


def test_fires_on_a_fid_among_broken_values(examine, make_run):
    fid = {"metric/fid": lambda s: 1e57 if s % 5 == 0 else falls(10.0, 40.0)(s)}
    (finding,) = examine(make_run(fid)).findings
    assert "the FID is 40" in finding.message


def test_samples_come_before_a_fid(examine, make_run, of_quality):
    run = make_run({"metric/fid": falls(10.0, 40.0)}, of_quality(0.9))
    assert examine(run).findings == ()


def test_it_is_over_when_the_samples_are_back(examine, make_run, of_quality):
    run = make_run({}, of_quality(lambda s: 0.3 if 400 < s < 800 else 0.9))
    (finding,) = examine(run).findings
    assert finding.cleared is not None
    assert finding.severity == "info"


# --- must stay silent ---


def test_stays_silent_on_a_dip_that_recovers(examine, make_run, of_quality):
    run = make_run({}, of_quality(lambda s: 0.3 if 600 <= s < 640 else 0.9))
    assert examine(run).findings == ()


def test_stays_silent_on_noise_of_the_size_of_the_null(examine, make_run, swings, of_quality):
    for seed in range(20):
        run = make_run({}, of_quality(swings(0.7, 0.0, noise=0.02, seed=seed)))
        assert examine(run).findings == ()


def test_stays_silent_on_samples_that_always_vary_much(examine, make_run, swings, of_quality):
    found = [
        bool(examine(make_run({}, of_quality(swings(0.5, 0.0, noise=0.12, seed=seed)))).findings)
        for seed in range(20)
    ]
    assert sum(found) <= 1


def test_stays_silent_on_a_healthy_run(examine, make_run, swings, of_quality):
    noise = swings(0.0, 0.0, noise=0.03)
    run = make_run({}, of_quality(lambda s: min(s / 500, 0.9) + noise(s)))
    verdict = examine(run)
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_stays_silent_early_in_the_training(examine, make_run, of_quality):
    run = make_run({}, of_quality(falls(0.5, 0.05, at=300)), steps=700, budget=12_000)
    assert examine(run).findings == ()


def test_stays_silent_on_samples_that_never_were_good(examine, make_run, of_quality):
    assert examine(make_run({}, of_quality(falls(0.15, 0.0)))).findings == ()


def test_stays_silent_on_a_fid_that_falls(examine, make_run, swings):
    noise = swings(0.0, 0.0, noise=0.05)
    run = make_run({"metric/fid": lambda s: (200 * np.exp(-s / 300) + 8) * np.exp(noise(s))})
    verdict = examine(run)
    assert (verdict.status, verdict.findings) == ("clear", ())


# --- not assessed ---


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e57, -3e68, 0.0])
def test_a_broken_fid_is_not_assessed(examine, make_run, value):
    """A public StyleGAN2-ADA run logs FIDs of 1e57 and -3e68."""
    verdict = examine(make_run({"metric/fid": value}))
    assert verdict.status == "not assessed"
    assert verdict.missing[0].why == "degenerate data"


def test_a_run_without_samples_and_fid_is_not_assessed(examine, make_run):
    assert examine(make_run({"loss/d": 1.0})).status == "not assessed"
