"""The small blocks: noise, top-k, clipping, the gate, and decay of weights alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.optim import AdamW

from gan_doctor.core import ConfigError
from gan_doctor.nn import (
    SeparationGate,
    annealed,
    annealed_share,
    clip_weights,
    instance_noise,
    l1_penalty,
    parameter_groups,
    top_k,
)


def test_instance_noise_has_its_sd_its_seed_and_lets_the_gradient_through() -> None:
    x = torch.zeros(64, 1, 16, 16, requires_grad=True)
    noisy = instance_noise(x, 0.1, torch.Generator().manual_seed(0))
    assert noisy.std().item() == pytest.approx(0.1, rel=0.02)
    assert torch.equal(noisy, instance_noise(x, 0.1, torch.Generator().manual_seed(0)))
    noisy.sum().backward()
    assert x.grad is not None
    assert x.grad.eq(1).all()


def test_noise_anneals_along_a_line_to_0() -> None:
    assert [annealed(0.2, done, 0.5) for done in (0, 0.25, 0.5, 0.9)] == [0.2, 0.1, 0, 0]


def test_top_k_keeps_the_best_and_at_least_one() -> None:
    logits = torch.tensor([0.1, 3.0, -2.0, 1.0])
    assert top_k(logits, 0.5).tolist() == [3.0, 1.0]
    assert top_k(logits, 0.01).tolist() == [3.0]
    assert top_k(logits, 1.0) is logits
    assert [annealed_share(done, 0.6, 0.5) for done in (0, 0.25, 1)] == pytest.approx([1, 0.8, 0.6])
    with pytest.raises(ConfigError, match="share must lie"):
        top_k(logits, 0)


def test_clipped_weights_lie_within_the_limit_and_small_ones_stay() -> None:
    net = nn.Linear(2, 1)
    net.weight.data = torch.tensor([[0.5, -0.005]])
    clip_weights(net, 0.01)
    assert net.weight.tolist() == [[pytest.approx(0.01), pytest.approx(-0.005)]]
    assert net.weight.requires_grad
    with pytest.raises(ConfigError, match="limit must lie above 0"):
        clip_weights(net, 0)


def test_the_gate_closes_while_the_mean_separation_is_above_its_threshold() -> None:
    gate, mean, aurocs = SeparationGate(0.9, 0.5), None, [0.5, 1.0, 1.0, 1.0, math.nan, 0.2, 1.0]
    for auroc in aurocs:
        if not math.isnan(auroc):
            mean = auroc if mean is None else 0.5 * mean + 0.5 * auroc
        assert mean is not None
        assert gate(auroc) is (mean > 0.9)


def test_a_gate_that_was_saved_goes_on() -> None:
    one, other = SeparationGate(0.9, 0.9), SeparationGate(0.9, 0.9)
    for auroc in (1.0, 0.8):
        one(auroc)
    other.load_state_dict(one.state_dict())
    assert [one(a) for a in (0.7, 0.95)] == [other(a) for a in (0.7, 0.95)]
    assert one.state_dict() == other.state_dict()


def test_only_weights_decay() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 1))
    decayed, plain = parameter_groups(net, 0.1)
    assert [p.dim() for p in decayed["params"]] == [4, 2]
    assert len(plain["params"]) == 4
    assert {id(p) for g in (decayed, plain) for p in g["params"]} == {
        id(p) for p in net.parameters()
    }
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    optimizer = AdamW([decayed, plain], lr=0.5)
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    for name, p in net.named_parameters():
        factor = 1 - 0.5 * 0.1 if p.dim() > 1 else 1.0
        torch.testing.assert_close(p.detach(), factor * before[name])


def test_l1_sums_the_sizes_of_the_same_weights() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    expected = 0.5 * net[0].weight.abs().sum()  # type: ignore[union-attr, operator]
    torch.testing.assert_close(l1_penalty(net, 0.5), expected)
