from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.detectors.healthy_pattern import HealthyPattern
from gan_doctor.stats import ar1_surrogates


@pytest.fixture
def examine():
    return HealthyPattern().examine


@pytest.fixture
def waves(swings):
    """Four cycles of D's loss, then rest."""
    return {"loss/d": swings(1.0, 0.4, 225, noise=0.1, until=900)}


# --- consistent ---


def test_states_a_healthy_pattern(examine, make_run, waves, of_quality):
    verdict = examine(make_run(waves, of_quality(0.85)))
    (finding,) = verdict.findings
    assert verdict.status == "fired"
    assert finding.severity == "info"
    assert finding.message.startswith("D's loss has gone down and up 3 times and come to rest")
    assert "85% of the data" in finding.message
    assert finding.alarm > 900


def test_samples_that_get_better_will_do(examine, make_run, waves, of_quality):
    run = make_run(waves, of_quality(lambda s: 0.1 + 0.4 * s / 1200))
    assert examine(run).status == "fired"


def test_a_wasserstein_run_may_have_the_shape_too(examine, make_run, waves, of_quality):
    run = make_run(waves, of_quality(0.85), objective="wasserstein")
    assert examine(run).status == "fired"


def test_a_decaying_learning_rate_takes_nothing_away(examine, make_run, waves, of_quality, event):
    decay = [event(step, "learning-rate") for step in range(100, 1200, 60)]
    assert examine(make_run(waves, of_quality(0.85), events=decay)).status == "fired"


def test_without_a_budget_one_is_assumed(examine, make_run, swings, of_quality):
    loss = {"loss/d": swings(1.0, 0.4, 1800, noise=0.1, until=7200)}
    run = make_run(loss, of_quality(0.85), steps=9900, budget=None, check_every=300)
    assert examine(run).status == "fired"


# --- inconsistent: a clear verdict without a finding ---


@pytest.mark.parametrize(
    "loss", [lambda s: np.exp(-s / 200), lambda s: 1.38, lambda s: 1.0 + s / 1200]
)
def test_a_loss_without_cycles_is_inconsistent(examine, make_run, of_quality, loss):
    verdict = examine(make_run({"loss/d": loss}, of_quality(0.85)))
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_bad_samples_are_inconsistent_with_any_shape(examine, make_run, waves, of_quality):
    """A collapse can give the same curve."""
    verdict = examine(make_run(waves, of_quality(0.1)))
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_cycles_to_the_very_end_are_inconsistent(examine, make_run, swings, of_quality):
    verdict = examine(make_run({"loss/d": swings(1.0, 0.4, 225)}, of_quality(0.85)))
    assert verdict.findings == ()


def test_it_is_over_when_the_loss_runs_off(examine, make_run, swings, of_quality):
    loss = swings(1.0, 0.4, 225, until=900)
    run = make_run(
        {"loss/d": lambda s: loss(s) if s < 1300 else 1 + (s - 1300) / 50},
        of_quality(0.85),
        steps=1800,
        budget=1500,
    )
    findings = examine(run).findings
    assert all(f.cleared is not None for f in findings)


# --- undetermined: not assessed ---


@pytest.mark.parametrize("rho", [0.0, 0.7, 0.9, 0.99])
def test_ar1_noise_is_no_healthy_cycle(examine, make_run, of_quality, rho):
    fired = 0
    for seed in range(15):
        noise = ar1_surrogates(1201, rho, 1, seed)[0] * np.sqrt(1 - rho * rho)
        run = make_run({"loss/d": lambda s, x=noise: 1 + 0.2 * x[int(s)]}, of_quality(0.9))
        fired += bool(examine(run).findings)
    assert fired <= 1


def test_noise_by_the_block_is_no_healthy_cycle_either(examine, make_run, of_quality):
    """Noise that remembers for a tenth of the budget makes two cycles in most runs."""
    found = []
    for seed in range(20):
        noise = ar1_surrogates(101, 0.9, 1, seed)[0]
        run = make_run({"loss/d": lambda s, x=noise: 1 + 0.1 * x[int(s) // 12]}, of_quality(0.9))
        found.append(bool(examine(run).findings))
    assert sum(found) <= 1


@pytest.mark.parametrize("loss", ["wasserstein", "wgan-gp", "relativistic-average", "r3gan"])
def test_a_monotone_loss_of_these_families_is_undetermined(examine, make_run, of_quality, loss):
    run = make_run({"loss/d": lambda s: np.exp(-s / 200)}, of_quality(0.9), objective=loss)
    verdict = examine(run)
    assert verdict.status == "not assessed"
    assert verdict.missing[0].why == "objective unknown"


def test_the_losses_alone_say_nothing(examine, make_run, waves):
    verdict = examine(make_run(waves))
    assert verdict.status == "not assessed"
    assert "samples" in verdict.missing[0].what


def test_the_first_half_says_nothing(examine, make_run, waves, of_quality):
    verdict = examine(make_run(waves, of_quality(0.9), steps=500))
    assert verdict.status == "not assessed"
    assert verdict.missing[0].why == "too short"


def test_a_loss_that_still_moves_says_nothing_before_the_end(examine, make_run, swings, of_quality):
    loss = {"loss/d": swings(1.0, 0.4, 150)}
    verdict = examine(make_run(loss, of_quality(0.9), steps=900))
    assert verdict.status == "not assessed"
    assert "come to rest" in verdict.missing[0].what


def test_a_run_in_epochs_says_nothing(examine, make_run, waves, of_quality):
    run = replace(make_run(waves, of_quality(0.9), budget=None), clock="epoch")
    assert examine(run).status == "not assessed"
