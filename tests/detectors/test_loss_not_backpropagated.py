import pytest

from gan_doctor.detectors.loss_not_backpropagated import LossNotBackpropagated

REACHED = {"reached/real": 1.0, "reached/fake": 1.0, "reached/generator": 1.0}
SENTENCES = {
    "reached/real": "D's loss on reals has reached D in only 0%",
    "reached/fake": "D's loss on fakes has reached D in only 0%",
    "reached/generator": "G's adversarial loss has reached it through D in only 0%",
}


@pytest.fixture
def examine():
    return LossNotBackpropagated().examine


# Must fire on


@pytest.mark.parametrize("side", REACHED)
def test_fires_on_a_loss_that_reaches_nobody(side, examine, make_run):
    heard = 0.0 if side == "reached/generator" else 1.0
    run = make_run(REACHED | {side: 0.0, "gradient/g/through_d": heard})
    (finding,) = examine(run).findings
    assert (finding.severity, finding.onset, finding.alarm) == ("critical", 6, 18)
    assert finding.message.startswith(SENTENCES[side])


def test_says_of_the_later_loss_what_held_then(examine, make_run):
    run = make_run({"reached/real": lambda s: float(s < 600), "reached/fake": 0.0})
    (finding,) = examine(run).findings
    assert finding.onset == 6
    assert finding.message.endswith("since step 6.")


def test_warns_of_a_penalty_that_was_noted_without_a_graph(examine, make_run, event):
    run = make_run(REACHED | {"penalty/d": 0.3}, events=[event(50, "detached", series="penalty/d")])
    (finding,) = examine(run).findings
    assert (finding.severity, finding.onset) == ("warning", 54)
    assert "penalty/d was passed without a graph" in finding.message


def test_a_lost_loss_outranks_a_detached_penalty(examine, make_run, event):
    events = [event(50, "detached", series="penalty/d")]
    (finding,) = examine(make_run(REACHED | {"reached/real": 0.0}, events=events)).findings
    assert finding.severity == "critical"


# Must stay silent on


def test_stays_silent_where_every_loss_arrives(examine, make_run):
    assert examine(make_run(REACHED | {"penalty/d": 0.3})).status == "clear"


@pytest.mark.parametrize("side", REACHED)
def test_stays_silent_where_d_is_also_called_for_the_log(side, examine, make_run):
    run = make_run(REACHED | {side: 0.5, "gradient/g/through_d": 0.0})
    assert examine(run).status == "clear"


def test_stays_silent_where_g_matches_the_features_of_d(examine, make_run):
    run = make_run(REACHED | {"reached/generator": 0.0, "gradient/g/through_d": 1.0})
    assert examine(run).status == "clear"


def test_of_g_it_says_nothing_where_the_ways_to_it_are_not_known(examine, make_run):
    assert examine(make_run({"reached/generator": 0.0})).status == "not assessed"


def test_a_phase_without_the_adversarial_loss_only_informs(examine, make_run):
    begun = {"reached/generator": lambda s: float(s > 300)}
    run = make_run(REACHED | begun | {"gradient/g/through_d": begun["reached/generator"]})
    (finding,) = examine(run).findings
    assert finding.severity == "info"


def test_is_not_assessed_where_nobody_listened(examine, make_run):
    assert examine(make_run({"loss/d": 1.0})).status == "not assessed"
