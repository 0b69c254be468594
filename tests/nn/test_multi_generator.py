from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.nn import (
    ConditionalGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    MultiGenerator,
    ProjectionDiscriminator,
    ResNetGenerator,
    condition_embedding,
    with_classifier,
)

MAKERS: list[Callable[[], nn.Module]] = [
    lambda: MLPGenerator(4, 2, width=8),
    lambda: DCGANGenerator(4, 1, 8, width=4),
    lambda: ResNetGenerator(4, 1, 8, width=4),
]


@pytest.mark.parametrize("make", MAKERS, ids=["mlp", "dcgan", "resnet"])
@pytest.mark.parametrize("n", [2, 3, 8])
def test_sample_i_comes_from_generator_i_modulo_count(
    make: Callable[[], nn.Module], n: int
) -> None:
    torch.manual_seed(0)
    G = MultiGenerator(make, 3).eval()
    z = torch.randn(n, 4)
    samples = G(z)
    assert G.which(n).tolist() == [i % 3 for i in range(n)]
    for i, k in enumerate(G.which(n).tolist()):
        torch.testing.assert_close(samples[i : i + 1], G.rest(G.firsts[k](z[i : i + 1])))


def test_generators_differ_in_their_first_layer_alone() -> None:
    torch.manual_seed(0)
    one, G = MLPGenerator(4, 2, width=8), MultiGenerator(lambda: MLPGenerator(4, 2, width=8), 3)
    of_first = sum(p.numel() for p in one.first.parameters())
    of_all = sum(p.numel() for p in one.parameters())
    assert sum(p.numel() for p in G.parameters()) == of_all + 2 * of_first
    z = torch.randn(1, 4).expand(3, 4)
    a, b, c = G(z)
    assert not torch.allclose(a, b)
    assert not torch.allclose(b, c)


def test_each_generator_learns_from_its_own_samples() -> None:
    G = MultiGenerator(lambda: MLPGenerator(4, 2, width=8), 2)
    G(torch.randn(6, 4))[0::2].sum().backward()
    mine, other = (next(first.parameters()).grad for first in G.firsts)
    assert mine is not None
    assert mine.abs().max() > 0
    assert other is None or other.count_nonzero() == 0


def test_one_generator_is_the_generator_itself() -> None:
    torch.manual_seed(0)
    single = MLPGenerator(4, 2, width=8)
    torch.manual_seed(0)
    G = MultiGenerator(lambda: MLPGenerator(4, 2, width=8), 1)
    z = torch.randn(5, 4)
    assert torch.equal(G(z), single(z))


def test_no_generator_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="count must be at least 1, got 0"):
        MultiGenerator(lambda: MLPGenerator(4, 2), 0)


def test_a_condition_can_be_told_to_several() -> None:
    several = MultiGenerator(lambda: MLPGenerator(6, 2, width=8), 2)
    G = ConditionalGenerator(several, condition_embedding(classes=3, dim=2))
    assert G(torch.randn(5, 4), torch.randint(3, (5,))).shape == (5, 2)


def test_the_classifier_reads_the_features_of_d() -> None:
    D = with_classifier(DCGANDiscriminator(1, 8, width=4), 3)
    x = torch.randn(6, 1, 8, 8)
    assert D.classifier(D.features(x)).shape == (6, 3)
    assert D(x).shape == (6,)
    assert {"classifier.weight", "classifier.bias"} <= dict(D.named_parameters()).keys()


def test_the_classifier_also_goes_on_a_conditional_d() -> None:
    D = with_classifier(ProjectionDiscriminator(MLPDiscriminator(2, 8), classes=3), 4)
    assert D.classifier(D.features(torch.randn(6, 2))).shape == (6, 4)
