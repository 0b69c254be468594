from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.detectors.non_convergence import NonConvergence
from gan_doctor.stats import ar1_surrogates


@pytest.fixture
def examine():
    return NonConvergence().examine


def remembering(rho, seed, level=1.0, sd=0.1, n=1201):
    """AR(1) noise, step by step."""
    noise = ar1_surrogates(n, rho, 1, seed)[0] * np.sqrt(1 - rho * rho)
    return lambda step: level + sd * noise[int(step)]


def swung(verdict):
    return [f for f in verdict.findings if "do not stop" in f.message]


# --- must fire ---


@pytest.mark.parametrize("name", ["loss/d", "loss/d/clean", "logit/real"])
def test_fires_on_a_period_and_says_that_samples_would_settle_it(examine, make_run, swings, name):
    (finding,) = examine(make_run({"loss/d": 0.9} | {name: swings(0.5, 0.2, 75)})).findings
    assert finding.severity == "warning"
    assert finding.evidence[0].series == name
    assert "period of about 77 steps" in finding.message  # 5 in 64 ticks
    assert "too few samples" in finding.message
    assert finding.missing
    assert 0.4 * 1200 <= finding.alarm <= 0.5 * 1200


def test_fires_on_a_period_while_the_samples_stay_short_of_real(
    examine, make_run, swings, of_quality
):
    run = make_run({"loss/d": swings(1.0, 0.3)}, of_quality(swings(0.4, 0, noise=0.03)))
    (finding,) = examine(run).findings
    assert finding.severity == "warning"
    assert "around 39% of the data" in finding.message
    assert finding.message.endswith("train on, do not stop for it alone.")


def test_fires_when_it_begins_half_way(examine, make_run, swings, of_quality):
    wave, still = swings(1.0, 0.3), swings(1.0, 0.0)
    run = make_run({"loss/d": lambda s: (wave if s > 600 else still)(s)}, of_quality(0.4))
    (finding,) = swung(examine(run))
    assert 600 < finding.onset <= finding.alarm < 1100


def test_fires_on_an_overshooting_g_whose_samples_stay_bad(examine, make_run, of_quality):
    """Measured: a learning rate far too high gives a cosine of -1.000."""
    run = make_run({"loss/d": 0.9, "gradient/g/cosine": -0.99}, of_quality(0.3))
    (finding,) = examine(run).findings
    assert "overshot" in finding.message
    assert finding.evidence[0].series == "gradient/g/cosine"


@pytest.mark.parametrize("up", [1, -1])
def test_fires_on_players_that_take_turns(examine, make_run, swings, of_quality, up):
    """Measured: momentum of .9 under spectral normalisation has an AUROC from .05 to 1."""
    auroc = swings(0.5, up * 0.35, 75)
    for quality, said in ((of_quality(0.1), "stay around 10%"), ({}, "too few samples")):
        (finding,) = examine(make_run({"loss/d": 0.9, "auroc": auroc}, quality)).findings
        assert "taken turns in being ahead (sd of AUROC 0.2" in finding.message
        assert said in finding.message
        assert finding.evidence[0].series == "auroc"


def test_fires_on_samples_that_go_up_and_down(examine, make_run, swings, of_quality):
    run = make_run({"loss/d": 0.9}, of_quality(swings(0.4, 0.3, 72)))
    (finding,) = examine(run).findings
    assert "up and down" in finding.message


@pytest.mark.parametrize("loss", ["wasserstein", "hinge", "relativistic-paired", None])
def test_a_period_has_no_objective(examine, make_run, swings, loss):
    run = make_run({"loss/d": swings(-30.0, 10.0)}, objective=loss)
    assert swung(examine(run))


def test_a_run_in_rows_has_a_period_too(examine, make_run, swings):
    from dataclasses import replace

    run = make_run({"loss/d": swings(1.0, 0.3, 12)}, steps=200, budget=None)
    (finding,) = swung(examine(replace(run, clock="epoch")))
    assert "period of about 13 epochs" in finding.message


def critic_with_clipped_weights(step):
    """As in a public log, whose authors call it a failure."""
    return 159 + 75 * np.exp(-step / 150)


def test_fires_on_a_fid_that_never_became_good(examine, make_run):
    (finding,) = examine(make_run({"metric/fid": critic_with_clipped_weights})).findings
    assert finding.severity == "warning"
    assert "the best FID is 159 at step 1200, after 23" in finding.message
    assert finding.alarm >= 480


@pytest.mark.parametrize(
    "fid",
    [
        pytest.param(lambda s: 8 + 37 * np.exp(-s / 200), id="went well"),
        pytest.param(lambda s: 90 + 200 * np.exp(-s / 200), id="slow"),
        pytest.param(lambda s: 30 - s / 400, id="went on from good weights"),
        pytest.param(lambda s: 1e57, id="broken metric"),
        pytest.param(lambda s: np.nan, id="no number"),
    ],
)
def test_stays_silent_on_a_fid_that(examine, make_run, fid):
    assert examine(make_run({"metric/fid": fid})).findings == ()


def test_a_fid_counts_only_without_samples_and_from_the_beginning(examine, make_run, of_quality):
    run = make_run({"metric/fid": critic_with_clipped_weights}, of_quality(lambda s: 0.9))
    assert examine(run).findings == ()
    late = make_run({"metric/fid": critic_with_clipped_weights}, steps=1200)
    (fid,) = late.series
    assert examine(replace(late, series=(fid[400:],))).findings == ()


def test_it_is_over_when_the_oscillation_dies_down(examine, make_run, swings):
    run = make_run({"loss/d": swings(1.0, 0.3, until=700)}, steps=1800, budget=1800)
    (finding,) = examine(run).findings
    assert finding.cleared is not None
    assert finding.severity == "info"


def test_a_jump_that_recovers_is_noted_and_no_more(examine, make_run, swings, of_quality):
    loss = swings(0.9, 0.0, noise=0.05)
    run = make_run(
        {"loss/d": lambda s: 25.0 if 600 < s <= 606 else loss(s)},
        of_quality(lambda s: min(s / 1200, 0.7)),
    )
    (finding,) = examine(run).findings
    assert (finding.severity, finding.onset, finding.standing) == ("info", 606, False)
    assert "from 0.9" in finding.message
    assert "no reason to stop" in finding.message


# --- must stay silent ---


def test_stays_silent_on_a_healthy_run(examine, make_run, players, swings, of_quality):
    loss, logit = swings(1.1, 0.0, noise=0.05), swings(0.3, 0.0, noise=0.05, seed=1)
    run = make_run(
        players(0.9, loss) | {"logit/real": logit}, of_quality(lambda s: min(s / 800, 0.9))
    )
    verdict = examine(run)
    assert (verdict.status, verdict.findings) == ("clear", ())


@pytest.mark.parametrize("rho", [0.0, 0.9, 0.98, 0.995])
def test_stays_silent_on_noise_that_remembers(examine, make_run, rho):
    found = [
        bool(
            examine(
                make_run(
                    {
                        "loss/d": remembering(rho, seed),
                        "logit/real": remembering(rho, 1000 + seed),
                    }
                )
            ).findings
        )
        for seed in range(25)
    ]
    assert sum(found) <= 1


@pytest.mark.parametrize(("batch", "noise"), [(64, 0.05), (8, 0.15)])
def test_stays_silent_on_an_auroc_that_varies_with_its_batches(
    examine, make_run, swings, with_setup, of_quality, batch, noise
):
    run = make_run({"loss/d": 0.9, "auroc": swings(0.5, 0.0, noise=noise)}, of_quality(0.1))
    assert examine(with_setup(run, batch_size=batch)).findings == ()


def test_stays_silent_when_players_take_turns_at_the_data(examine, make_run, swings, of_quality):
    run = make_run({"loss/d": 0.9, "auroc": swings(0.5, 0.35, 75)}, of_quality(0.95))
    assert examine(run).findings == ()


def test_stays_silent_when_the_samples_are_real(examine, make_run, swings, of_quality):
    run = make_run({"loss/d": swings(1.0, 0.3), "gradient/g/cosine": -0.9}, of_quality(0.95))
    verdict = examine(run)
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_stays_silent_while_the_samples_get_better(examine, make_run, swings, of_quality):
    better = swings(0.0, 0.0, noise=0.02)
    run = make_run(
        {"loss/d": swings(1.0, 0.3)}, of_quality(lambda s: 0.1 + 0.5 * s / 1200 + better(s))
    )
    assert examine(run).findings == ()


def test_a_gain_that_cannot_be_excluded_does_not_convict(examine, make_run, swings, of_quality):
    """Eight checks this far apart have no significant trend, which shows nothing."""
    run = make_run(
        {"loss/d": swings(1.0, 0.0, noise=0.1), "gradient/g/cosine": -0.9},
        of_quality(swings(0.4, 0.0, noise=0.25, seed=5)),
        check_every=150,
    )
    verdict = examine(run)
    assert (verdict.status, verdict.findings) == ("clear", ())
    assert NonConvergence({"gain": 10}).examine(run).findings


def test_stays_silent_on_a_plateau_without_oscillation(examine, make_run, swings, of_quality):
    run = make_run(
        {"loss/d": swings(1.0, 0.0, noise=0.1), "gradient/g/cosine": -0.1},
        of_quality(swings(0.5, 0.0, noise=0.03)),
    )
    assert examine(run).findings == ()


def test_an_unsure_trend_does_not_convict(examine, make_run, swings, of_quality):
    """Seven checks as far apart as these show neither a gain nor that there is none."""
    drawn = swings(0.4, 0.0, noise=0.25)
    run = make_run({"loss/d": swings(1.0, 0.3)}, of_quality(drawn), check_every=160)
    (finding,) = examine(run).findings  # of the time before there were enough checks
    assert "too few samples" in finding.message
    assert 960 < finding.cleared < 1060


@pytest.mark.parametrize("budget", [1200, 3000, 20_000])
def test_stays_silent_on_lazy_regularisation(examine, make_run, swings, budget):
    """R1 every 16 steps: its term is in the loss that is logged, and D's output ripples."""
    loss, logit = swings(0.9, 0.0, noise=0.02), swings(0.4, 0.0, noise=0.02, seed=3)
    run = make_run(
        {
            "loss/d": lambda s: loss(s) + 0.5 * (s % 16 == 0),
            "logit/real": lambda s: logit(s) + 0.01 * (s % 16),
        },
        steps=min(budget, 6000),
        budget=budget,
    )
    assert examine(run).findings == ()


def test_stays_silent_on_a_term_in_one_step_of_seven(examine, make_run, swings):
    loss = swings(0.9, 0.0, noise=0.02)
    run = make_run({"loss/d": lambda s: loss(s) + 0.5 * (s % 7 == 0)})
    verdict = examine(run)
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_stays_silent_on_lazy_regularisation_in_a_log_of_every_50th_step(examine, swings):
    from gan_doctor.core import Key, Run, Series, Setup

    steps = np.arange(50.0, 10_001, 50)
    loss = swings(0.9, 0.0, noise=0.02)
    values = np.array([loss(s) + 0.5 * (s % 16 == 0) for s in steps])
    run = Run(
        "sparse", series=(Series(Key("loss/d"), steps, values),), setup=Setup(total_steps=10_000)
    )
    verdict = examine(run)
    assert (verdict.status, swung(verdict)) == ("clear", [])


def test_stays_silent_on_an_early_oscillation(examine, make_run, swings):
    assert examine(make_run({"loss/d": swings(1.0, 0.3, until=250)})).findings == ()


@pytest.mark.parametrize(
    "curve", [lambda s: np.exp(-s / 200), lambda s: 1.4 - s / 1200, lambda s: 100 / (s + 50)]
)
def test_stays_silent_on_a_loss_that_falls(examine, make_run, swings, curve):
    noise = swings(0.0, 0.0)
    assert swung(examine(make_run({"loss/d": lambda s: curve(s) + noise(s)}))) == []


def test_a_learning_rate_that_steps_down_begins_anew(examine, make_run, swings, event):
    run = make_run({"loss/d": swings(1.0, 0.3)})
    decayed = make_run(
        {"loss/d": swings(1.0, 0.3)},
        events=[event(step, "learning-rate") for step in range(400, 1200, 100)],
    )
    assert swung(examine(run))
    assert examine(decayed).findings == ()


def test_never_is_critical(over_time, examine):
    severities = {f.severity for run in over_time.values() for f in examine(run).findings}
    assert severities == {"warning", "info"}


# --- not assessed ---


def test_a_short_run_is_not_assessed(examine, make_run, swings):
    verdict = examine(make_run({"loss/d": swings(1.0, 0.3)}, steps=300))
    assert verdict.status == "not assessed"
    assert verdict.missing[0].why == "too short"


def test_a_jump_alone_is_no_assessment(examine, make_run):
    run = make_run({"loss/d": lambda s: 9.0 if s == 290 else 0.9}, steps=300)
    assert examine(run).status == "not assessed"


def test_a_run_without_a_loss_is_not_assessed(examine, make_run, of_quality):
    verdict = examine(make_run({}, of_quality(0.4)))
    assert verdict.status == "not assessed"
    assert verdict.missing[0].what == "D's loss"
