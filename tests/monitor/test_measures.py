"""Measures of many steps at once agree with those of one step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_doctor.losses import discriminator_loss
from gan_doctor.metrics import auroc, norm
from gan_doctor.monitor.measures import GradientNorm, LayerNorms, NotFinite, Scores
from gan_doctor.monitor.players import Player, Players
from gan_doctor.monitor.updates import MOST, Updates

D = Player(
    "d", "", nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 3), nn.Linear(3, 1))
)
OUTPUTS = torch.randn(5, 24, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("family", ["non-saturating", "hinge", "least-squares", "wasserstein"])
@pytest.mark.parametrize("probability", [False, True])
def test_scores_of_five_steps_are_those_of_each(family, probability):
    outputs = OUTPUTS.sigmoid() if probability else OUTPUTS
    together = Scores(D, 8, family, probability)(outputs)
    for i, row in enumerate(outputs):
        real, fake = row[:8], row[8:]
        assert together["auroc"][i] == auroc(real, fake)
        if probability:
            assert together["logit/real"][i] == pytest.approx(real.logit().mean().item(), rel=1e-5)
        if family == "non-saturating" and probability:
            real, fake = real.logit(), fake.logit()
        expected = discriminator_loss(family, real, fake).item()
        assert together["loss/d/clean"][i] == pytest.approx(expected, rel=1e-5)


def test_without_a_family_no_loss_is_computed():
    assert "loss/d/clean" not in Scores(D, 8, None, False)(OUTPUTS)


def test_series_carry_the_player():
    player = Player("d", "A", nn.Linear(1, 1))
    assert set(GradientNorm(player)(torch.ones(2, 3))) == {"gradient/d@A"}
    assert set(NotFinite(player)(torch.ones(2))) == {"nonfinite/d@A"}


def test_the_layers_of_a_network_are_its_weights_with_what_belongs_to_them():
    assert list(D.layers.values()) == [0, 0, 0, 0, 1, 1, 2, 2]


def test_norms_by_layer_make_up_the_whole():
    parameters = [p.detach() for p in D.module.parameters()]
    norms = torch.stack([p.norm() for p in parameters])[None]
    layers = LayerNorms(D, list(D.layers.values()))(norms)
    assert list(layers) == ["gradient/d/first", "gradient/d/hidden", "gradient/d/last"]
    assert layers["gradient/d/first"][0] == pytest.approx(norm(parameters[:4]).item())
    assert layers["gradient/d/last"][0] == pytest.approx(norm(parameters[-2:]).item())
    whole = GradientNorm(D)(norms)["gradient/d"][0].item()
    assert sum(v.item() ** 2 for v in layers.values()) == pytest.approx(whole**2)


def test_a_network_of_one_layer_has_no_parts_and_of_two_nothing_hidden():
    assert LayerNorms(D, [0, 0])(torch.ones(1, 2)) == {}
    assert list(LayerNorms(D, [0, 1])(torch.ones(1, 2))) == ["gradient/d/first", "gradient/d/last"]


def test_what_is_not_finite():
    flags = NotFinite(D)(torch.tensor([1.0, torch.nan, torch.inf]))
    assert flags["nonfinite/d"].tolist() == [0, 1, 1]


def test_an_update_is_a_share_of_the_weights():
    D = nn.Linear(2, 2)
    (stepped,) = Players(nn.Linear(1, 1), D).stepped_by(torch.optim.SGD(D.parameters(), 0.1))
    updates = Updates()
    updates.before(stepped)
    with torch.no_grad():
        for p in D.parameters():
            p.mul_(1.01)
    updates.before(stepped)  # a second step of D in the same generator step
    ((player, change),) = updates.take()
    assert player.role == "d"
    assert change == pytest.approx(0.01, rel=1e-3)
    assert list(updates.take()) == []


def test_of_a_large_network_a_bounded_sample_is_kept():
    D = nn.Linear(2048, 1024)
    (stepped,) = Players(nn.Linear(1, 1), D).stepped_by(torch.optim.SGD(D.parameters(), 0.1))
    updates = Updates()
    updates.before(stepped)
    (parts,) = updates._before.values()
    assert sum(before.numel() for _, before in parts.values()) <= MOST
