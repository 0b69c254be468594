from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError
from gan_doctor.nn import (
    ConditionalGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    ProjectionDiscriminator,
    condition_embedding,
    spectral_norm,
)


def conditions(kind: str, n: int) -> tuple[dict[str, int], torch.Tensor]:
    if kind == "classes":
        # The first and the last one differ for the numbers of samples used here.
        return {"classes": 5}, torch.arange(n) % 4
    return {"vector": 3}, torch.randn(n, 3)


KINDS = pytest.mark.parametrize("kind", ["classes", "vector"])


@KINDS
def test_an_embedding_turns_a_condition_into_numbers(kind: str) -> None:
    given, y = conditions(kind, 7)
    assert condition_embedding(**given, dim=4)(y).shape == (7, 4)


def test_a_vector_of_zeros_is_embedded_as_zeros() -> None:
    assert condition_embedding(vector=3, dim=4)(torch.zeros(2, 3)).count_nonzero() == 0


@pytest.mark.parametrize("given", [{}, {"classes": 3, "vector": 2}])
def test_a_condition_is_either_classes_or_a_vector(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="classes or a vector"):
        condition_embedding(**given, dim=4)
    with pytest.raises(ConfigError, match="classes or a vector"):
        ProjectionDiscriminator(MLPDiscriminator(2, 4), **given)


@KINDS
def test_g_sees_the_condition_beside_z(kind: str) -> None:
    given, y = conditions(kind, 6)
    inner = DCGANGenerator(4 + 2, 1, 8, width=4).eval()
    embedding = condition_embedding(**given, dim=2)
    z = torch.randn(6, 4)
    images = ConditionalGenerator(inner, embedding)(z, y)
    assert torch.equal(images, inner(torch.cat([z, embedding(y)], 1)))
    assert not torch.allclose(images[:1], ConditionalGenerator(inner, embedding)(z, y.flip(0))[:1])


@KINDS
def test_projection_is_the_formula_written_as_loops(kind: str) -> None:
    given, y = conditions(kind, 6)
    plain = MLPDiscriminator(2, 8)
    D = ProjectionDiscriminator(plain, **given).double()
    y = y.double() if kind == "vector" else y
    x = torch.randn(6, 2, dtype=torch.float64)
    h = plain.features(x)
    for i in range(6):
        v = D.embedding(y)[i]
        expected = plain(x)[i] + sum(v[f] * h[i, f] for f in range(8))
        torch.testing.assert_close(D(x, y)[i], expected)
    assert torch.equal(D.features(x), h)
    assert D.feature_count == 8
    assert torch.equal(D.output(h).squeeze(1), plain(x))


def test_the_condition_counts_for_little_at_first() -> None:
    torch.manual_seed(0)
    plain = DCGANDiscriminator(1, 16, width=32)
    D = ProjectionDiscriminator(plain, classes=10)
    x, y = torch.randn(32, 1, 16, 16), torch.randint(10, (32,))
    assert (D(x, y) - plain(x)).std() < 3


def test_an_output_put_in_its_place_is_the_one_that_is_used() -> None:
    D = ProjectionDiscriminator(MLPDiscriminator(2, 8), classes=3)
    x, y = torch.randn(4, 2), torch.tensor([0, 1, 2, 0])
    before = D(x, y)
    # Once `output` was only read from the D inside, and a new one was ignored without a word.
    D.output = nn.Sequential(D.output, nn.Sigmoid())
    plain = before - (D.embedding(y) * D.features(x)).sum(1)
    torch.testing.assert_close(D(x, y) - before, plain.sigmoid() - plain)


def test_every_weight_of_both_gets_a_gradient() -> None:
    G = ConditionalGenerator(
        DCGANGenerator(6, 1, 8, width=4), condition_embedding(classes=5, dim=2)
    )
    D = ProjectionDiscriminator(DCGANDiscriminator(1, 8, width=4), classes=5)
    y = torch.arange(5)
    D(G(torch.randn(5, 4), y), y).sum().backward()
    assert all(p.grad is not None for p in [*G.parameters(), *D.parameters()])


def test_more_or_fewer_conditions_than_samples_are_refused() -> None:
    G = ConditionalGenerator(
        DCGANGenerator(6, 1, 8, width=4), condition_embedding(classes=5, dim=2)
    )
    D = ProjectionDiscriminator(MLPDiscriminator(2, 8), classes=5)
    one = torch.zeros(1, dtype=torch.long)
    with pytest.raises(ConfigError, match="got 4 samples and 1 conditions"):
        G(torch.randn(4, 4), one)
    with pytest.raises(ConfigError, match="got 4 samples and 1 conditions"):
        D(torch.randn(4, 2), one)


def test_spectral_norm_goes_on() -> None:
    D = spectral_norm(ProjectionDiscriminator(MLPDiscriminator(2, 8), vector=3))
    assert nn.utils.parametrize.is_parametrized(D.output, "weight")
    assert D(torch.randn(4, 2), torch.randn(4, 3)).shape == (4,)
