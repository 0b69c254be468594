from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.detectors.augmentation_leak import AugmentationLeak


@pytest.fixture
def examine():
    return AugmentationLeak().examine


@pytest.mark.parametrize(
    ("name", "share", "precision", "said"),
    [
        ("rotation", 0.88, 0.38, "77% more of the fakes"),
        ("translation", 0.92, 0.13, "shifted"),
        ("cutout", 0.98, 0.15, "cut out"),
        ("flip", 0.89, 0.46, "mirrored"),
    ],
)
def test_is_critical_where_nearly_all_are_augmented(
    examine, make_run, images, name, share, precision, said
):
    """The shares and precisions of augmented digits, as measured."""
    samples = images | {f"leak/{name}": share, "precision": precision}
    (finding,) = examine(make_run({}, samples)).findings
    assert finding.severity == "critical"
    assert finding.onset == 24
    assert 120 <= finding.alarm <= 144
    assert said in finding.message


def test_warns_where_half_of_them_are(examine, make_run, images):
    (finding,) = examine(make_run({}, images | {"leak/rotation": 0.49})).findings
    assert finding.severity == "warning"


def test_names_the_augmentation_with_the_largest_share(examine, make_run, images):
    run = make_run({}, images | {"leak/rotation": 0.88, "leak/flip": 0.54})
    (finding,) = examine(run).findings
    assert "turned by quarter turns" in finding.message
    (important,) = [row for row in finding.evidence if row.important]
    assert important.series == "sample/leak/rotation"


def test_fires_from_where_it_begins(examine, make_run, images):
    run = make_run({}, images | {"leak/flip": lambda s: 0.8 if s > 600 else 0.15})
    (finding,) = examine(run).findings
    assert (finding.onset, finding.alarm) == (624, 672)


@pytest.mark.parametrize(
    ("tricks", "said"),
    [(("ada", "ttur"), "and ada is in use."), (("diff-augment",), "diff-augment is in use.")],
)
def test_says_which_trick_augments(examine, make_run, with_setup, images, tricks, said):
    run = with_setup(make_run({}, images | {"leak/cutout": 0.9}), tricks=tricks)
    assert examine(run).findings[0].message.endswith(said)


@pytest.mark.parametrize("tricks", [None, (), ("ttur",)])
def test_says_nothing_of_tricks_it_does_not_know_of(examine, make_run, with_setup, images, tricks):
    run = with_setup(make_run({}, images | {"leak/cutout": 0.9}), tricks=tricks)
    assert "in use" not in examine(run).findings[0].message


def test_stays_silent_on_a_healthy_run(examine, make_run, images):
    """A healthy DCGAN is up to .14 above the reals."""
    assert examine(make_run({}, images | {"leak/rotation": 0.25})).status == "clear"


def test_stays_silent_with_ada_that_does_not_leak(examine, make_run, with_setup, images):
    assert examine(with_setup(make_run({}, images), tricks=("ada",))).status == "clear"


def test_stays_silent_where_the_reals_are_taken_for_it_as_often(examine, make_run, images):
    run = make_run({}, images | {"leak/flip": 0.6}, null={"leak/flip": 0.5})
    assert examine(run).status == "clear"


@pytest.mark.parametrize("sharpness", [0.1, 4.0])
def test_stays_silent_on_blur_and_on_grids(examine, make_run, images, sharpness):
    """Both trainings, as measured: .4 to 1.0 counted as shifted or cut out."""
    samples = images | {"leak/cutout": 0.9, "laplacian_variance": sharpness}
    assert examine(make_run({}, samples)).findings == ()


def test_noise_is_not_assessed(examine, make_run, images, nothing):
    """On small images it can be as sharp as they are."""
    verdict = examine(make_run({}, images | nothing | {"leak/cutout": 1.0}))
    assert (verdict.status, verdict.missing[0].why) == ("not assessed", "degenerate data")


def test_the_few_shapes_of_a_collapsed_g_are_not_assessed(examine, make_run, images):
    """Measured: precision up to .49 at a recall of 0, and 55% of them taken for shifted."""
    shapes = {"leak/translation": 0.6, "precision": 0.3, "recall": 0.0, "spread_ratio": 0.4}
    assert examine(make_run({}, images | shapes)).status == "not assessed"


def test_fires_on_varied_and_sharp_fakes_that_are_none_of_the_data(
    examine, make_run, images, nothing
):
    """Measured on digits of 8 pixels: all turned, precision 0, .76 to 1.07 of the spread."""
    samples = images | nothing | {"leak/rotation": 0.97, "neighbour_correlation": 0.7}
    (finding,) = examine(make_run({}, samples)).findings
    assert finding.severity == "critical"


def test_stays_silent_in_the_first_tenth(examine, make_run, images):
    assert examine(make_run({}, images | {"leak/cutout": 0.9}, steps=119)).findings == ()


def test_one_augmentation_that_is_recorded_is_enough(examine, make_run, good):
    run = make_run({}, good | {"leak/translation": 0.9})
    assert examine(run).status == "fired"


def test_points_and_runs_without_samples_are_not_assessed(examine, make_run, good):
    verdict = examine(make_run({}, good))
    assert (verdict.status, verdict.missing[0].why) == ("not assessed", "no series")
    assert "images" in verdict.missing[0].what
    assert "samples of G" in examine(make_run({"loss/d": 1.0})).missing[0].what


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_survives_values_that_are_not_finite(examine, make_run, images, bad):
    assert examine(make_run({}, images | {"leak/cutout": bad})).findings == ()
    bare = {name: v for name, v in images.items() if "leak" not in name}
    assert examine(make_run({}, bare | {"leak/cutout": bad})).status == "not assessed"


def test_an_augmentation_that_is_told_apart_only_later_is_judged_from_then_on(
    examine, make_run, images
):
    run = make_run({}, images | {"leak/rotation": 0.88, "leak/flip": 0.1})
    late = tuple(s[20:] if s.key.name == "sample/leak/rotation" else s for s in run.series)
    (finding,) = examine(replace(run, series=late)).findings
    assert finding.onset == 21 * 24
