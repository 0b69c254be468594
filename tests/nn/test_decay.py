"""Which parameters decay; that they do in AdamW is in test_schedules_and_limits.py."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_doctor.nn import l1_penalty, parameter_groups, spectral_norm


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm2d(4),
        nn.LayerNorm([4, 3, 3]),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm2d(4, affine=True),
    ],
    ids=lambda norm: type(norm).__name__,
)
def test_what_normalisation_learns_does_not_decay(norm: nn.Module) -> None:
    net = nn.Sequential(nn.ConvTranspose2d(2, 4, 3), norm)
    decayed, plain = parameter_groups(net, 0.1)
    assert [id(p) for p in decayed["params"]] == [id(net[0].weight)]
    assert len(plain["params"]) == 3
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.1, 0.0)


def test_a_shared_weight_is_in_one_group_once() -> None:
    layer = nn.Linear(3, 3)
    decayed, plain = parameter_groups(nn.Sequential(layer, nn.ReLU(), layer), 0.1)
    assert len(decayed["params"]) == len(plain["params"]) == 1
    weight = layer.weight.abs().sum().item()
    assert l1_penalty(nn.Sequential(layer, layer), 2).item() == pytest.approx(2 * weight)


def test_a_weight_under_spectral_norm_decays() -> None:
    decayed, plain = parameter_groups(spectral_norm(nn.Linear(3, 2)), 0.1)
    assert [p.shape for p in decayed["params"]] == [(2, 3)]
    assert [p.shape for p in plain["params"]] == [(2,)]


def test_l1_equals_a_loop_and_its_gradient_is_the_sign() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 3))
    net.double()
    convolution, linear = net[0].weight, net[3].weight
    total = 0.0
    for weight in (convolution, linear):
        for value in weight.flatten().tolist():  # type: ignore[union-attr, operator]
            total += abs(value)
    penalty = l1_penalty(net, 0.3)
    assert penalty.item() == pytest.approx(0.3 * total)
    penalty.backward()
    for p in net.parameters():
        if p is convolution or p is linear:
            torch.testing.assert_close(p.grad, 0.3 * p.detach().sign())
        else:
            assert p.grad is None


def test_without_weights_l1_is_0() -> None:
    assert l1_penalty(nn.BatchNorm1d(3), 1.0) == 0
