import numpy as np
import pytest

from gan_doctor.detectors.blurry_output import BlurryOutput

# Of digits blurred over 3 x 3 pixels, as measured.
BLUR = {
    "laplacian_variance": 0.09,
    "high_frequency": 0.009,
    "precision": 0.87,
    "recall": 0.09,
    "coverage": 0.95,
}


@pytest.fixture
def examine():
    return BlurryOutput().examine


def test_fires_on_blurred_digits_and_says_that_it_is_no_collapse(examine, make_run, images):
    (finding,) = examine(make_run({}, images | BLUR)).findings
    assert finding.severity == "warning"
    assert finding.onset == 24
    assert 120 <= finding.alarm <= 144
    assert "with 12% of the fine detail" in finding.message
    assert "not mode collapse" in finding.message


def test_fires_from_where_the_blur_begins(examine, make_run, images):
    blur = {
        name: (lambda s, name=name: BLUR[name] if s > 600 else images[name])
        for name in ("laplacian_variance", "high_frequency")
    }
    (finding,) = examine(make_run({}, images | blur)).findings
    assert (finding.onset, finding.alarm) == (624, 672)


def test_is_over_when_the_images_are_sharp_again(examine, make_run, images):
    blur = {
        name: (lambda s, name=name: BLUR[name] if s < 600 else images[name])
        for name in ("laplacian_variance", "high_frequency")
    }
    verdict = examine(make_run({}, images | blur))
    assert verdict.status == "clear"
    assert [f.severity for f in verdict.findings] == ["info"]


def test_stays_silent_on_a_healthy_run(examine, make_run, images):
    assert examine(make_run({}, images)).status == "clear"


def test_stays_silent_on_noise(examine, make_run, images):
    noise = {"laplacian_variance": 8.0, "high_frequency": 0.8, "precision": 0.0}
    assert examine(make_run({}, images | noise)).findings == ()


def test_stays_silent_on_smooth_blobs_that_are_not_realistic(examine, make_run, images):
    assert examine(make_run({}, images | BLUR | {"precision": 0.05})).findings == ()


def test_stays_silent_on_a_collapse_onto_sharp_ones(examine, make_run, images):
    """All ones: .56 and .69 of the detail, as measured, recall like that of blur."""
    ones = {"laplacian_variance": 0.41, "high_frequency": 0.07, "precision": 0.86, "recall": 0.16}
    assert examine(make_run({}, images | ones)).findings == ()


@pytest.mark.parametrize("only", ["laplacian_variance", "high_frequency"])
def test_one_measure_alone_is_not_enough(examine, make_run, images, only):
    """Half the contrast takes three quarters of the Laplacian and none of the spectrum's shape."""
    assert examine(make_run({}, images | {only: 0.01 * images[only]})).findings == ()


def test_stays_silent_in_the_first_tenth(examine, make_run, images):
    assert examine(make_run({}, images | BLUR, steps=119)).findings == ()


def test_stays_silent_within_the_band_of_the_reals(examine, make_run, images):
    """The real measure scatters so much that its band reaches down to the fakes."""
    null = {"laplacian_variance": 0.03, "high_frequency": 0.03}
    run = make_run({}, images | {"laplacian_variance": 0.01, "high_frequency": 0.01}, null=null)
    assert examine(run).findings == ()


@pytest.mark.parametrize("null", [0.0, 5e-4])
def test_data_without_detail_is_degenerate(examine, make_run, images, null):
    run = make_run({}, images | BLUR, null={"high_frequency": null})
    verdict = examine(run)
    assert (verdict.status, verdict.missing[0].why) == ("not assessed", "degenerate data")


def test_points_and_runs_without_samples_are_not_assessed(examine, make_run, good):
    verdict = examine(make_run({}, good))
    assert (verdict.status, verdict.missing[0].why) == ("not assessed", "no series")
    assert "images" in verdict.missing[0].what
    assert "samples of G" in examine(make_run({"loss/d": 1.0})).missing[0].what


def test_survives_values_that_are_not_finite(examine, make_run, images):
    for bad in (np.nan, np.inf):
        assert examine(make_run({}, images | BLUR | {"high_frequency": bad})).findings == ()
