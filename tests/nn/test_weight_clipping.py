"""Clipping of all of a critic; the sizes themselves are in test_schedules_and_limits.py."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.nn import clip_weights


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 1))


def test_every_parameter_equals_a_loop_over_its_numbers() -> None:
    D = net()
    before = {name: p.detach().flatten().tolist() for name, p in D.named_parameters()}
    clip_weights(D, 0.1)
    for name, p in D.named_parameters():
        expected = [min(0.1, max(-0.1, value)) for value in before[name]]
        assert p.flatten().tolist() == pytest.approx(expected)


def test_clipping_is_in_place_and_twice_is_once() -> None:
    D = net()
    parameters = list(D.parameters())
    clip_weights(D)
    once = [p.detach().clone() for p in parameters]
    clip_weights(D)
    for p, now, then in zip(parameters, D.parameters(), once, strict=True):
        assert p is now
        assert p.abs().max() <= 0.01
        assert torch.equal(now, then)


def test_buffers_and_gradients_stay() -> None:
    D = net()
    D(torch.randn(4, 1, 3, 3)).sum().backward()
    gradients = [p.grad.clone() for p in D.parameters() if p.grad is not None]
    buffers = [b.clone() for b in D.buffers()]
    clip_weights(D)
    assert len(gradients) == len(list(D.parameters()))
    for p, gradient in zip(D.parameters(), gradients, strict=True):
        assert p.grad is not None
        assert torch.equal(p.grad, gradient)
    assert all(torch.equal(a, b) for a, b in zip(D.buffers(), buffers, strict=True))


@pytest.mark.parametrize("limit", [-0.1, float("nan")])
def test_limits_out_of_range_are_refused(limit: float) -> None:
    with pytest.raises(ConfigError, match=f"limit must lie above 0, got {limit}"):
        clip_weights(net(), limit)
