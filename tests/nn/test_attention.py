from __future__ import annotations

import pytest
import torch

from gan_doctor.nn import SelfAttention


def ready(channels: int) -> SelfAttention:
    torch.manual_seed(0)
    layer = SelfAttention(channels).double()
    torch.nn.init.constant_(layer.gamma, 0.7)
    return layer


def test_it_starts_as_the_identity_and_can_leave_it() -> None:
    layer, x = SelfAttention(8), torch.randn(2, 8, 3, 4)
    assert torch.equal(layer(x), x)
    layer(x).square().sum().backward()
    assert layer.gamma.grad is not None
    assert layer.gamma.grad.abs().item() > 0


def test_output_is_the_formula_written_as_loops() -> None:
    layer = ready(16)
    x = torch.randn(2, 16, 2, 3, dtype=torch.float64)
    y = layer(x)
    f, g, h, v = (conv.weight[:, :, 0, 0] for conv in (layer.f, layer.g, layer.h, layer.v))
    for n in range(2):
        places = [x[n, :, a, b] for a in range(2) for b in range(3)]
        for j, here in enumerate(places):
            scores = torch.stack([(f @ there) @ (g @ here) for there in places])
            shares = scores.exp() / scores.exp().sum()
            o = v @ sum(s * (h @ there) for s, there in zip(shares, places, strict=True))
            torch.testing.assert_close(y[n, :, j // 3, j % 3], here + 0.7 * o)


@pytest.mark.parametrize(("channels", "keys", "values"), [(64, 8, 32), (20, 2, 10), (1, 1, 1)])
def test_keys_and_values_are_narrower(channels: int, keys: int, values: int) -> None:
    layer = SelfAttention(channels)
    assert layer.f.out_channels == layer.g.out_channels == keys
    assert layer.h.out_channels == layer.v.in_channels == values
    assert layer(torch.randn(1, channels, 2, 2)).shape == (1, channels, 2, 2)


def test_samples_stay_apart() -> None:
    layer, x = ready(8), torch.randn(3, 8, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(x)[:1], layer(x[:1]))


def test_every_place_looks_at_every_other() -> None:
    layer = ready(8)
    x = torch.randn(1, 8, 4, 4, dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(layer(x)[0, :, 0, 0].sum(), x)
    assert grad.abs().sum(1).min() > 0


def test_gradient_penalties_can_be_taken_through_it() -> None:
    layer = ready(2)
    x = torch.randn(1, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(layer, (x,))
