import numpy as np
import pytest

from gan_doctor.core import Network
from gan_doctor.core.setup import Upsampling
from gan_doctor.detectors.checkerboard import Checkerboard


@pytest.fixture
def examine():
    return Checkerboard().examine


def test_fires_on_a_grid_over_the_digits(examine, make_run, images):
    (finding,) = examine(make_run({}, images | {"checkerboard": 5.8})).findings
    assert finding.severity == "warning"
    assert finding.onset == 24
    assert 120 <= finding.alarm <= 144
    assert "221 times the power" in finding.message
    (important,) = [row for row in finding.evidence if row.important]
    assert important.value == pytest.approx(5.4)


def test_fires_from_where_the_grid_appears(examine, make_run, images):
    run = make_run({}, images | {"checkerboard": lambda s: 4.0 if s > 600 else 0.4})
    (finding,) = examine(run).findings
    assert (finding.onset, finding.alarm) == (624, 672)


def grid_of(make_run, with_setup, images, *layers):
    run = make_run({}, images | {"checkerboard": 5.8})
    return with_setup(run, networks=(Network("g", upsampling=layers),))


@pytest.mark.parametrize(
    ("kernel", "stride", "said"),
    [((3, 3), (2, 2), "kernel of 3 x 3"), ((4, 5), (2, 2), "stride of 2 x 2")],
)
def test_names_the_kernel_that_is_no_multiple(
    examine, make_run, with_setup, images, kernel, stride, said
):
    layers = Upsampling("pixel-shuffle", stride=(2,)), Upsampling("transposed", kernel, stride)
    (finding,) = examine(grid_of(make_run, with_setup, images, *layers)).findings
    assert said in finding.message


def test_does_not_name_a_kernel_that_is_one(examine, make_run, with_setup, images):
    layers = Upsampling("transposed", (4, 4), (2, 2)), Upsampling("nearest", stride=(2.0,))
    (finding,) = examine(grid_of(make_run, with_setup, images, *layers)).findings
    assert "kernel" not in finding.message


def test_stays_silent_on_a_healthy_run(examine, make_run, images):
    assert examine(make_run({}, images)).status == "clear"


def test_a_kernel_alone_is_no_finding(examine, make_run, with_setup, images):
    network = Network("g", upsampling=(Upsampling("transposed", (3, 3), (2, 2)),))
    assert examine(with_setup(make_run({}, images), networks=(network,))).findings == ()


def test_stays_silent_where_the_reals_have_the_grid(examine, make_run, images):
    run = make_run({}, images | {"checkerboard": 5.8}, null={"checkerboard": 5.9})
    assert examine(run).status == "clear"


def test_stays_silent_on_what_blur_leaves_of_the_spectrum(examine, make_run, images):
    """Blurred over 3 x 3 pixels while training: up to 3.2 nats of next to nothing, as measured."""
    blurred = {"checkerboard": 3.6, "high_frequency": 0.004}
    assert examine(make_run({}, images | blurred)).findings == ()


def test_stays_silent_in_the_first_tenth(examine, make_run, images):
    assert examine(make_run({}, images | {"checkerboard": 5.8}, steps=119)).findings == ()


def test_a_log_without_the_high_frequencies_is_assessed(examine, make_run, images):
    images.pop("high_frequency")
    assert examine(make_run({}, images | {"checkerboard": 5.8})).status == "fired"


def test_points_and_runs_without_samples_are_not_assessed(examine, make_run, good):
    verdict = examine(make_run({}, good))
    assert (verdict.status, verdict.missing[0].why) == ("not assessed", "no series")
    assert "images" in verdict.missing[0].what
    assert "samples of G" in examine(make_run({"loss/d": 1.0})).missing[0].what


def test_survives_values_that_are_not_finite(examine, make_run, images):
    for bad in (np.nan, np.inf, -np.inf):
        assert examine(make_run({}, images | {"checkerboard": bad})).findings == ()
    mixed = make_run({}, images | {"checkerboard": lambda s: np.inf if s % 48 else 5.8})
    (finding,) = examine(mixed).findings
    assert np.isfinite([row.value for row in finding.evidence]).all()
