import numpy as np
import pytest

from gan_doctor.core import Network
from gan_doctor.detectors.value_range_mismatch import ValueRangeMismatch

STANDARDISED = (-0.42, 2.82)  # MNIST less its mean, over its deviation


@pytest.fixture
def examine():
    return ValueRangeMismatch().examine


@pytest.fixture
def with_g(with_setup):
    def add(run, activation, real, fake=(0.0, 0.1)):
        network = Network("g", output_activation=activation)
        return with_setup(run, networks=(network,), real_range=real, fake_range=fake)

    return add


def test_reals_beyond_a_tanh_are_a_fact_from_the_start(examine, make_run, with_g):
    run = with_g(make_run({"loss/d": 1.0}, steps=30), "Tanh", STANDARDISED)
    (finding,) = examine(run).findings
    assert finding.severity == "warning"
    assert (finding.onset, finding.alarm) == (6, 6)
    assert "-0.42 to 2.82" in finding.message
    assert "56% of the real range" in finding.message


@pytest.mark.parametrize(
    ("activation", "real"),
    [("Sigmoid", (-1, 1)), ("Tanh", (0, 255)), ("ReLU", (-1, 1)), ("Tanh", (-3, 0.9))],
)
def test_each_bounded_activation_has_its_reach(examine, make_run, with_g, activation, real):
    run = with_g(make_run({"loss/d": 1.0}, steps=30), activation, real)
    assert examine(run).status == "fired"


@pytest.mark.parametrize("precision", [0.0, 0.3])
def test_is_critical_where_many_real_values_are_not_reached(
    examine, make_run, with_g, images, precision
):
    samples = images | {"unreached": 0.15, "precision": precision}
    run = with_g(make_run({"loss/d": 1.0}, samples), "Tanh", STANDARDISED)
    (finding,) = examine(run).findings
    assert finding.severity == "critical"
    assert finding.alarm == 6
    assert "15% of the real values" in finding.message


def test_noise_does_not_make_a_small_excess_critical(examine, make_run, with_g, nothing, images):
    """Noise of a narrow range leaves most values unreached, whatever G could reach."""
    samples = images | nothing | {"unreached": 0.9}
    (finding,) = examine(with_g(make_run({}, samples), "Tanh", (-1, 1.2))).findings
    assert finding.severity == "warning"


def test_is_over_once_the_samples_are_seen_to_reach_the_range(examine, make_run, with_g, images):
    """G scales its output after the last activation."""
    run = make_run({}, images | {"unreached": lambda s: 0.0 if s > 100 else 0.9})
    verdict = examine(with_g(run, "Tanh", (-3.0, 3.0)))
    assert verdict.status == "clear"
    assert [f.severity for f in verdict.findings] == ["info"]


def test_fakes_beyond_the_activation_belie_it(examine, make_run, with_g, images):
    assert examine(with_g(make_run({}, images), "Tanh", (-3, 3), fake=(-2, 2))).findings == ()


@pytest.mark.parametrize("real", [(-1, 1), (-1.02, 1.02), (0, 1), (-0.3, 0.2), (2, 2), None])
def test_stays_silent_where_a_tanh_reaches_the_reals(examine, make_run, with_g, images, real):
    assert examine(with_g(make_run({}, images), "Tanh", real)).findings == ()


def test_fires_on_a_tanh_beside_reals_in_the_unit_range(examine, make_run, with_g, images):
    """As measured: .14 to .36 of the values outside throughout, precision .3."""
    samples = images | {"outside": 0.2, "precision": 0.3, "value_distance": 0.3}
    (finding,) = examine(with_g(make_run({}, samples), "Tanh", (0, 1))).findings
    assert finding.severity == "warning"
    assert "20% of the values of the fakes" in finding.message
    assert 120 <= finding.alarm <= 144


def test_unreal_fakes_beyond_reals_that_use_half_of_a_tanh(
    examine, make_run, with_g, images, nothing
):
    """As measured: a seventh to a third outside throughout, and precision next to none at first."""
    samples = images | nothing | {"outside": 0.2}
    (finding,) = examine(with_g(make_run({}, samples), "Tanh", (0, 1))).findings
    assert "20% of the values of the fakes" in finding.message
    assert finding.alarm <= 144
    assert examine(with_g(make_run({}, samples), "Tanh", (-0.9, 1))).findings == ()


def test_fires_on_realistic_fakes_that_leave_values_out(examine, make_run, images):
    (finding,) = examine(make_run({}, images | {"unreached": 0.1})).findings
    assert "10% of the values of the reals" in finding.message


def test_values_that_a_tanh_could_reach_are_no_mismatch(examine, make_run, with_g, images):
    run = make_run({}, images | {"unreached": 0.3})
    assert examine(with_g(run, "Tanh", (-1, 1))).findings == ()


def test_fires_on_a_frame_that_only_one_side_has(examine, make_run, nothing, images):
    """As measured with a white frame: 1.0 at the border, .14 in all, precision .07."""
    samples = images | {"border_distance": 1.0, "value_distance": 0.14, "precision": 0.07}
    (finding,) = examine(make_run({}, samples)).findings
    assert finding.severity == "warning"
    assert "outermost pixels" in finding.message
    assert sum(row.important for row in finding.evidence) == 1


def test_stays_silent_on_a_healthy_run(examine, make_run, images):
    assert examine(make_run({}, images)).status == "clear"


@pytest.mark.parametrize(
    ("border", "value"), [(0.97, 0.81), (0.94, 0.61), (0.8, 0.42), (0.43, 0.22), (0.37, 0.17)]
)
def test_stays_silent_on_samples_on_their_way(examine, make_run, images, border, value):
    """As a DCGAN passes through; here it stays there."""
    samples = images | {"border_distance": border, "value_distance": value}
    assert examine(make_run({}, samples)).findings == ()


def test_stays_silent_on_noise(examine, make_run, images, nothing):
    noise = {"outside": 0.4, "unreached": 0.3, "border_distance": 0.8, "value_distance": 0.7}
    assert examine(make_run({}, images | nothing | noise)).findings == ()


def test_only_the_fact_sounds_in_the_first_tenth(examine, make_run, images):
    samples = images | {"outside": 0.5, "border_distance": 1.0}
    assert examine(make_run({}, samples, steps=119)).findings == ()


def test_what_halves_of_the_reals_show_is_no_fault(examine, make_run, images):
    run = make_run({}, images | {"outside": 0.1}, null={"outside": 0.1})
    assert examine(run).findings == ()


def test_points_and_runs_without_samples_are_not_assessed(examine, make_run, good):
    verdict = examine(make_run({}, good))
    assert (verdict.status, verdict.missing[0].why) == ("not assessed", "no series")
    assert "images" in verdict.missing[0].what
    assert "samples of G" in examine(make_run({"loss/d": 1.0})).missing[0].what


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_survives_values_that_are_not_finite(examine, make_run, with_g, images, bad):
    names = ("outside", "unreached", "border_distance", "value_distance")
    run = make_run({}, images | dict.fromkeys(names, bad))
    assert examine(run).findings == ()
    for finding in examine(with_g(run, "Tanh", STANDARDISED)).findings:
        assert np.isfinite([row.value for row in finding.evidence]).all()
    assert examine(with_g(run, "Tanh", (0, bad))).findings == ()
