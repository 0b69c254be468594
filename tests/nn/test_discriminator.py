from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.nn import (
    DCGANDiscriminator,
    Discriminator,
    MaxoutDiscriminator,
    MinibatchDiscrimination,
    MinibatchStdDev,
    MLPDiscriminator,
    ResNetDiscriminator,
    remove_spectral_norm,
    spectral_norm,
)


def mlp(**options: Any) -> Discriminator:
    return MLPDiscriminator(8, width=6, **options)


def maxout(**options: Any) -> Discriminator:
    return MaxoutDiscriminator(8, width=6, **options)


def dcgan(**options: Any) -> Discriminator:
    return DCGANDiscriminator(2, 8, width=4, **options)


def resnet(**options: Any) -> Discriminator:
    return ResNetDiscriminator(2, 8, width=4, **options)


MAKERS = pytest.mark.parametrize("make", [mlp, maxout, dcgan, resnet])


def samples(D: Discriminator, n: int = 6) -> torch.Tensor:
    images = isinstance(D, DCGANDiscriminator | ResNetDiscriminator)
    return torch.randn(n, 2, 8, 8) if images else torch.randn(n, 8)


@MAKERS
def test_late_layers_append_to_the_last_hidden_layer(make: Any) -> None:
    torch.manual_seed(0)
    shapes: list[tuple[int, ...]] = []

    def stddev(shape: tuple[int, ...]) -> nn.Module:
        shapes.append(shape)
        return MinibatchStdDev(shape)

    def discrimination(shape: tuple[int, ...]) -> nn.Module:
        shapes.append(shape)
        return MinibatchDiscrimination(shape, kernels=3)

    plain, D = make(), make(late=[stddev, discrimination])
    x = samples(D)
    assert shapes[1] == (shapes[0][0] + 1, *shapes[0][1:])
    places = plain.feature_count // shapes[0][0]
    assert D.feature_count == plain.feature_count + 4 * places
    assert D.features(x).shape == (6, D.feature_count)
    assert D(x).shape == (6,)
    # They are cross-sample, which the plain one is not.
    torch.testing.assert_close(plain(x)[:3], plain(x[:3]))
    assert not torch.allclose(D.features(x)[:3], D.features(x[:3]))


@MAKERS
def test_the_last_hidden_layer_begins_with_that_of_the_plain_network(make: Any) -> None:
    torch.manual_seed(0)
    plain = make()
    D = make(late=[MinibatchStdDev])
    plain.load_state_dict(
        {k: v for k, v in D.state_dict().items() if "output" not in k}, strict=False
    )
    x = samples(D)
    torch.testing.assert_close(D.features(x)[:, : plain.feature_count], plain.features(x))


@MAKERS
def test_spectral_norm_goes_on_and_off(make: Any) -> None:
    D = make(late=[MinibatchDiscrimination])
    keys = D.state_dict().keys()
    x = samples(D)
    normed = spectral_norm(copy.deepcopy(D))
    assert nn.utils.parametrize.is_parametrized(normed.output, "weight")
    normed.eval()
    logits = normed(x)
    assert not torch.allclose(logits, D.eval()(x))
    remove_spectral_norm(normed)
    assert normed.state_dict().keys() == keys
    torch.testing.assert_close(normed(x), logits)


def test_a_late_layer_that_does_not_say_what_it_appends_is_refused() -> None:
    with pytest.raises(ConfigError, match="`added` how many channels it appends, but Identity"):
        mlp(late=[lambda shape: nn.Identity()])


def test_no_layer_is_there_for_nothing() -> None:
    leaves = [m for m in dcgan().modules() if not list(m.children())]
    assert nn.Sequential not in map(type, leaves)


def test_a_network_of_ones_own_gets_its_features() -> None:
    D = Discriminator(nn.Sequential(nn.Conv1d(2, 3, 1)), (3, 5))
    assert D.features(torch.randn(4, 2, 5)).shape == (4, D.feature_count) == (4, 15)
