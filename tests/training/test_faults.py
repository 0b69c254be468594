from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from gan_doctor.training import FAULTS, TrainConfig, Trained, train
from gan_doctor.training.assembly import assembled

Small = Callable[..., TrainConfig]


@pytest.fixture
def sick(small: Small) -> Callable[..., Trained]:
    return lambda fault, data="ring", **settings: train(small(data, fault=fault, **settings))


def moved(small: Small, player: str, **settings: Any) -> bool:
    """Whether a player has other weights after four steps than it began with."""
    config = small(**settings)
    before = getattr(assembled(config)[0].now, player).state_dict()
    done = train(config)
    now = (done.generator if player == "G" else done.discriminator).state_dict()
    return any(not torch.equal(before[name], now[name]) for name in before)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_trains_and_says_what_it_is(name: str, small: Small) -> None:
    assert FAULTS[name].summary.endswith(".")
    tricks = {"projection": {}} if "latent" in name or "condition" in name else {}
    train(small("digits", fault=name, tricks=tricks))


@pytest.mark.parametrize("player", ["G", "D"])
def test_a_frozen_player_alone_does_not_move(player: str, small: Small) -> None:
    fault = {"G": "frozen-generator", "D": "frozen-discriminator"}[player]
    other = {"G": "D", "D": "G"}[player]
    assert not moved(small, player, fault=fault)
    assert moved(small, other, fault=fault)


def test_swapped_labels_teach_d_to_score_reals_low(small: Small) -> None:
    separations = {}
    for fault in ("", "labels-swapped"):
        told: list[float] = []
        config = small(fault=fault, steps=150, width=32, lr_g=1e-6, batch_size=64)
        train(config, progress=lambda _, state, told=told: told.append(state["auroc"]))  # type: ignore[misc]
        separations[fault] = told[-1]
    assert separations[""] > 0.9
    assert separations["labels-swapped"] < 0.1


def test_a_second_sigmoid_keeps_the_loss_of_d_above_its_floor(small: Small) -> None:
    told: list[float] = []
    config = small(fault="double-sigmoid", steps=150, width=32, lr_g=1e-6, lr_d=1e-2)
    train(config, progress=lambda _, state: told.append(state["loss_d"]))
    assert min(told) > 1.006


def test_a_g_that_ignores_its_latent_makes_one_sample_a_class(small: Small) -> None:
    config = small("digits", fault="latent-ignored", tricks={"projection": {}})
    assert len(train(config).drawing.fakes(64).flatten(1).unique(dim=0)) <= 10


def test_a_detached_penalty_is_logged_and_moves_nothing(small: Small) -> None:
    with_it, without = (train(small(fault=fault)) for fault in ("penalty-detached", ""))
    for a, b in zip(
        with_it.discriminator.parameters(), without.discriminator.parameters(), strict=True
    ):
        assert torch.equal(a, b)
    assert TrainConfig.of(settings={"fault": "penalty-detached"}).plan().penalties == ["r1"]


def test_the_injected_nan_arrives_at_its_step(small: Small) -> None:
    told: dict[int, float] = {}
    config = small(fault="nan-injected", steps=10)
    train(config, progress=lambda step, state: told.update({step: state["loss_d"]}))
    assert next(step for step, loss in told.items() if math.isnan(loss)) == 4


def test_exhausted_rates_fall_and_a_runaway_grows(small: Small) -> None:
    rates: dict[str, list[float]] = {}
    for fault in ("rates-exhausted", "rate-runs-away"):
        seen = rates[fault] = []

        def look(_: int, drawing: Any, seen: list[float] = seen) -> None:
            seen.append(drawing.steps.now.opt_g.param_groups[0]["lr"])

        train(small(fault=fault, steps=10), look=look, look_every=1)
    falling, running = rates["rates-exhausted"], rates["rate-runs-away"]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == pytest.approx(1e-3 * 0.97**10)
    assert running[-1] == pytest.approx(300 * running[0])


def test_a_spike_of_the_rate_is_over_after_ten_steps(small: Small) -> None:
    rates: list[float] = []

    def look(_: int, drawing: Any) -> None:
        rates.append(drawing.steps.now.opt_g.param_groups[0]["lr"])

    train(small(fault="rate-spikes", steps=30), look=look, look_every=1)
    assert rates == pytest.approx([1e-3] * 15 + [2e-2] * 10 + [1e-3] * 5)


def test_a_frame_is_grey_and_one_pixel_wide(small: Small) -> None:
    x = train(small("digits", fault="framed", steps=1)).drawing.fakes(8)
    assert x.shape[-2:] == (8, 8)
    inner = x[..., 1:-1, 1:-1].clone()
    assert inner.abs().min() > 0
    x[..., 1:-1, 1:-1] = 0
    assert not x.any()


@pytest.mark.parametrize("fault", ["blurred", "chequered"])
def test_altered_images_stay_in_range_and_differ(fault: str, small: Small) -> None:
    drawn = [train(small("digits", fault=f, steps=1)).drawing.fakes(8) for f in ("", fault)]
    assert not torch.allclose(drawn[0], drawn[1], atol=0.05)
    assert drawn[1].abs().max() <= 1
