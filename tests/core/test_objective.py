"""The numbers are those of the catalogue, table 2.0."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.core import FAMILIES, ConfigError, Objective, UnknownNameError

BOUNDED = [family for family in FAMILIES if family != "wasserstein"]


@pytest.mark.parametrize(
    ("objective", "equilibrium", "floor"),
    [
        (Objective("minimax", "sum"), 1.3863, 0),
        (Objective("minimax", "mean"), 0.6931, 0),
        (Objective("non-saturating", "sum"), 1.3863, 0),
        (Objective("non-saturating", "mean"), 0.6931, 0),
        (Objective("non-saturating", "sum", smoothing=0.9), 1.3763, 0.3251),
        (Objective("non-saturating", "mean", smoothing=0.9), 0.6881, 0.3251 / 2),
        (Objective("non-saturating", "sum", flip=0.05), 1.3863, 0.3970),
        (Objective("non-saturating", "sum", flip=0.1), 1.3863, 0.6502),
        (Objective("least-squares", "sum"), 0.5, 0),
        (Objective("least-squares", "mean"), 0.25, 0),
        (Objective("least-squares", "sum", (0, 1, 1)), 0.5, 0),
        (Objective("least-squares", "sum", (-1, 1, 0)), 2.0, 0),
        (Objective("least-squares", "mean", (-1, 1, 0)), 1.0, 0),
        (Objective("hinge", "sum"), 2.0, 0),
        (Objective("hinge", "mean"), 1.0, 0),
        (Objective("wasserstein", "sum"), 0, None),
        (Objective("relativistic-paired", "sum"), 0.6931, 0),
        (Objective("relativistic-paired", "mean"), 0.6931, 0),
        (Objective("relativistic-average", "sum"), 1.3863, 0),
        (Objective("relativistic-average", "mean"), 0.6931, 0),
    ],
)
def test_equilibrium_and_floor_are_those_of_the_table(objective, equilibrium, floor):
    assert objective.equilibrium == pytest.approx(equilibrium, abs=5e-5)
    assert objective.floor == (None if floor is None else pytest.approx(floor, abs=5e-5))


@given(smoothing=st.floats(0.5, 1), flip=st.floats(0, 0.45))
def test_label_policies_agree_with_a_search_over_what_d_can_say(smoothing, flip):
    objective = Objective("non-saturating", "sum", smoothing=smoothing, flip=flip)
    real, fake = smoothing * (1 - flip), smoothing * flip  # mean targets
    d = np.linspace(1e-6, 1 - 1e-6, 200_001)

    def loss(target):
        return -target * np.log(d) - (1 - target) * np.log(1 - d)

    # At equilibrium D sees the same samples on both sides; at the floor it tells them apart.
    assert objective.equilibrium == pytest.approx((loss(real) + loss(fake)).min(), abs=1e-4)
    assert objective.floor == pytest.approx(loss(real).min() + loss(fake).min(), abs=1e-4)


@given(flip=st.floats(0, 0.45), real=st.floats(0.5, 2), fake=st.floats(-2, 0))
def test_flips_raise_the_floor_of_least_squares_too(flip, real, fake):
    objective = Objective("least-squares", "sum", coding=(fake, real, real), flip=flip)
    d = np.linspace(-2, 2, 20_001)

    def loss(p):
        return p * (d - real) ** 2 + (1 - p) * (d - fake) ** 2

    at_rest, apart = loss(1 - flip) + loss(flip), loss(1 - flip).min() + loss(flip).min()
    assert objective.equilibrium == pytest.approx(at_rest.min(), abs=1e-3)
    assert objective.floor == pytest.approx(apart, abs=1e-3)


@pytest.mark.parametrize("family", BOUNDED)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_dominance_is_0_at_rest_and_1_at_the_floor_in_every_bounded_family(family, reduction):
    objective = Objective(family, reduction)
    rest = objective.equilibrium
    assert objective.bounded
    assert objective.dominance(rest) == 0
    assert objective.dominance(objective.floor) == 1
    assert objective.dominance(rest / 2) == pytest.approx(0.5)
    assert objective.dominance(100) == -1
    assert math.isnan(objective.dominance(math.nan))
    assert objective.dominance(math.inf) == -1


def test_smoothing_keeps_a_winning_d_at_dominance_1():
    assert Objective("non-saturating", "sum", smoothing=0.9).dominance(0.3251) == pytest.approx(
        1, abs=1e-4
    )


@pytest.mark.parametrize("objective", [Objective(), Objective("hinge"), Objective("wasserstein")])
def test_dominance_without_a_floor_or_a_reduction_is_refused(objective):
    assert not objective.bounded
    with pytest.raises(ConfigError, match="bounded family and its reduction"):
        objective.dominance(0.5)


def test_what_is_not_known_is_none():
    assert Objective().equilibrium is None
    assert Objective().floor is None
    assert Objective("hinge").equilibrium is None
    assert Objective("hinge").floor == 0
    assert Objective("non-saturating", smoothing=0.9).floor is None
    assert Objective("relativistic-paired").equilibrium == pytest.approx(math.log(2))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_a_shorthand(family):
    assert Objective.of(family) == Objective(family)


@pytest.mark.parametrize(
    ("loss", "objective"),
    [
        ("WGAN_GP", Objective("wasserstein", penalties=("gradient-penalty",))),
        ("bce", Objective("non-saturating")),
        ("LSGAN", Objective("least-squares")),
        ("r3gan", Objective("relativistic-paired", penalties=("r1", "r2"))),
        (None, Objective()),
        (Objective("hinge", "sum"), Objective("hinge", "sum")),
    ],
)
def test_shorthands_that_people_use(loss, objective):
    assert Objective.of(loss) == objective


def test_an_unknown_loss_is_answered_with_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"No loss is called 'hnge'.*mean 'hinge'"):
        Objective.of("hnge")


def test_a_loss_of_another_type_is_refused():
    with pytest.raises(ConfigError, match="a name or an Objective, got int"):
        Objective.of(3)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("family", "hnge", "No loss family is called 'hnge'"),
        ("reduction", "max", "No reduction is called 'max'"),
        ("smoothing", 0.0, r"\(0, 1\], got 0.0"),
        ("smoothing", 1.2, "got 1.2"),
        ("flip", 0.5, r"\[0, 0.5\), got 0.5"),
        ("coding", (1, 1, 1), r"got \(1, 1, 1\)"),
    ],
)
def test_impossible_objectives_are_refused_with_the_value(field, value, text):
    with pytest.raises(ConfigError, match=text):
        replace(Objective("non-saturating", "sum"), **{field: value})
