from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from gan_doctor.core import (
    ConfigError,
    Key,
    Network,
    Objective,
    OptimizerFacts,
    Run,
    Series,
    Setup,
    Upsampling,
)
from gan_doctor.detectors import known as detectors
from gan_doctor.diagnosis.preflight import not_known, preflight
from gan_doctor.tricks import Plan, check_compatible, known, trick

G, D = Network("g", parameters=100), Network("d", parameters=200)


def stepped(role: Any, parameters: int | None, **facts: Any) -> OptimizerFacts:
    return OptimizerFacts(role, kind="Adam", betas=(0.5, 0.999), parameters=parameters, **facts)


def found(**facts: Any) -> list[tuple[str, str]]:
    return [(f.code, f.severity) for f in preflight(Setup(**facts))]


def test_an_empty_set_up_is_not_known_and_nothing_speaks_against_it() -> None:
    assert preflight(Setup()) == ()
    assert len(not_known(Setup())) == 8


def test_a_healthy_set_up_is_known_and_left_alone() -> None:
    setup = Setup(
        objective=Objective("hinge", "sum", penalties=()),
        networks=(
            Network(
                "g", parameters=100, norms=("BatchNorm2d",), output_activation="Tanh",
                upsampling=(Upsampling("transposed", (4, 4), (2, 2)),),
            ),
            Network("d", parameters=200, spectral_norm=True),
        ),
        optimizers=(stepped("g", 100), stepped("d", 200)),
        tricks=("hinge-loss", "spectral-norm"),
        batch_size=64,
        real_range=(-1.0, 1.0),
    )  # fmt: skip
    assert preflight(setup) == ()
    assert not_known(setup) == ()


def test_the_worst_comes_first_and_each_says_what_to_do() -> None:
    findings = preflight(
        Setup(
            objective=Objective("wasserstein", penalties=("gradient-penalty",)),
            networks=(G, Network("d", norms=("BatchNorm1d",), output_activation="Sigmoid")),
            optimizers=(OptimizerFacts("d", kind="Adam", betas=(0.9, 0.999)),),
            batch_size=4,
        )
    )
    ranks = [("critical", "warning", "info").index(f.severity) for f in findings]
    assert ranks == sorted(ranks)
    assert {f.code for f in findings} == {"GD601", "GD602", "GD606"}
    for finding in findings:
        assert (finding.onset, finding.alarm, finding.standing) == (0, 0, True)
        assert finding.message.endswith(".")
        assert finding.remedies[0].action.endswith(".")


@pytest.mark.parametrize("family", ["wasserstein", "hinge", "least-squares"])
def test_a_sigmoid_before_a_loss_of_raw_outputs_is_gd602_alone(family: Any) -> None:
    ends = {"networks": (Network("d", output_activation="Sigmoid"),)}
    assert found(objective=Objective(family), **ends) == [("GD602", "critical")]
    assert found(objective=Objective("non-saturating"), **ends) == []


@pytest.mark.parametrize(
    ("optimizers", "severity"),
    [
        ((stepped("g", 100), stepped("d", 0)), "critical"),
        ((stepped("g", 100), stepped("d", 150)), "warning"),
        ((stepped("g", 100),), "critical"),
        ((stepped("g", 100), stepped("d", 120), stepped("d", 80)), None),
        ((stepped("g", 100), stepped("d", None)), None),
        ((), None),
    ],
)
def test_an_optimizer_without_the_parameters_of_its_player(
    optimizers: Any, severity: str | None
) -> None:
    expected = [("GD601", severity)] if severity else []
    assert found(networks=(G, D), optimizers=optimizers) == expected


@pytest.mark.parametrize(("frozen", "fires"), [(0.5, False), (0.0, True), (1.0, True)])
def test_frozen_layers_need_no_optimizer(frozen: float, fires: bool) -> None:
    """A share of 1 is a loop that switches gradients on for one player at a time."""
    half = Network("d", parameters=200, frozen=frozen)
    optimizers = (stepped("g", 100), stepped("d", 100))
    assert bool(found(networks=(G, half), optimizers=optimizers)) is fires


def test_a_second_player_without_an_optimizer_is_named() -> None:
    networks = (G, Network("d", "A", parameters=5), Network("d", "B", parameters=7))
    optimizers = (stepped("g", 100), stepped("d", 5, player="A"))
    (finding,) = preflight(Setup(networks=networks, optimizers=optimizers))
    assert finding.message == "No optimizer steps D 'B', which has 7 parameters."


@pytest.mark.parametrize(
    ("end", "reals", "severity"),
    [
        ("Tanh", (0, 255), "critical"),
        ("Tanh", (-2.1, 2.6), "critical"),
        ("Tanh", (-1.2, 1.0), "warning"),
        ("Tanh", (0, 1), "warning"),
        ("Sigmoid", (-1, 1), "critical"),
        ("Tanh", (-1, 1), None),
        ("Tanh", (-1, 0.9), None),
        ("Tanh", (-1.004, 1.004), None),
        ("Sigmoid", (0, 1), None),
        ("ReLU", (0, 50), None),
        ("", (-5, 5), None),
        ("Tanh", (0.5, 0.5), None),
        ("Tanh", None, None),
    ],
)
def test_reals_that_gs_end_cannot_make(end: str, reals: Any, severity: str | None) -> None:
    network = Network("g", output_activation=end)
    expected = [("GD405", severity)] if severity else []
    assert found(networks=(network,), real_range=reals) == expected


@pytest.mark.parametrize(
    ("kernel", "fires", "then"),
    [((3, 3), True, "4x4"), ((5, 4), True, "6x4"), ((4, 4), False, ""), ((2, 2), False, "")],
)
def test_a_kernel_that_its_stride_does_not_divide(
    kernel: tuple[int, ...], fires: bool, then: str
) -> None:
    layers = (Upsampling("nearest"), Upsampling("transposed", kernel, (2, 2)))
    findings = preflight(Setup(networks=(Network("g", upsampling=layers),)))
    assert [f.code for f in findings] == ["GD403"] * fires
    assert not fires or f"a kernel of {then}," in findings[0].remedies[0].action


@pytest.mark.parametrize(
    ("optimizer", "tricks", "severity"),
    [
        ({"kind": "Adam", "betas": (0.9, 0.999)}, (), "info"),
        ({"kind": "Adam", "betas": (0.5, 0.999)}, (), None),
        ({"kind": "SGD", "momentum": 0.9}, (), None),
        ({"kind": "Adam", "betas": (0.5, 0.999)}, ("weight-clipping",), "warning"),
        ({"kind": "RMSprop", "momentum": 0.0}, ("weight-clipping",), None),
    ],
)
def test_momentum(optimizer: Any, tricks: tuple[str, ...], severity: str | None) -> None:
    facts = {"objective": Objective("wasserstein"), "tricks": tricks}
    expected = [("GD606", severity)] if severity else []
    assert found(optimizers=(OptimizerFacts("d", **optimizer),), **facts) == expected


def test_momentum_is_no_finding_once_the_training_runs() -> None:
    """A verdict on how a training goes does not rest on hyperparameters (design, 5.8)."""
    setup = Setup(
        objective=Objective("hinge"), networks=(D,),
        optimizers=(OptimizerFacts("d", kind="Adam", betas=(0.9, 0.999)),),
    )  # fmt: skip
    steps = np.arange(1, 1201)
    run = Run("run", series=(Series(Key("loss/d"), steps, 0 * steps + 2.0),), setup=setup)
    assert preflight(setup)
    for kind in detectors().values():
        assert kind().examine(run).findings == ()


GROUNDS = (
    Plan(labelled=True),
    Plan(labelled=True, family="wasserstein"),
    Plan(sample_shape=(2,), network="mlp"),
    Plan(paired=True),
)


def planned(ground: Plan, slugs: tuple[str, ...]) -> Plan:
    numbers = {
        name: getattr(ground, name)
        for name in ("labelled", "family", "sample_shape", "network", "paired")
    }
    plan = Plan(**numbers)
    for slug in slugs:
        card = trick(slug)
        card.apply(plan, card.configured({}))
    return plan


@pytest.mark.parametrize("ground", GROUNDS, ids=range(len(GROUNDS)))
def test_what_the_reference_loop_refuses_is_told_and_nothing_else(ground: Plan) -> None:
    """The table of facts and the cards of the tricks hold the same matrix."""
    differing = []
    for pair in [*combinations(known(), 2), *((slug,) for slug in known())]:
        plan = planned(ground, pair)
        try:
            check_compatible(pair, plan)
            refused = ""
        except ConfigError as error:
            refused = str(error)
        told = [f.message for f in preflight(plan.setup(pair)) if f.severity == "critical"]
        if bool(refused) is not bool(told):
            differing.append((pair, refused, told))
    assert differing == []


def test_a_pair_is_told_once() -> None:
    setup = Setup(
        objective=Objective("hinge", smoothing=0.9, penalties=("r1",)),
        networks=(Network("d", norms=("BatchNorm2d",)),),
        tricks=("r1-penalty", "batch-norm", "one-sided-labels", "unrolled"),
    )
    messages = [f.message for f in preflight(setup) if f.severity == "critical"]
    assert len(messages) == 3  # BatchNorm x R1, smoothing x hinge, unrolled x R1
    assert sum("unrolled" in message for message in messages) == 1


def test_tricks_that_work_at_a_loss_only_inform() -> None:
    """R1 beside a minibatch standard deviation is StyleGAN2."""
    setup = Setup(
        objective=Objective("non-saturating", penalties=("r1",)),
        networks=(Network("d", layers={"MinibatchStdLayer": 1}),),
    )
    (finding,) = preflight(setup)
    assert finding.severity == "info"
    assert "r1-penalty beside minibatch-stddev" in finding.message


def test_a_trick_that_nobody_knows_is_left_alone() -> None:
    assert preflight(Setup(tricks=("of-another-package",))) == ()
