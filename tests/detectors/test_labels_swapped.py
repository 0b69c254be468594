import numpy as np
import pytest

from gan_doctor.detectors.labels_swapped import LabelsSwapped


@pytest.fixture
def examine():
    return LabelsSwapped().examine


def pulls(of_d, of_g):
    return {"logit/gradient": of_d, "logit/gradient/generator": of_g}


# Must fire on


def test_fires_on_a_d_step_with_swapped_labels(examine, make_run):
    (finding,) = examine(make_run(pulls(0.4, -0.4))).findings
    assert (finding.severity, finding.onset, finding.alarm) == ("critical", 6, 18)
    assert "score reals low in 100%" in finding.message
    assert "scored high in 100%" in finding.message


def test_fires_on_a_critic_whose_g_goes_the_wrong_way(examine, make_run):
    (finding,) = examine(make_run(pulls(-1.0, 1.0), objective="wasserstein")).findings
    assert "score reals high" in finding.message


def test_fires_where_some_steps_flip_the_labels(examine, make_run):
    run = make_run(pulls(lambda s: 0.4 if s % 10 else -0.4, -0.4))
    (finding,) = examine(run).findings
    assert "score reals low in 90%" in finding.message


# Must stay silent on


@pytest.mark.parametrize("sign", [1, -1])
def test_stays_silent_where_g_follows_d_whichever_way_it_scores(sign, examine, make_run):
    assert examine(make_run(pulls(0.4 * sign, 0.4 * sign))).status == "clear"


def test_stays_silent_on_a_least_squares_d_that_overshoots_its_target(examine, make_run):
    random = np.random.default_rng(0)
    run = make_run(
        pulls(lambda s: -0.5 if s < 30 else random.normal(0.02, 0.1), -0.4),
        objective="least-squares",
    )
    assert examine(run).status == "clear"


def test_stays_silent_on_a_hinge_whose_margins_are_all_kept(examine, make_run):
    run = make_run(pulls(lambda s: -1.0 if s < 100 else 0.0, -1.0), objective="hinge")
    assert examine(run).status == "clear"


@pytest.mark.parametrize("missing", ["logit/gradient", "logit/gradient/generator"])
def test_is_not_assessed_from_one_of_the_two_alone(missing, examine, make_run):
    known = pulls(0.4, -0.4)
    del known[missing]
    verdict = examine(make_run(known))
    assert verdict.missing[0].why == "orientation unknown"
