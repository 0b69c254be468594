import numpy as np
import pytest

from gan_doctor.core import Band, Finding, Key, Run, Series, Setup
from gan_doctor.diagnosis.outlook import best_step, outlook, progress

CHECKS = np.arange(50, 1001, 50)


def run(quality, budget=1000):
    series, bands = [], []
    for name in ("precision", "recall", "coverage"):
        key = Key(f"sample/{name}", features="raw")
        series.append(Series(key, CHECKS, [quality(s) for s in CHECKS]))
        bands.append(Band(key, 512, 1.0, 0.01, 0.97, 1.0))
    return Run("run", series=tuple(series), bands=tuple(bands), setup=Setup(total_steps=budget))


def finding(slug, severity="critical", onset=50.0, cleared=None):
    return Finding("GD000", slug, severity, "", onset, onset + 10, cleared=cleared)


def noisy(f, sd=0.01):
    rng = np.random.default_rng(0)
    return lambda step: f(step) + sd * rng.standard_normal()


@pytest.mark.parametrize(
    ("findings", "action"),
    [
        ([], "continue"),
        ([finding("mode-dropping", "warning")], "watch"),
        ([finding("mode-collapse")], "change"),
        ([finding("mode-collapse", "info", cleared=500)], "continue"),
        ([finding("discriminator-overpowering", onset=60)], "stop"),
        ([finding("discriminator-overpowering", onset=400)], "change"),
        ([finding("discriminator-overpowering", "warning", onset=60)], "watch"),
    ],
)
def test_stops_only_for_what_no_patience_cures(findings, action):
    assert outlook(run(lambda s: 0.5), findings, {}).action == action


def test_broken_weights_roll_back_to_the_best_step_before_them():
    broken = [finding("non-finite", onset=700)]
    advice = outlook(run(lambda s: 0.5), broken, {"raw": 650})
    assert (advice.action, advice.step) == ("roll back", 650)


def test_what_broke_good_samples_is_gone_back_from_to_the_last_good_check():
    fell = run(lambda s: 0.8 if s <= 500 else 0.05)
    advice = outlook(fell, [finding("mode-collapse", onset=520)], {"raw": 300})
    assert (advice.action, advice.step) == ("roll back", 500)
    # Without a good check before it there is nothing to go back to.
    assert outlook(fell, [finding("mode-collapse", onset=40)], {}).action == "change"


def test_samples_that_reach_nothing_are_no_reason_to_be_calm():
    advice = outlook(run(lambda s: 0.01), [], {})
    assert advice.action == "watch"
    assert "reach 1% of the data" in advice.reason


def test_early_samples_may_reach_nothing():
    early = run(lambda s: 0.01).until(200)
    assert outlook(early, [], {}).action == "continue"


@pytest.mark.parametrize("best", [{}, {"raw": 800}])
def test_broken_weights_without_a_good_step_before_them_stop(best):
    assert outlook(run(lambda s: 0.5), [finding("non-finite", onset=700)], best).action == "stop"


def test_without_a_declared_budget_an_early_victory_of_d_is_no_reason_to_stop():
    won = [finding("discriminator-overpowering", onset=60)]
    assert outlook(run(lambda s: 0.5, budget=None), won, {}).action == "change"


@pytest.mark.parametrize(
    ("quality", "status"),
    [
        (noisy(lambda s: s / 1500), "improving"),
        (noisy(lambda s: 1 - s / 1500), "worse"),
        (noisy(lambda s: 0.5), "plateau"),
        (noisy(lambda s: 0.5, sd=0.3), "not assessed"),
    ],
)
def test_progress_is_said_with_its_interval_or_not_at_all(quality, status):
    found = progress(run(quality))
    assert found.status == status
    assert found.low <= found.gain <= found.high


def test_the_gain_is_per_1000_steps():
    assert progress(run(lambda s: s / 2000)).gain == pytest.approx(0.5)


def test_without_samples_progress_and_best_step_are_not_assessed():
    assert progress(Run("run")).status == "not assessed"
    assert best_step(Run("run")) == {}


def test_the_best_step_is_where_the_samples_were_best():
    assert best_step(run(noisy(lambda s: 0.8 - abs(s - 600) / 1000)))["raw"] == pytest.approx(
        600, abs=50
    )


def test_without_samples_the_fid_of_the_log_tells_the_best_step():
    steps = np.arange(100.0, 2001.0, 100)
    fid = Series(Key("metric/fid"), steps, 10 + np.abs(steps - 800) / 10)
    assert best_step(Run("run", series=(fid,)))["raw"] == pytest.approx(900, abs=150)
    broken = Series(fid.key, steps, np.full(20, 1e57))
    assert best_step(Run("run", series=(broken,))) == {}


def test_samples_that_were_never_any_good_have_no_best_step():
    assert best_step(run(lambda s: 0.0)) == {}
