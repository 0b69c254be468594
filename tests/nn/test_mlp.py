from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.nn import MLPDiscriminator, MLPGenerator, normal_init


def test_generator_and_discriminator_fit_each_other() -> None:
    points = MLPGenerator(latent=3, features=2, width=16)(torch.randn(7, 3))
    assert points.shape == (7, 2)
    assert MLPDiscriminator(features=2, width=16)(points).shape == (7,)


def test_a_batch_of_one_keeps_its_dimension() -> None:
    assert MLPDiscriminator(features=2, width=4)(torch.randn(1, 2)).shape == (1,)


def test_depth_counts_the_hidden_layers() -> None:
    for depth in (1, 3):
        D = MLPDiscriminator(features=2, width=4, depth=depth)
        assert sum(isinstance(layer, nn.LeakyReLU) for layer in D.modules()) == depth


def test_output_is_not_bounded() -> None:
    G = MLPGenerator(latent=2, features=2, width=8)
    assert G(1e4 * torch.randn(64, 2)).abs().max() > 1


def test_first_and_rest_are_the_generator_and_features_and_output_the_discriminator() -> None:
    G, D = MLPGenerator(3, 2, 8), MLPDiscriminator(2, 8)
    z = torch.randn(5, 3)
    assert isinstance(G.first, nn.Linear)
    assert torch.equal(G(z), G.rest(G.first(z)))
    x = G(z)
    h = D.features(x)
    assert h.shape == (5, D.feature_count) == (5, 8)
    assert torch.equal(D(x), D.output(h).squeeze(1))


def test_batch_normalised_layers_are_those_of_pacgan() -> None:
    G = MLPGenerator(2, 2, 400, depth=4, norm="batch")
    kinds = [type(m).__name__ for m in (G.first, *G.rest)]
    assert kinds == ["Linear", "BatchNorm1d", "ReLU"] * 4 + ["Linear"]
    linear = [m for m in G.modules() if isinstance(m, nn.Linear)]
    assert [m.bias is not None for m in linear] == [False] * 4 + [True]
    # Counted from the official code.
    assert sum(m.weight.numel() for m in linear) == 481_600


def test_discriminator_has_no_norm_on_its_input() -> None:
    D = MLPDiscriminator(2, 8, depth=3, norm="layer")
    kinds = [type(m).__name__ for m in D.trunk]
    assert kinds == ["Flatten", "Linear", "LeakyReLU", *["Linear", "LayerNorm", "LeakyReLU"] * 2]


def test_images_are_flattened_for_d_and_made_by_g() -> None:
    images = MLPGenerator(3, 48, 8, shape=(3, 4, 4))(1e3 * torch.randn(5, 3))
    assert images.shape == (5, 3, 4, 4)
    assert images.abs().max() <= 1
    D = MLPDiscriminator(48, 8)
    assert torch.equal(D(images), D(images.flatten(1)))


@pytest.mark.parametrize("shape", [None, (2,)])
def test_a_shape_of_vectors_changes_nothing(shape: tuple[int, ...] | None) -> None:
    G = MLPGenerator(3, 2, 8, shape=shape)
    assert G(1e4 * torch.randn(5, 3)).abs().max() > 1


def test_a_shape_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"features must be 48 .*\(3, 4, 4\), got 64"):
        MLPGenerator(3, 64, shape=(3, 4, 4))


def test_unknown_norms_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="Known: batch, layer, none"):
        MLPGenerator(3, 2, norm="instance")  # type: ignore[arg-type]


def test_slope_and_dropout_are_those_asked_for() -> None:
    D = MLPDiscriminator(2, 8, slope=0.3, dropout=0.25)
    assert {m.negative_slope for m in D.modules() if isinstance(m, nn.LeakyReLU)} == {0.3}
    assert [m.p for m in D.modules() if isinstance(m, nn.Dropout)] == [0.25, 0.25]
    with pytest.raises(ConfigError, match=r"dropout must lie in \[0, 1\), got -0.1"):
        MLPDiscriminator(2, dropout=-0.1)


def test_pacgans_start_is_narrow_with_biases_of_zero() -> None:
    torch.manual_seed(0)
    G = normal_init(MLPGenerator(2, 2, 100, depth=4, norm="batch"))
    linear = [m for m in G.modules() if isinstance(m, nn.Linear)]
    weights = torch.cat([m.weight.flatten() for m in linear])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
    assert linear[-1].bias.count_nonzero() == 0
    norms = [m for m in G.modules() if isinstance(m, nn.BatchNorm1d)]
    assert all(torch.equal(m.weight, torch.ones(100)) for m in norms)
