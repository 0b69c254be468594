from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.core import Key, Series
from gan_doctor.detectors._usual import beyond_usual
from gan_doctor.detectors.exploding_gradient import ExplodingGradient


@pytest.fixture
def examine():
    return ExplodingGradient().examine


def noisy(value, sd=0.4):
    """A norm with the spread that those of real trainings have, times a factor of the step."""
    return lambda s: value(s) * np.exp(sd * np.random.default_rng(int(s)).standard_normal())


def from_step(begin, factor, until=np.inf):
    return lambda s: factor if begin < s <= until else 1.0


@pytest.mark.parametrize(("role", "who"), [("g", "G"), ("d", "D")])
def test_names_the_player_whose_gradient_leaves_its_size(examine, make_run, role, who):
    norms = {"gradient/g": noisy(from_step(9e9, 1)), "gradient/d": noisy(from_step(9e9, 1))}
    run = make_run(norms | {f"gradient/{role}": noisy(from_step(600, 100))})
    (finding,) = examine(run).findings
    assert (finding.severity, finding.standing) == ("warning", True)
    assert 600 < finding.onset <= 606
    assert finding.alarm <= 620
    assert finding.message.startswith(f"{who}'s gradient has been ")


def test_is_critical_once_the_weights_double_as_well(examine, make_run):
    norms = {"gradient/d": from_step(600, 100), "weight/d": lambda s: 10 + max(s - 640, 0) / 4}
    (finding,) = examine(make_run(norms)).findings
    assert finding.severity == "critical"
    assert 600 < finding.onset <= 606
    assert "weights have grown" in finding.message
    # The weights of another player do not count.
    other = {"gradient/d": norms["gradient/d"], "weight/g": norms["weight/d"]}
    assert examine(make_run(other)).findings[0].severity == "warning"


@pytest.mark.parametrize("budget", [1200, 100_000, None])
def test_weights_that_double_at_once_warn_by_themselves(examine, make_run, budget):
    run = make_run({"weight/g": from_step(1800, 3)}, steps=3000, budget=budget)
    (finding,) = examine(run).findings
    assert 1800 < finding.onset <= 1850
    assert finding.alarm <= 2000
    assert finding.message.startswith("G's weights have grown 3 times")


def test_a_rate_that_runs_away_makes_no_new_usual(examine, make_run, event):
    run = make_run(
        {"gradient/g": noisy(from_step(600, 100))}, events=(event(600, "learning-rate"),)
    )
    assert examine(run).findings


def test_what_is_over_informs(examine, make_run):
    (finding,) = examine(make_run({"gradient/g": from_step(600, 100, until=660)})).findings
    assert finding.severity == "info"
    assert 660 < finding.cleared <= 690


def test_what_lasts_does_not_become_usual(examine, make_run):
    (finding,) = examine(make_run({"gradient/g": from_step(200, 100)})).findings
    assert finding.standing


@pytest.mark.parametrize(
    "norm",
    [
        pytest.param(lambda s: 1e6 if s == 600 else 1.0, id="a single spike"),
        pytest.param(lambda s: 1e3 if s % 97 < 2 else 1.0, id="spikes that recover"),
        pytest.param(lambda s: 50.0 if s % 16 == 0 else 1.0, id="a penalty at each 16th step"),
        pytest.param(lambda s: 1 + 300 * np.exp(-s / 40), id="an early critic under a penalty"),
        pytest.param(lambda s: 0.01 + 4 * (1 - np.exp(-s / 40)), id="a network that wakes up"),
        pytest.param(lambda s: 1 - 0.999 * s / 1200, id="a falling learning rate"),
        pytest.param(lambda s: 8.5 + 24 * s / 1200, id="the gradient of a G that loses slowly"),
        pytest.param(lambda s: 1.0 + 1e-9 * (s % 2) + (s > 600), id="a step after great calm"),
    ],
)
def test_stays_silent_on(examine, make_run, norm):
    verdict = examine(make_run({"gradient/g": norm, "gradient/d": norm}))
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_stays_silent_on_a_wide_but_usual_range(examine, make_run):
    """Median 1 and a deviation as large: twelve times the median is not ten deviations away."""
    wide = {"gradient/g": lambda s: 12.0 if s > 600 else 0.1 + 0.9 * ((s - 1) // 6 % 3)}
    assert examine(make_run(wide)).findings == ()
    assert ExplodingGradient({"spread": 5}).examine(make_run(wide)).findings


def test_a_new_phase_has_a_new_usual_size(examine, make_run, event):
    larger = {"gradient/d": from_step(600, 30)}
    assert examine(make_run(larger)).findings
    assert examine(make_run(larger, events=(event(600, "phase"),))).findings == ()


def test_weights_that_grow_over_a_thousand_steps_are_no_fault(examine, make_run):
    run = make_run({"weight/d": lambda s: 5 + s / 100, "weight/g": lambda s: 13 + s / 200})
    assert examine(run).status == "clear"


def test_values_that_are_not_finite_are_left_to_their_own_detector(examine, make_run):
    run = make_run({"gradient/g": lambda s: np.inf if s > 600 else 1.0})
    assert examine(run).findings == ()


def test_without_norms_it_is_not_assessed(examine, make_run):
    assert examine(make_run({"loss/d": 1.0})).status == "not assessed"


def test_players_are_looked_at_one_by_one(examine, make_run):
    run = make_run({"gradient/g": from_step(600, 100), "gradient/d": 1.0})
    of_b = tuple(
        Series(Key(s.key.name, "B" if s.key.name == "gradient/g" else "A"), s.steps, s.values)
        for s in run.series
    )
    (finding,) = examine(replace(run, series=of_b)).findings
    assert finding.player == "B"
    assert finding.evidence[0].series == "gradient/g@B"


def slow(values, factor, spread):
    """The definition, without any short cut."""
    past, bounded, ratio = [], [], []
    for value in values:
        at, over = np.nan, np.nan
        if np.isfinite(value) and len(past) >= 20:
            latest = np.array(past[-200:])
            median = np.median(latest)
            deviation = 1.4826 * np.median(np.abs(latest - median))
            over = value / median
            at = value / max(factor * median, median + spread * deviation)
        bounded.append(at)
        ratio.append(over)
        if np.isfinite(value) and not at >= 1:
            past.append(value)
    return np.array(bounded), np.array(ratio)


@pytest.mark.parametrize("seed", range(3))
def test_the_usual_size_is_that_of_its_definition(seed):
    random = np.random.default_rng(seed)
    values = np.exp(random.standard_normal(500) * random.choice([0.3, 1.5], 500))
    values[random.random(500) < 0.05] = np.nan
    bounded, ratio = beyond_usual(values, 3, 4)
    expected, over = slow(values, 3, 4)
    np.testing.assert_allclose(ratio, over)
    # Below the limit the spread is not asked, so that the value is an upper bound.
    np.testing.assert_array_equal(bounded >= 1, expected >= 1)
    np.testing.assert_allclose(bounded[expected >= 1], expected[expected >= 1])
    assert (expected >= 1).any()


def test_a_million_rows_take_seconds():
    values = np.exp(0.1 * np.random.default_rng(0).standard_normal(200_000))
    bounded, _ = beyond_usual(values, 10, 10)
    assert np.nanmax(bounded) < 1
