from dataclasses import replace

import numpy as np
import pytest

from gan_doctor.detectors.learning_rate_exhausted import LearningRateExhausted


@pytest.fixture
def examine():
    return LearningRateExhausted().examine


def decays(share, rate=1e-3):
    return lambda s: rate * share**s


def test_a_rate_that_has_run_out_is_a_fact(examine, make_run):
    (finding,) = examine(make_run({"lr/g": decays(0.97), "lr/d": decays(0.97)})).findings
    assert (finding.severity, finding.standing) == ("critical", True)
    assert 226 <= finding.onset <= 234  # .97^227 is a thousandth
    assert finding.alarm <= 300
    assert finding.message.startswith("G's and D's learning rates have run out since step 228")
    assert "972 of the 1,200 steps came after that" in finding.message


def test_the_rate_seen_in_the_wild(examine, make_run):
    run = make_run({"lr/g": decays(0.9975, 2e-4)}, steps=100_000, budget=120_000)
    (finding,) = examine(run).findings
    assert finding.evidence[0].value == pytest.approx(0.9975**99_999, rel=1e-6)
    assert "e-109 of what it was" in finding.message


def test_names_the_player(examine, make_run):
    run = make_run({"lr/g": 1e-3, "lr/d": lambda s: 1e-3 if s < 500 else 0.0})
    (finding,) = examine(run).findings
    assert finding.message.startswith("D's learning rate has run out since step 504, to 0:")
    assert [e.series for e in finding.evidence if e.important] == ["lr/d"]


def test_without_a_budget_it_warns_and_says_so(examine, make_run):
    run = make_run({"lr/g": decays(0.999)}, steps=20_000, budget=None)
    (finding,) = examine(run).findings
    assert finding.severity == "warning"
    assert "no budget is declared" in finding.message


def test_it_needs_no_warm_up_and_no_rest_after_a_new_rate(examine, make_run, event):
    changes = tuple(event(step, "learning-rate") for step in range(10, 1200, 10))
    rates = {"lr/g": lambda s: 1e-3 if s < 3000 else 1e-9}
    run = make_run(rates, steps=9000, budget=100_000, events=changes)
    assert examine(run).findings[0].severity == "critical"


def test_it_ends_where_the_rate_comes_back(examine, make_run):
    run = make_run({"lr/g": lambda s: 1e-9 if 400 < s < 600 else 1e-3})
    (finding,) = examine(run).findings
    assert finding.severity == "info"
    assert 600 <= finding.cleared <= 660


def test_a_rate_that_moves_nothing_needs_no_rate_before_it(examine, make_run):
    """A public log of one row had 7e-111: decayed at each step where it should at each epoch."""
    (finding,) = examine(make_run({"lr/g": 7e-111, "lr/d": 1e-4})).findings
    assert finding.message.startswith("G's learning rate has run out since step")
    one_row = replace(make_run({"lr/g": 7e-111}, steps=1, budget=None), foreign=True)
    (finding,) = examine(one_row).findings
    assert finding.severity == "warning"
    assert finding.message.startswith("As printed, in 1 row: G's learning rate")


@pytest.mark.parametrize(
    "rate",
    [
        pytest.param(lambda s: 2e-4, id="constant"),
        pytest.param(lambda s: 2e-4 * (1 - s / 1200), id="a line to 0 at the end"),
        pytest.param(lambda s: 2e-4 * (1 + np.cos(np.pi * s / 1200)), id="half a cosine"),
        pytest.param(lambda s: 1e-12 * 1.02**s, id="a long warm-up"),
        pytest.param(lambda s: 2e-4 * min(1, s / 400), id="a warm-up from 0"),
        pytest.param(lambda s: 2e-4 * (1 + np.cos(np.pi * (s % 300) / 300)), id="four cycles"),
        pytest.param(lambda s: 2e-4 if s < 600 else 2e-6, id="a hundredth"),
        pytest.param(lambda s: 0.0, id="frozen from the start"),
        pytest.param(lambda s: 2e-4 if s < 1150 else 0.0, id="0 in the last twentieth"),
        pytest.param(lambda s: np.nan, id="not a number"),
    ],
)
def test_stays_silent_on_a_rate_that_is(examine, make_run, rate):
    assert examine(make_run({"lr/g": rate, "lr/d": 2e-4})).findings == ()


def test_a_rate_told_only_when_it_changes_counts_until_then(examine, make_run):
    run = make_run({"lr/g": lambda s: 1e-3 if s < 300 else 1e-8, "loss/d": 1.0})
    told = tuple(s[np.array([0, 299])] if s.key.name == "lr/g" else s for s in run.series)
    (finding,) = examine(type(run)("run", series=told, setup=run.setup)).findings
    assert finding.onset == 300
    assert finding.standing


def test_without_rates_it_is_not_assessed(examine, make_run):
    assert examine(make_run({"loss/d": 1.0})).status == "not assessed"
