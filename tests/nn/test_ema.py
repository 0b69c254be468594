from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.nn import ExponentialAverage, spectral_norm, stylegan_decay


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


def test_networks_with_spectral_norm_and_hooks_are_averaged() -> None:
    torch.manual_seed(0)
    live = nn.Sequential(spectral_norm(nn.Linear(3, 4)), nn.ReLU(), spectral_norm(nn.Linear(4, 1)))
    live.register_forward_hook(lambda module, args, output: None)
    live(torch.randn(5, 3)).sum().backward()
    average = ExponentialAverage(live, 0.5)
    before = {name: p.clone() for name, p in average.module.named_parameters()}
    with torch.no_grad():
        for p in live.parameters():
            p.add_(torch.randn_like(p))
    live(torch.randn(5, 3))
    average.update(live)
    for name, p in live.named_parameters():
        mean = (before[name] + p.detach()) / 2
        torch.testing.assert_close(average.module.get_parameter(name), mean)
    for name, buffer in live.named_buffers():
        assert torch.equal(average.module.get_buffer(name), buffer)
    assert average.module(torch.randn(2, 3)).isfinite().all()


def test_the_weight_of_a_past_network_falls_by_half_in_each_half_life() -> None:
    live = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(live.weight)
    average = ExponentialAverage(live)
    nn.init.zeros_(live.weight)
    for _ in range(50):
        average.update(live, stylegan_decay(40, 10**6, half_life_images=1_000))
    assert average.module.weight.item() == pytest.approx(0.25)  # type: ignore[operator]


def test_the_live_network_is_left_alone_and_its_state_fits_a_plain_network() -> None:
    live = net()
    average, before = ExponentialAverage(live, 0.5), copy.deepcopy(live.state_dict())
    average.update(live)
    assert all(torch.equal(live.state_dict()[name], x) for name, x in before.items())
    plain = net()
    nn.init.zeros_(plain[0].weight)  # type: ignore[arg-type]
    plain.load_state_dict(average.state_dict())
    assert torch.equal(plain[0].weight, average.module[0].weight)  # type: ignore[index, arg-type]


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_a_decay_for_one_update_is_checked_too(decay: float) -> None:
    with pytest.raises(ConfigError, match="decay must lie in"):
        ExponentialAverage(net()).update(net(), decay)
