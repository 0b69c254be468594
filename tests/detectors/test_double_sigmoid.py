import numpy as np
import pytest

from gan_doctor.core import Key, Series
from gan_doctor.detectors.double_sigmoid import DoubleSigmoid


@pytest.fixture
def examine():
    return DoubleSigmoid().examine


def losses(reported, double=1.2, clean=0.5):
    return {"loss/d": reported, "loss/d/double": double, "loss/d/clean": clean}


# Must fire on


def test_fires_on_a_loss_with_a_second_sigmoid_in_it(examine, make_run):
    (finding,) = examine(make_run(losses(1.2))).findings
    assert (finding.severity, finding.onset, finding.alarm) == ("critical", 6, 30)
    assert "it is 1.2 and cannot fall below 1.006" in finding.message


def test_fires_on_half_of_it_where_a_mean_is_taken(examine, make_run):
    (finding,) = examine(make_run(losses(0.6))).findings
    assert "it is 0.6 and cannot fall below 0.5032" in finding.message


def test_compares_the_steps_at_which_both_are_known(examine, make_run):
    """D's loss is recorded at every step, its logits at a few."""
    run = make_run({"loss/d": lambda s: 1.0 + s % 7 / 10})
    few = np.arange(5, 1200, 9)
    double = Series(Key("loss/d/double"), few, 1.0 + few % 7 / 10)
    clean = Series(Key("loss/d/clean"), few, np.full(len(few), 0.2))
    run = type(run)(run.name, series=(*run.series, double, clean), setup=run.setup)
    (finding,) = examine(run).findings
    assert finding.severity == "critical"


# Must stay silent on


@pytest.mark.parametrize("reported", [0.5, 0.25, 1.21, 1.19])
def test_stays_silent_on_another_loss(reported, examine, make_run):
    assert examine(make_run(losses(reported))).status == "clear"


def test_stays_silent_where_one_loss_cannot_be_told_from_the_other(examine, make_run):
    assert examine(make_run(losses(1.2, clean=1.2))).status == "clear"


def test_stays_silent_where_it_comes_as_near_by_chance_now_and_then(examine, make_run):
    run = make_run(losses(lambda s: 1.2 if s % 2 else 0.9))
    assert examine(run).status == "clear"


def test_a_d_that_gives_logits_has_no_sigmoid_to_double(examine, make_run, with_setup):
    run = with_setup(make_run({"loss/d": 1.2}), discriminator_output="logit")
    assert examine(run).status == "clear"


def test_a_hinge_loss_takes_no_logarithm(examine, make_run):
    assert examine(make_run({"loss/d": 1.2}, objective="hinge")).status == "clear"


@pytest.mark.parametrize("objective", ["non-saturating", None])
def test_is_not_assessed_where_the_loss_or_its_family_is_not_known(objective, examine, make_run):
    assert examine(make_run({"loss/d": 1.2}, objective=objective)).status == "not assessed"
