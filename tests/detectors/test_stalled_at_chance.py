import pytest

from gan_doctor.detectors.stalled_at_chance import StalledAtChance

REAL = {"precision": 0.88, "recall": 0.88, "coverage": 0.97}


@pytest.fixture
def examine():
    return StalledAtChance().examine


@pytest.mark.parametrize("loss", [1.3863, 1.5])
def test_fires_on_a_dead_d_at_2_ln_2(examine, make_run, players, nothing, loss):
    """Measured: lr_G 5e-3, lr_D 1e-4 gives 1.39 to 1.54 at AUROC .03 to .54 and recall near 0."""
    (finding,) = examine(make_run(players(0.45, loss), nothing)).findings
    assert finding.severity == "critical"
    assert "D is blind" in finding.message


def test_says_when_d_is_constant(examine, make_run, players, nothing):
    run = make_run(players(0.5, 1.3863) | {"logit/sd": 1e-5}, nothing)
    assert "saying the same of everything" in examine(run).findings[0].message


def test_stays_silent_on_genuine_convergence_at_2_ln_2(examine, make_run, players):
    verdict = examine(make_run(players(0.5, 1.3863), REAL))
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_warns_when_the_samples_are_half_real(examine, make_run, players, good):
    (finding,) = examine(make_run(players(0.5, 1.4), good | {"coverage": 0.4})).findings
    assert finding.severity == "warning"


def test_stays_silent_on_a_healthy_run(examine, make_run, players, good):
    assert examine(make_run(players(0.96, 1.0), good)).findings == ()


def test_a_loss_at_its_equilibrium_without_samples_is_not_assessed(examine, make_run, players):
    verdict = examine(make_run(players(0.5, 1.3863)))
    assert verdict.status == "not assessed"
    assert "samples" in verdict.missing[0].what


def test_players_that_take_turns_are_not_a_blind_d(examine, make_run, players, nothing, swings):
    """Measured: momentum of .9 under spectral normalisation swings from .05 to 1, its mean is .41.

    In most ticks D is at or below chance, as a blind one is.
    """
    run = make_run(players(swings(0.41, 0.4, 75), 1.3863), nothing)
    assert examine(run).findings == ()
