from __future__ import annotations

import torch
from torch import nn

from gan_doctor.nn import MLPDiscriminator, MLPGenerator


def test_generator_and_discriminator_fit_each_other() -> None:
    points = MLPGenerator(latent=3, features=2, width=16)(torch.randn(7, 3))
    assert points.shape == (7, 2)
    assert MLPDiscriminator(features=2, width=16)(points).shape == (7,)


def test_a_batch_of_one_keeps_its_dimension() -> None:
    assert MLPDiscriminator(features=2, width=4)(torch.randn(1, 2)).shape == (1,)


def test_depth_counts_the_hidden_layers() -> None:
    for depth in (1, 3):
        D = MLPDiscriminator(features=2, width=4, depth=depth)
        assert sum(isinstance(layer, nn.LeakyReLU) for layer in D.layers) == depth


def test_output_is_not_bounded() -> None:
    G = MLPGenerator(latent=2, features=2, width=8)
    assert G(1e4 * torch.randn(64, 2)).abs().max() > 1
