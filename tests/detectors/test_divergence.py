import numpy as np
import pytest

from gan_doctor.core import Objective
from gan_doctor.detectors.divergence import Divergence

SCALED = ["minimax", "non-saturating", "least-squares", "hinge", "relativistic-average", "r3gan"]


@pytest.fixture
def examine():
    return Divergence().examine


def noisy(value, sd=0.3):
    return lambda s: value(s) * np.exp(sd * np.random.default_rng(int(s)).standard_normal())


def explodes(s, at=600, steps=20):
    """Flat, then e times as much every so many steps."""
    return float(np.exp(np.clip((s - at) / steps, 0, 40)))


@pytest.mark.parametrize("objective", SCALED)
@pytest.mark.parametrize(("name", "words"), [("loss/d", "D's loss"), ("loss/g", "G's loss")])
def test_names_the_loss_that_runs_away(examine, make_run, nothing, objective, name, words):
    losses = {"loss/d": 1.0, "loss/g": 1.0, name: noisy(explodes)}
    (finding,) = examine(make_run(losses, nothing, objective=objective)).findings
    assert (finding.severity, finding.standing) == ("critical", True)
    assert 600 < finding.onset <= 780
    assert finding.alarm <= 0.7 * 1200
    assert finding.message.startswith(f"{words} has run away since step ")


@pytest.mark.parametrize("sign", [1, -1])
def test_fires_on_logits_that_run_away(examine, make_run, sign):
    logits = {"logit/real": lambda s: sign * explodes(s), "logit/fake": lambda s: -explodes(s)}
    (finding,) = examine(make_run(logits)).findings
    assert finding.severity == "warning"
    assert finding.message.startswith("D's output has run away")
    assert any("samples" in missing.what for missing in finding.missing)


@pytest.mark.parametrize("power", [2.5, 4])
@pytest.mark.parametrize("budget", [1200, None])
def test_fires_on_a_wasserstein_critic_that_nothing_bounds(examine, make_run, power, budget):
    """The output of a D whose weights grow at a constant rate grows with a power of the step."""
    steps, early = 1200 if budget else 12_000, 100 if budget else 1000
    gap = noisy(lambda s: 1 + (s / early) ** power, 0.1)
    logits = {"logit/real": gap, "logit/fake": 0.0, "logit/sd": gap, "loss/d": lambda s: -gap(s)}
    run = make_run(logits, steps=steps, budget=budget, objective="wasserstein")
    (finding,) = examine(run).findings
    assert (finding.severity, finding.standing) == ("warning", True)
    assert finding.alarm <= 0.5 * steps


def test_fires_on_a_critic_that_breaks_away_late(examine, make_run, nothing):
    gap = noisy(lambda s: 3 * explodes(s, 900, 30))
    run = make_run({"logit/real": gap, "logit/fake": 0.0}, nothing, objective="wgan-gp")
    (finding,) = examine(run).findings
    assert finding.severity == "critical"
    assert 900 < finding.onset <= 1050


def test_an_unknown_family_must_be_huge_and_grow(examine, make_run):
    def answers(loss):
        return examine(make_run({"loss/g": loss}, objective=None)).findings

    assert answers(lambda s: 1e-3 * s**3)
    assert not answers(lambda s: 1e-8 * s**3)  # grows, and ends at 17
    assert not answers(5000.0)  # has a factor in front of it
    assert not answers(lambda s: 50.0 * s)  # an offset that drifts


@pytest.mark.parametrize(
    ("objective", "scalars"),
    [
        pytest.param(
            "non-saturating", {"loss/g": lambda s: 0.7 + 9 * s / 1200, "loss/d": 1e-3},
            id="a G loss that climbs while D wins",
        ),
        pytest.param(
            "non-saturating", {"loss/g": 100.0, "loss/d": 0.0}, id="a loss pinned at its clamp"
        ),
        pytest.param(
            "non-saturating", {"loss/d": lambda s: 1e6 if s % 50 == 0 else 1.0}, id="spikes"
        ),
        pytest.param(
            "least-squares", {"loss/d": lambda s: 1e4 if 300 < s < 340 else 0.5},
            id="a jump that recovers",
        ),
        pytest.param(
            "wgan-gp",
            {
                "logit/real": lambda s: 0.7 * s + 5, "logit/fake": lambda s: 0.7 * s, "logit/sd": 4,
                "loss/d": -5.0, "loss/g": lambda s: -0.7 * s,
            },
            id="a critic whose offset drifts",
        ),
        pytest.param(
            "wgan-gp",
            {"loss/d": lambda s: -3 - 40 * np.exp(-s / 60), "logit/sd": lambda s: 2 + s / 100},
            id="a critic that calms down",
        ),
        pytest.param(
            "wgan", {"loss/d": lambda s: -1.5 * (1 - np.exp(-s / 300))},
            id="a clipped critic that begins near 0",
        ),
        pytest.param(
            "wgan", {"loss/d": lambda s: np.sin(s / 60)}, id="a critic that crosses 0"
        ),
        pytest.param(
            "r3gan",
            {"logit/real": lambda s: -4.0 * s, "logit/fake": lambda s: -4.0 * s - 3},
            id="relativistic logits that drift together",
        ),
        pytest.param("hinge", {"logit/real": 40.0, "logit/fake": -30.0}, id="wide margins"),
    ],
)  # fmt: skip
def test_stays_silent_on(examine, make_run, nothing, objective, scalars):
    verdict = examine(make_run(scalars, nothing, objective=objective))
    assert (verdict.status, verdict.findings) == ("clear", ())


def test_stays_silent_while_the_samples_are_real(examine, make_run, good):
    assert examine(make_run({"loss/d": 5000.0}, good)).findings == ()


def test_a_penalty_does_not_make_a_family(examine, make_run):
    """A declared family with an unknown reduction has the same scale."""
    run = make_run({"loss/d": explodes}, objective=Objective("hinge", None))
    assert examine(run).findings


def test_without_losses_and_logits_it_is_not_assessed(examine, make_run, good):
    assert examine(make_run({}, good)).status == "not assessed"
