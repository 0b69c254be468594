"""Trainings of earlier versions stay what they were: same seed, same weights, same function."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from gan_doctor.nn import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator

# The networks as they were built before they had options, layer by layer.


def old_dcgan_generator(latent: int, channels: int, base: int, doublings: int, width: int):
    c = width * 2 ** (doublings - 1)
    layers: list[nn.Module] = [
        nn.Unflatten(1, (latent, 1, 1)),
        nn.ConvTranspose2d(latent, c, base, bias=False),
        nn.BatchNorm2d(c),
        nn.ReLU(),
    ]
    for _ in range(doublings - 1):
        layers += [
            nn.ConvTranspose2d(c, c // 2, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(c // 2),
            nn.ReLU(),
        ]
        c //= 2
    layers += [nn.ConvTranspose2d(c, channels, 4, stride=2, padding=1), nn.Tanh()]
    return nn.Sequential(*layers).apply(old_initialise)


def old_dcgan_discriminator(channels: int, base: int, halvings: int, width: int, norm: str):
    layers: list[nn.Module] = []
    c = channels
    for stage in range(halvings):
        out = width * 2**stage
        normed = norm != "none" and stage > 0
        layers += [nn.Conv2d(c, out, 4, stride=2, padding=1, bias=not normed)]
        if normed:
            layers += [nn.BatchNorm2d(out) if norm == "batch" else nn.GroupNorm(1, out)]
        layers += [nn.LeakyReLU(0.2)]
        c = out
    layers += [nn.Conv2d(c, 1, base), nn.Flatten(0)]
    return nn.Sequential(*layers).apply(old_initialise)


def old_initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.02)


def old_mlp(inputs: int, outputs: int, width: int, depth: int, activation: nn.Module):
    sizes = [inputs, *[width] * depth]
    hidden = [m for a, b in pairwise(sizes) for m in (nn.Linear(a, b), activation)]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))


def assert_same(new: nn.Module, old: nn.Module, x: torch.Tensor) -> None:
    for a, b in zip(new.parameters(), old.parameters(), strict=True):
        assert torch.equal(a.flatten(), b.flatten())
    expected = old(x)
    torch.testing.assert_close(new(x), expected.reshape(new(x).shape))


def seeded(make):
    torch.manual_seed(7)
    return make(), torch.rand(1)  # the number shows how many were drawn before it


@pytest.mark.parametrize(
    ("size", "base", "doublings"), [(8, 2, 2), (12, 3, 2), (28, 7, 2), (32, 4, 3)]
)
def test_dcgan_generator(size: int, base: int, doublings: int) -> None:
    new, after = seeded(lambda: DCGANGenerator(5, 3, size, 4))
    old, after_old = seeded(lambda: old_dcgan_generator(5, 3, base, doublings, 4))
    assert torch.equal(after, after_old)
    assert_same(new, old, torch.randn(6, 5))


@pytest.mark.parametrize("norm", ["layer", "batch", "none"])
@pytest.mark.parametrize(("size", "base", "halvings"), [(8, 2, 2), (28, 7, 2), (32, 4, 3)])
def test_dcgan_discriminator(size: int, base: int, halvings: int, norm: str) -> None:
    new, after = seeded(lambda: DCGANDiscriminator(3, size, 4, norm))  # type: ignore[arg-type]
    old, after_old = seeded(lambda: old_dcgan_discriminator(3, base, halvings, 4, norm))
    assert torch.equal(after, after_old)
    assert_same(new, old, torch.randn(6, 3, size, size))


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_mlp(depth: int) -> None:
    G, after = seeded(lambda: MLPGenerator(3, 2, 16, depth))
    old_G, after_old = seeded(lambda: old_mlp(3, 2, 16, depth, nn.ReLU()))
    assert torch.equal(after, after_old)
    assert_same(G, old_G, torch.randn(6, 3))
    D, after = seeded(lambda: MLPDiscriminator(2, 16, depth))
    old_D, after_old = seeded(lambda: old_mlp(2, 1, 16, depth, nn.LeakyReLU(0.2)))
    assert torch.equal(after, after_old)
    assert_same(D, old_D, torch.randn(6, 2))
