"""What fools a monitor of one loss: all detectors together, each trap by name."""

import numpy as np
import pytest

import gan_doctor
from gan_doctor.core import Objective, join

TWO_LN2 = 2 * np.log(2)


@pytest.fixture
def standing():
    """Codes of what stands against a run, information left out."""

    def standing(run):
        findings = gan_doctor.diagnose(run).findings
        return {f.code for f in findings if f.standing and f.severity != "info"}

    return standing


@pytest.fixture
def learns():
    """Samples that reach three quarters of the data by the end."""
    return dict.fromkeys(("precision", "recall", "coverage"), lambda s: min(0.75, s / 1200)) | {
        "neighbour_correlation": 0.7
    }


def ar1(level, sd, rho=0.95, seed=0):
    drawn, values = np.random.default_rng(seed).standard_normal(2000), [0.0]
    for noise in drawn:
        values.append(rho * values[-1] + noise)
    scale = sd * (1 - rho**2) ** 0.5
    return lambda step: level + scale * values[int(step)]


@pytest.mark.parametrize("objective", ["wasserstein", "wgan-gp"])
def test_a_wgan_loss_near_0(standing, make_run, players, learns, objective):
    assert standing(make_run(players(0.8, 0.0), learns, objective=objective)) == set()


def test_a_hinge_loss_of_exactly_0_for_some_steps(standing, make_run, players, learns):
    at_times = players(0.99, lambda s: 0.0 if s % 10 < 3 else 1.2)
    assert standing(make_run(at_times, learns, objective="hinge")) == set()


def test_stylegans_softplus_without_its_r1(standing, make_run, players, learns):
    """D's loss is logged without its penalty: low for long while G learns."""
    styled = players(0.999, 0.12) | {"penalty/d": 0.4, "loss/g": 4.0}
    objective = Objective("non-saturating", "sum", penalties=("r1",))
    assert standing(make_run(styled, learns, objective=objective)) == set()


def test_relativistic_logits_with_any_offset(standing, make_run, players, learns):
    """Only differences are identified: both means drift far off 0."""
    drifting = players(0.9, 0.4) | {
        "logit/real": lambda s: 30 + s / 100, "logit/fake": lambda s: 29 + s / 100,
        "logit/sd": 1.0, "sign/real": 1.0, "sign/fake": 1.0,
    }  # fmt: skip
    assert standing(make_run(drifting, learns, objective="relativistic-paired")) == set()


def test_a_critic_that_scores_reals_low(standing, make_run, players, learns):
    low = players(0.1, 0.9, scores_reals_high=False) | {"logit/gradient/generator": 0.3}
    assert standing(make_run(low, learns)) == set()


def test_d_ahead_under_r1_while_g_learns(standing, make_run, players, learns):
    """Measured: AUROC 1.000 for 1,000 steps while recall rose to that of the healthy run."""
    assert standing(make_run(players(1.0, 0.05), learns)) == set()


@pytest.mark.parametrize(("reached", "said"), [(0.95, set()), (0.02, {"GD203"})])
def test_convergence_and_a_dead_d_have_the_same_loss(
    standing, make_run, players, of_quality, reached, said
):
    run = make_run(players(0.5, TWO_LN2), of_quality(reached))
    assert standing(run) >= said
    assert bool(standing(run)) == bool(said)


def test_blur_looks_like_collapse_to_recall(standing, make_run, images):
    blurred = images | {"recall": 0.02, "laplacian_variance": 0.08, "high_frequency": 0.01}
    found = standing(make_run({}, blurred))
    assert "GD402" in found
    assert "GD301" not in found


def test_a_data_set_of_low_diversity(standing, make_run, good):
    null = {"spread_ratio": 0.05, "copied_pairs": 0.3, "vendi_ratio": 0.05}
    alike = {"spread_ratio": 0.05, "copied_pairs": 0.3, "vendi_ratio": 0.05}
    null |= {"modes": 1.0}
    assert standing(make_run({}, good | alike, null=null)) == set()


def test_a_spike_of_the_loss_that_recovers_is_noted_with_do_not_stop(make_run, players, good):
    run = make_run(players(0.9, lambda s: 6.0 if 700 < s <= 712 else 0.9), good)
    diagnosis = gan_doctor.diagnose(run)
    assert diagnosis.worst in (None, "info")
    assert diagnosis.outlook.action == "continue"


def test_a_learning_rate_that_decays_to_the_end(standing, make_run, players, learns):
    decaying = {"lr/d": lambda s: 2e-4 * max(0.0, 1 - s / 1200), "lr/g": 2e-4}
    decaying |= {"update/d": lambda s: 1e-3 * max(1e-3, 1 - s / 1200)}
    assert standing(make_run(players(0.9, 0.9) | decaying, learns)) == set()


def test_a_run_that_was_begun_again_in_health(standing, make_run, players, good, nothing):
    """What stood against the first part is over."""
    sick = make_run(players(1.0, 1e-3), nothing, steps=600)
    assert "GD201" in standing(sick)
    assert standing(join([sick, make_run(players(0.9, 0.9), good)])) == set()


def test_noise_that_remembers_is_no_cycle(make_run, players, good):
    run = make_run(players(0.9, ar1(0.9, 0.15)), good)
    assert not {"GD001", "GD204"} & {f.code for f in gan_doctor.diagnose(run).findings}


def test_a_wiring_fault_outranks_what_follows_from_it(make_run, players, nothing):
    swapped = players(1.0, 1e-3) | {"logit/gradient": 0.3, "logit/gradient/generator": -0.3}
    headline, *others = gan_doctor.diagnose(make_run(swapped, nothing)).findings
    assert headline.code == "GD603"
    assert {f.cause for f in others if f.severity == "critical"} <= {"labels-swapped"}
