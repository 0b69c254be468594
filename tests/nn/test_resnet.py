from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from gan_doctor.nn import ResNetDiscriminator, ResNetGenerator
from gan_doctor.nn.resnet import ResidualDown, ResidualUp


def test_the_block_that_enlarges_is_the_formula() -> None:
    block = ResidualUp(3, 4, "none", 0.0, "resize").double()
    x = torch.randn(2, 3, 5, 5, dtype=torch.float64)
    branch = block.branch
    up, conv = branch[1].conv, branch[3]
    h = conv2d(interpolate(x.relu(), scale_factor=2), up.weight, up.bias, padding=1)
    h = conv2d(h.relu(), conv.weight, conv.bias, padding=1)
    shortcut = conv2d(interpolate(x, scale_factor=2), block.shortcut.weight)
    torch.testing.assert_close(block(x), (h + shortcut) / 2**0.5)


@pytest.mark.parametrize("first", [True, False])
def test_the_block_that_shrinks_is_the_formula(first: bool) -> None:
    block = ResidualDown(3, 4, "none", 0.0, first=first).double()
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    one, two = [m for m in block.branch if isinstance(m, nn.Conv2d)]
    h = conv2d(x if first else x.relu(), one.weight, one.bias, padding=1)
    h = avg_pool2d(conv2d(h.relu(), two.weight, two.bias, padding=1), 2)
    shortcut = conv2d(avg_pool2d(x, 2), block.shortcut[1].weight)
    torch.testing.assert_close(block(x), (h + shortcut) / 2**0.5)


def test_the_first_block_of_d_is_not_normalised() -> None:
    first, second = list(ResNetDiscriminator(1, 8, width=4, norm="batch").trunk)[:2]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in first.modules())
    assert sum(isinstance(m, nn.BatchNorm2d) for m in second.modules()) == 2


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_variance_is_about_kept_without_normalisation(slope: float) -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 32, 8, 8)
    block = ResidualUp(32, 32, "none", slope, "resize")
    assert 0.5 < block.branch(x).var() < 1.6
    assert 0.5 < block(x).var() < 1.6
    # The mean of four pixels takes variance away, in D.
    assert 0.5 < ResidualDown(32, 32, "none", slope, first=False).branch[:-1](x).var() < 1.6


def test_gradients_reach_the_first_layer_of_a_deep_generator() -> None:
    torch.manual_seed(0)
    G = ResNetGenerator(4, 1, 64, width=4, norm="none")
    G(torch.randn(4, 4)).square().sum().backward()
    first, last = next(G.first.parameters()).grad, list(G.rest.parameters())[-2].grad
    assert first is not None
    assert last is not None
    assert first.norm() > 1e-3 * last.norm()


@pytest.mark.parametrize("kind", ["transposed", "pixel-shuffle", "resize"])
def test_only_the_upsampling_asked_for_is_in_the_network(kind: Any) -> None:
    layers = {
        type(m).__name__ for m in ResNetGenerator(4, 1, 8, width=4, upsampling=kind).modules()
    }
    found = layers & {"ConvTranspose2d", "PixelShuffle", "Upsample"}
    expected = {"transposed": "ConvTranspose2d", "pixel-shuffle": "PixelShuffle"}
    assert found == {expected.get(kind, "Upsample")}
