import numpy as np
import pytest

from gan_doctor.core import Missing, Objective
from gan_doctor.detectors.discriminator_overpowering import DiscriminatorOverpowering

LN2 = np.log(2)


@pytest.fixture
def examine():
    return DiscriminatorOverpowering().examine


def test_fires_on_a_d_that_has_won_while_the_samples_are_nothing(
    examine, make_run, players, nothing
):
    verdict = examine(make_run(players(1.0, 1e-3), nothing))
    (finding,) = verdict.findings
    assert (verdict.status, finding.severity, finding.standing) == ("fired", "critical", True)
    assert finding.onset <= 24
    assert finding.alarm <= 0.15 * 1200
    assert "100% of real-fake pairs" in finding.message


def test_warns_before_it_convicts(examine, make_run, players, nothing):
    early = make_run(players(1.0, 1e-3), nothing, steps=120)
    assert examine(early).findings[0].severity == "warning"


def test_dates_the_onset_of_a_d_that_wins_late(examine, make_run, players):
    won = 600
    run = make_run(
        players(lambda s: 1.0 if s > won else 0.9, lambda s: 0.001 if s > won else 0.9),
        {name: (lambda s: 0.0 if s > won else 0.6) for name in ("precision", "recall", "coverage")},
    )
    (finding,) = examine(run).findings
    assert won < finding.onset <= won + 24  # the first sample check that shows it
    assert finding.alarm <= won + 0.1 * 1200


def test_stays_silent_when_samples_improve_though_d_is_perfect(examine, make_run, players):
    """The measured run: AUROC 1.000 for 1,000 steps, recall .37 at 400 and .74 at the end."""

    def rises(step):
        return min(0.74, step / 1000)

    samples = dict.fromkeys(("precision", "recall", "coverage"), rises)
    verdict = examine(make_run(players(1.0, 0.1), samples))
    assert verdict.status == "clear"
    assert not [f for f in verdict.findings if f.severity != "info"]


def test_stays_silent_when_d_is_perfect_and_the_samples_are_good(examine, make_run, players, good):
    assert examine(make_run(players(1.0, 1e-3), good)).status == "clear"


def test_stays_silent_on_a_healthy_run(examine, make_run, players, good):
    assert examine(make_run(players(0.96, 0.9), good)).findings == ()


def test_without_samples_it_warns_and_says_what_would_settle_it(examine, make_run, players):
    (finding,) = examine(make_run(players(1.0, 1e-3))).findings
    assert finding.severity == "warning"
    assert any("samples" in missing.what for missing in finding.missing)


def test_without_a_null_samples_do_not_convict(examine, make_run, players, nothing):
    (finding,) = examine(make_run(players(1.0, 1e-3), nothing, with_bands=False)).findings
    assert finding.severity == "warning"


def test_a_loss_pinned_at_its_clamp_is_a_fact_even_without_samples(examine, make_run):
    run = make_run({"loss/d": 0.0, "loss/g": 100.0}, objective=None)
    (finding,) = examine(run).findings
    assert finding.severity == "critical"


@pytest.mark.parametrize("objective", ["wasserstein", "wgan-gp"])
def test_a_wasserstein_loss_near_0_is_not_assessed(examine, make_run, players, nothing, objective):
    verdict = examine(make_run(players(1.0, 0.0), nothing, objective=objective))
    assert verdict.status == "not assessed"
    assert verdict.missing[0].why == "objective unknown"


def test_hinge_exactly_0_for_some_steps_is_no_victory(examine, make_run, players, nothing):
    at_times = players(1.0, lambda s: 0.0 if s % 10 < 3 else 1.2)
    assert examine(make_run(at_times, nothing, objective="hinge")).status == "clear"


def test_a_smoothed_loss_at_its_floor_is_a_victory(examine, make_run, nothing):
    """.3251 is as low as one-sided smoothing lets the loss go: an absolute limit would miss it."""
    won = {"loss/d": 0.33, "auroc": 1.0, "logit/gradient": -0.1}
    smoothed = Objective("non-saturating", "sum", smoothing=0.9)
    plain = Objective("non-saturating", "sum")
    assert examine(make_run(won, nothing, objective=smoothed)).findings[0].severity == "critical"
    assert examine(make_run(won, nothing, objective=plain)).findings == ()


def test_mean_and_sum_convention_are_told_apart(examine, make_run, nothing):
    half_way = {"loss/d": 0.13, "auroc": 1.0, "logit/gradient": -0.1}
    for reduction, fires in (("sum", True), ("mean", False)):
        run = make_run(half_way, nothing, objective=Objective("non-saturating", reduction))
        assert bool(examine(run).findings) is fires


def test_the_loss_alone_is_not_read_without_its_reduction(examine, make_run):
    verdict = examine(make_run({"loss/d": 0.001, "loss/g": 5.0}))
    assert verdict.status == "not assessed"


def test_a_critic_that_scores_reals_low_is_read_the_right_way_round(
    examine, make_run, players, nothing
):
    low = players(0.0, 1e-3, scores_reals_high=False)
    assert examine(make_run(low, nothing)).findings[0].severity == "critical"
    assert examine(make_run(players(0.0, 1e-3), nothing)).findings == ()


def test_unknown_orientation_leaves_the_loss_which_warns(examine, make_run, nothing):
    run = make_run({"auroc": 1.0, "loss/d/clean": 1e-3}, nothing)
    (finding,) = examine(run).findings
    assert any(isinstance(m, Missing) and m.why == "orientation unknown" for m in finding.missing)


def test_what_has_cleared_informs(examine, make_run, players):
    run = make_run(
        players(lambda s: 1.0 if s < 400 else 0.9, lambda s: 0.001 if s < 400 else 0.9),
        {name: (lambda s: 0.0 if s < 400 else 0.6) for name in ("precision", "recall", "coverage")},
    )
    (finding,) = examine(run).findings
    assert finding.severity == "info"
    assert 400 <= finding.cleared <= 500


def test_warm_up_raises_nothing(examine, make_run, players, nothing):
    run = make_run(players(1.0, 1e-3), nothing, steps=400, budget=100_000)
    assert examine(run).findings == ()
    assert examine(run).missing[0].why == "warm-up"
