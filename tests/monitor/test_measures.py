"""Measures of many steps at once agree with those of one step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_doctor.losses import discriminator_loss
from gan_doctor.metrics import auroc, norm
from gan_doctor.monitor.measures import (
    GradientCosine,
    GradientNorm,
    LayerNorms,
    NotFinite,
    Scores,
    ShareThroughD,
)
from gan_doctor.monitor.players import Player, Players
from gan_doctor.monitor.updates import MOST, Updates
from gan_doctor.monitor.window import ABSENT

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


@pytest.mark.parametrize("probability", [False, True])
def test_signs_are_those_of_the_logits(probability):
    scores = Scores(D, 8, None, probability)(OUTPUTS.sigmoid() if probability else OUTPUTS)
    assert torch.equal(scores["sign/real"], OUTPUTS[:, :8].sign().mean(1))
    assert torch.equal(scores["sign/fake"], OUTPUTS[:, 8:].sign().mean(1))


def test_what_is_no_number_has_no_sign():
    scores = Scores(D, 1, None, False)(torch.tensor([[torch.nan, 1.0], [torch.inf, -1.0]]))
    assert scores["sign/real"].isnan().tolist() == [True, False]
    assert scores["sign/fake"].tolist() == [1, -1]


def test_probabilities_taken_for_logits_have_a_loss_that_cannot_fall():
    said = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    scores = Scores(D, 1, "non-saturating", True)(said)
    expected = [discriminator_loss("non-saturating", *row.split(1)).item() for row in said]
    assert scores["loss/d/double"].tolist() == pytest.approx(expected)
    assert scores["loss/d/double"][0] == pytest.approx(1.0064, abs=1e-4)
    assert scores["loss/d/clean"][0] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("family", "probability"), [("hinge", True), ("non-saturating", False)])
def test_no_other_loss_is_doubled(family, probability):
    assert "loss/d/double" not in Scores(D, 8, family, probability)(OUTPUTS.sigmoid())


def test_cosines_of_large_and_small_gradients():
    a, b = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.cosine_similarity(a, b, dim=0).item()
    pairs = torch.stack([torch.stack([a, b]) * size for size in (1.0, 1e30, 1e-30)])
    found = GradientCosine(D)(torch.cat([pairs, torch.stack([a, -a])[None]]))
    assert found["gradient/d/cosine"].tolist() == pytest.approx([expected] * 3 + [-1])


@pytest.mark.parametrize("broken", [0.0, torch.nan, torch.inf])
def test_a_gradient_without_a_direction_has_no_cosine(broken):
    found = GradientCosine(D)(torch.stack([torch.ones(4), torch.full((4,), broken)])[None])
    assert found["gradient/d/cosine"].tolist() == [ABSENT]


def test_shares_through_d():
    found = ShareThroughD(D)(torch.tensor([[1.0, 3.0], [2.0, 0.0], [0.0, 2.0], [0.0, 0.0]]))
    assert found["gradient/g/through_d"].tolist() == [0.25, 1, 0, ABSENT]


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
