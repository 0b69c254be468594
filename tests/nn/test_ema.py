from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.nn import ExponentialAverage, stylegan_decay


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def test_weights_are_averaged_and_buffers_copied() -> None:
    live = net().double()
    average = ExponentialAverage(live, 0.9)
    expected = [p.detach().clone() for p in live.parameters()]
    for _ in range(5):
        live(torch.randn(8, 3, dtype=torch.float64))
        with torch.no_grad():
            for p in live.parameters():
                p.add_(torch.randn_like(p))
        average.update(live)
        expected = [
            0.9 * e + 0.1 * p.detach() for e, p in zip(expected, live.parameters(), strict=True)
        ]
    for e, p in zip(expected, average.module.parameters(), strict=True):
        torch.testing.assert_close(p, e)
    for a, b in zip(average.module.buffers(), live.buffers(), strict=True):
        assert torch.equal(a, b)


def test_the_average_is_a_copy_that_wants_no_gradient() -> None:
    live = net()
    average = ExponentialAverage(live)
    assert not any(p.requires_grad for p in average.module.parameters())
    assert all(p.requires_grad for p in live.parameters())
    assert not average.module.training
    assert live.training


def test_a_decay_of_0_follows_and_a_saved_average_goes_on() -> None:
    live = net()
    average = ExponentialAverage(live, 0.5)
    other = ExponentialAverage(copy.deepcopy(live), 0.5)
    with torch.no_grad():
        live[0].weight.add_(1)
    average.update(live)
    other.load_state_dict(average.state_dict())
    with torch.no_grad():
        live[0].weight.add_(1)
    average.update(live)
    other.update(live)
    assert torch.equal(average.module[0].weight, other.module[0].weight)  # type: ignore[index, union-attr]
    average.update(live, 0.0)
    assert torch.equal(average.module[0].weight, live[0].weight)  # type: ignore[index, union-attr]


def test_other_networks_and_decays_are_refused() -> None:
    average = ExponentialAverage(net())
    with pytest.raises(ConfigError, match="differ in"):
        average.update(nn.Linear(3, 2))
    with pytest.raises(ConfigError, match=r"decay must lie in \[0, 1\), got 1"):
        ExponentialAverage(net(), 1.0)


def test_the_decay_of_stylegan_is_a_half_life_that_grows_at_first() -> None:
    assert stylegan_decay(32, 10**6, 10_000) == pytest.approx(0.5 ** (32 / 10_000))
    assert stylegan_decay(32, 1_000, 10_000) == pytest.approx(0.5 ** (32 / 50))
    assert stylegan_decay(32, 1_000, 10_000, None) == pytest.approx(0.5 ** (32 / 10_000))
    assert stylegan_decay(32, 0) == 0
