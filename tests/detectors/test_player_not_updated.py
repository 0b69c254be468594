import pytest

from gan_doctor.core import Network, OptimizerFacts
from gan_doctor.detectors.player_not_updated import PlayerNotUpdated

MOVING = {"update/g": 0.01, "update/d": 0.01, "lr/g": 1e-3, "lr/d": 1e-3, "steps/d": 1.0}


@pytest.fixture
def examine():
    return PlayerNotUpdated().examine


# Must fire on


@pytest.mark.parametrize("role", ["g", "d"])
def test_fires_on_a_player_whose_gradient_is_zeroed(role, examine, make_run):
    frozen = {f"update/{role}": 0.0, f"gradient/{role}": 0.0}
    (finding,) = examine(make_run(MOVING | frozen)).findings
    assert (finding.severity, finding.onset, finding.alarm) == ("critical", 6, 30)
    assert f"weights of {role.upper()} have changed by 0" in finding.message
    assert "its gradient is 0" in finding.message


def test_fires_on_a_g_that_stops_half_way_and_says_since_when(examine, make_run):
    run = make_run(MOVING | {"update/g": lambda s: 0.01 if s <= 600 else 0.0})
    (finding,) = examine(run).findings
    assert (finding.onset, finding.alarm) == (606, 630)


def test_names_a_rate_of_0(examine, make_run):
    run = make_run(MOVING | {"update/g": 0.0, "lr/g": 0.0, "gradient/g": 1.0})
    (finding,) = examine(run).findings
    assert "its learning rate is 0" in finding.message


def test_names_gradients_that_never_come(examine, make_run):
    (finding,) = examine(make_run(MOVING | {"update/g": 0.0})).findings
    assert "no gradient is left" in finding.message


def test_names_steps_that_mixed_precision_leaves_out(examine, make_run, with_setup):
    run = with_setup(make_run(MOVING | {"update/g": 0.0}), amp="float16")
    (finding,) = examine(run).findings
    assert "mixed precision leaves the steps out" in finding.message


def test_names_a_gradient_that_moves_nothing(examine, make_run):
    (finding,) = examine(make_run(MOVING | {"update/g": 0.0, "gradient/g": 2.0})).findings
    assert "a gradient of 2 at a learning rate of 0.001 moves nothing" in finding.message


def test_warns_of_a_d_that_no_optimizer_has_stepped(examine, make_run):
    run = make_run({"update/g": 0.01, "steps/d": 0.0, "weight/d": 3.25})
    (finding,) = examine(run).findings
    assert finding.severity == "warning"
    assert "No optimizer has stepped D up to step 1200" in finding.message


def test_warns_of_weights_that_no_optimizer_holds(examine, make_run, with_setup):
    run = with_setup(
        make_run(MOVING),
        networks=(Network("g", parameters=1000, frozen=0.2), Network("d", parameters=500)),
        optimizers=(OptimizerFacts("g", parameters=600), OptimizerFacts("d", parameters=500)),
    )
    (finding,) = examine(run).findings
    assert finding.severity == "warning"
    assert "holds 25% of the trainable weights of G" in finding.message


def test_says_of_the_stretch_that_stands_still_that_nothing_moved(examine, make_run, with_setup):
    run = with_setup(
        make_run(MOVING | {"update/g": lambda s: 0.01 if s <= 600 else 0.0}),
        networks=(Network("d", parameters=1000),),
        optimizers=(OptimizerFacts("d", parameters=600),),
    )
    (finding,) = examine(run).findings
    assert finding.severity == "critical"
    assert finding.evidence[0].value == 0


# Must stay silent on


def test_stays_silent_on_players_that_move_however_little(examine, make_run):
    assert examine(make_run(MOVING | {"update/g": 1e-9})).status == "clear"


def test_stays_silent_on_a_warm_up_that_begins_at_a_rate_of_0(examine, make_run):
    run = make_run(MOVING | {"update/g": lambda s: 0.0 if s <= 12 else 1e-5, "lr/g": 1e-5})
    assert examine(run).findings == ()


def test_a_d_that_is_trained_from_some_step_on_only_informs(examine, make_run):
    run = make_run(MOVING | {"update/d": lambda s: 0.0 if s <= 300 else 0.01})
    (finding,) = examine(run).findings
    assert finding.severity == "info"


def test_stays_silent_on_a_d_that_is_stepped_where_we_cannot_see_it(examine, make_run):
    run = make_run({"update/g": 0.01, "steps/d": 0.0, "weight/d": lambda s: 3 + s / 1e4})
    assert examine(run).findings == ()


def test_stays_silent_on_a_d_that_is_gated_for_a_while(examine, make_run):
    run = make_run(
        {"update/g": 0.01, "steps/d": lambda s: float(s < 500), "weight/d": lambda s: min(s, 500.0)}
    )
    assert examine(run).findings == ()


@pytest.mark.parametrize(
    ("frozen", "held"), [(0.25, (750,)), (1.0, (10,)), (0.0, (400, 600)), (0.0, (None,))]
)
def test_stays_silent_where_all_that_could_be_trained_is_held(
    frozen, held, examine, make_run, with_setup
):
    run = with_setup(
        make_run(MOVING),
        networks=(Network("g", parameters=1000, frozen=frozen),),
        optimizers=tuple(OptimizerFacts("g", parameters=n) for n in held),
    )
    assert examine(run).findings == ()


def test_is_not_assessed_without_a_word_of_the_weights(examine, make_run):
    assert examine(make_run({"loss/d": 1.0})).status == "not assessed"
