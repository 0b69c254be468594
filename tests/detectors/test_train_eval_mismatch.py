import pytest

from gan_doctor.core import Network, OptimizerFacts
from gan_doctor.detectors.train_eval_mismatch import TrainEvalMismatch

NORMED = {"layers": {"Conv2d": 3, "BatchNorm2d": 2}, "norms": ("BatchNorm2d",)}


@pytest.fixture
def examine():
    return TrainEvalMismatch().examine


@pytest.fixture
def run(make_run, with_setup, event):
    """A run of a G with some facts, and what was noted of the mode of a player."""

    def make(facts, *noted, role="g"):
        events = [event(step, "mode", role=role, training=mode) for step, mode in noted]
        return with_setup(
            make_run({"loss/g": 1.0}, events=events),
            networks=(Network(role, **facts),),
            optimizers=(OptimizerFacts(role),),
        )

    return make


# Must fire on


@pytest.mark.parametrize("role", ["g", "d"])
def test_fires_on_batch_norm_in_evaluation_mode(role, examine, run):
    (finding,) = examine(run(NORMED, (90, False), role=role)).findings
    assert (finding.severity, finding.onset, finding.alarm) == ("warning", 96, 108)
    assert finding.message.startswith(f"{role.upper()} has been trained in evaluation mode")
    assert "2 BatchNorm layers" in finding.message


def test_fires_on_dropout_in_evaluation_mode(examine, run):
    (finding,) = examine(run({"dropout": 0.5}, (0, False))).findings
    assert "dropout of 0.5" in finding.message


# Must stay silent on


def test_stays_silent_where_both_modes_are_the_same(examine, run):
    assert examine(run({"norms": ("InstanceNorm2d",)}, (0, False))).status == "clear"


def test_stays_silent_where_nothing_was_noted(examine, run):
    assert examine(run(NORMED)).status == "clear"


def test_stays_silent_on_a_g_that_was_put_back_at_once(examine, run):
    assert examine(run(NORMED, (90, False), (91, True))).findings == ()


def test_a_g_that_was_put_back_later_only_informs(examine, run):
    (finding,) = examine(run(NORMED, (90, False), (300, True))).findings
    assert finding.severity == "info"


def test_is_not_assessed_where_no_optimizer_was_seen(examine, make_run, with_setup):
    bare = with_setup(make_run({"loss/g": 1.0}), networks=(Network("g", **NORMED),))
    assert examine(bare).status == "not assessed"
