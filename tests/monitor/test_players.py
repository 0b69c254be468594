"""Several G or several D: each player has series of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loops import player_loops
from loops.played import Played, play_both
from loops.witness import Loop
from torch import nn

from gan_doctor import Monitor
from gan_doctor.core import ConfigError


@pytest.fixture
def played(tmp_path: Path):
    def play(loop: Loop, steps: int = 30, **options: Any) -> Played:
        return play_both(loop, tmp_path, steps, **options)

    return play


def keys(played: Played, prefix: str) -> set[str]:
    return {str(s.key) for s in played.run.series if s.key.name.startswith(prefix)}


def test_the_players_of_a_dict_are_its_keys(played):
    run = played(player_loops.cyclegan)
    assert keys(run, "gradient/") == {
        "gradient/d@A", "gradient/d@B", "gradient/g@A2B", "gradient/g@B2A",
    }  # fmt: skip
    assert keys(run, "auroc") == {"auroc@A", "auroc@B"}
    assert keys(run, "loss/g") == {"loss/g@A2B", "loss/g@B2A"}


def test_the_players_of_a_list_are_numbers(played):
    run = played(player_loops.cyclegan_d_by_d)
    assert keys(run, "gradient/") == {
        "gradient/d@0", "gradient/d@1", "gradient/g@0", "gradient/g@1",
    }  # fmt: skip


def test_a_network_that_is_alone_has_no_name(played):
    run = played(player_loops.several_g)
    assert keys(run, "gradient/") == {"gradient/d", "gradient/g@left", "gradient/g@right"}
    assert keys(run, "logit/real") == {"logit/real"}


def test_the_setup_knows_each_player(played):
    setup = played(player_loops.cyclegan).run.setup
    assert {(n.role, n.player) for n in setup.networks} == {
        ("g", "A2B"), ("g", "B2A"), ("d", "A"), ("d", "B"),
    }  # fmt: skip
    assert {(o.role, o.player) for o in setup.optimizers} == {
        ("g", "A2B"), ("g", "B2A"), ("d", "A"), ("d", "B"),
    }  # fmt: skip


def test_samples_of_several_of_both_are_those_of_each_d(played):
    run = played(player_loops.cyclegan, steps=45, sample_every=20).run
    measured = {s.key.player for s in run.series if s.key.name == "sample/recall"}
    assert measured == {"A", "B"}
    assert {samples.player for samples in run.samples} == {"A", "B"}
    reals = {s.player: s.load() for s in run.samples if s.kind == "real"}
    # A's reals lie on a ring of radius 1 around 0, B's around (1, 1).
    assert np.allclose(reals["A"].mean(0), 0, atol=0.2)
    assert np.allclose(reals["B"].mean(0), 1, atol=0.2)


@pytest.mark.parametrize("loop", [player_loops.several_d, player_loops.several_g])
def test_samples_of_one_g_or_one_d_belong_to_no_player(played, loop):
    run = played(loop, steps=45, sample_every=20).run
    assert {s.key.player for s in run.series if s.key.name == "sample/recall"} == {""}


def test_no_network_at_all_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="generator"):
        Monitor(tmp_path, [], nn.Linear(2, 1))
    with pytest.raises(ConfigError, match="discriminator"):
        Monitor(tmp_path, nn.Linear(4, 2), {})


def test_a_network_that_is_given_twice_is_refused(tmp_path):
    D = nn.Linear(2, 1)
    with pytest.raises(ConfigError, match="same"):
        Monitor(tmp_path, nn.Linear(4, 2), [D, D])


@pytest.mark.parametrize("name", ["a@b", "a#b", "a=1", ""])
def test_a_player_whose_name_no_key_can_hold_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="player"):
        Monitor(tmp_path, nn.Linear(4, 2), {name: nn.Linear(2, 1), "other": nn.Linear(2, 1)})


def test_something_in_a_list_that_is_no_network_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="discriminator"):
        Monitor(tmp_path, nn.Linear(4, 2), [nn.Linear(2, 1), "D"])
