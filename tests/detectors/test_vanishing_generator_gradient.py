import numpy as np
import pytest

from gan_doctor.core import Setup
from gan_doctor.detectors.vanishing_generator_gradient import VanishingGeneratorGradient


@pytest.fixture
def examine():
    return VanishingGeneratorGradient().examine


def shrinks(to, at=300, first=1.0):
    return lambda s: first * (to if s > at else 1.0)


VANISHED = {"gradient/g": shrinks(1e-4), "update/g": shrinks(1e-3, first=0.01)}


def test_fires_on_a_g_without_gradient_whose_samples_are_bad(examine, make_run, nothing):
    (finding,) = examine(make_run(VANISHED, nothing)).findings
    assert (finding.severity, finding.standing) == ("critical", True)
    assert 300 < finding.onset <= 306
    assert finding.alarm <= 306 + 0.06 * 1200
    assert "1/10,000 of its first size" in finding.message


def test_fires_on_the_minimax_loss_of_a_d_that_has_won(examine, make_run, nothing):
    """As measured: 1e-2 at step 20, and a tenth of what was left every 100 steps."""
    saturated = {"gradient/g": lambda s: 0.3 * 10 ** (-min(s, 20) / 10 - max(s - 20, 0) / 100)}
    (finding,) = examine(make_run(saturated, nothing)).findings
    assert finding.severity == "critical"
    assert finding.alarm <= 0.25 * 1200


def test_adam_that_still_moves_g_is_no_comfort_where_the_samples_are_bad(
    examine, make_run, nothing
):
    run = make_run(VANISHED | {"update/g": 0.01}, nothing)
    assert examine(run).findings[0].severity == "critical"


def test_without_samples_it_warns_and_says_what_would_settle_it(examine, make_run):
    (finding,) = examine(make_run(VANISHED)).findings
    assert finding.severity == "warning"
    assert any("samples" in missing.what for missing in finding.missing)


def test_a_gradient_of_exactly_0_is_nothing(examine, make_run, nothing):
    run = make_run({"gradient/g": shrinks(0.0)}, nothing)
    assert "shrunk to nothing" in examine(run).findings[0].message


def test_near_adams_eps_g_stands_still_whatever_its_update_was(
    examine, make_run, half, steps_by_adam
):
    moving = make_run(VANISHED | {"update/g": 0.01}, half)
    assert examine(moving).findings == ()
    # 1e-4 over four million weights is 5e-8 for each of them.
    (finding,) = examine(steps_by_adam(moving, 4e6)).findings
    assert finding.severity == "warning"


@pytest.fixture
def half():
    return {"precision": 0.3, "recall": 0.35, "coverage": 0.4, "neighbour_correlation": 0.5}


def test_says_that_it_is_lost_in_depth(examine, make_run, nothing):
    layers = {"gradient/g/first": shrinks(1e-9), "gradient/g/last": shrinks(1e-4)}
    (finding,) = examine(make_run(VANISHED | layers, nothing)).findings
    assert "in depth: its first layer gets 1/100,000 of what its last one gets" in finding.message


def test_says_that_half_precision_may_have_lost_it(examine, make_run):
    run = make_run(VANISHED)
    assert "float16" not in examine(run).findings[0].message
    setup = {"objective": run.setup.objective, "total_steps": run.budget}
    half_precision = Setup(**setup, amp="float16")
    (finding,) = examine(type(run)("run", series=run.series, setup=half_precision)).findings
    assert "float16" in finding.message


def test_stays_silent_on_a_g_that_has_converged(examine, make_run, good):
    assert examine(make_run(VANISHED, good)).status == "clear"


def test_stays_silent_on_a_small_norm_under_which_g_moves_on(examine, make_run):
    assert examine(make_run(VANISHED | {"update/g": 0.01})).status == "clear"


@pytest.mark.parametrize(
    "norm",
    [
        pytest.param(lambda s: 1e-6, id="that was always small"),
        pytest.param(lambda s: max(0.01, 1 - s / 400), id="that falls to a hundredth"),
        pytest.param(lambda s: 1e-5 if s % 3 else 1.0, id="that is there at each third step"),
        pytest.param(lambda s: 1e-5 if 500 < s < 530 else 1.0, id="that is lost for a moment"),
        pytest.param(lambda s: 1.0 if s > 5 else 1e4, id="whose first steps were huge"),
        pytest.param(lambda s: min(1.0, 1 / s), id="that is clipped at its beginning"),
    ],
)
def test_stays_silent_on_a_gradient(examine, make_run, nothing, norm):
    verdict = examine(make_run({"gradient/g": norm}, nothing))
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_a_gradient_that_never_was_is_no_gradient_that_vanished(examine, make_run, nothing):
    verdict = examine(make_run({"gradient/g": 0.0}, nothing))
    assert verdict.status == "not assessed"
    assert verdict.missing[0].why == "degenerate data"


def test_a_record_that_begins_late_does_not_know_the_first_steps(examine, make_run, nothing):
    run = make_run(VANISHED, nothing)
    late = type(run)("late", series=tuple(s[400:] for s in run.series), setup=run.setup)
    assert examine(late).missing[0].why == "too short"


def test_without_the_gradient_it_is_not_assessed(examine, make_run, nothing):
    assert examine(make_run({"loss/g": 1e-9}, nothing)).status == "not assessed"


def test_a_warm_up_raises_nothing(examine, make_run, nothing):
    run = make_run(VANISHED, nothing, steps=480, budget=100_000)
    assert examine(run).findings == ()


def test_values_that_are_not_finite_are_left_to_their_own_detector(examine, make_run, nothing):
    run = make_run({"gradient/g": lambda s: np.nan if s > 300 else 1.0}, nothing)
    assert examine(run).findings == ()
