from __future__ import annotations

import torch
from torch.nn.functional import softmax

from gan_doctor.nn import (
    ClassDiscriminator,
    DCGANDiscriminator,
    MinibatchStdDev,
    MLPDiscriminator,
    spectral_norm,
)


def test_the_logit_says_how_probable_the_classes_of_reals_are() -> None:
    torch.manual_seed(0)
    D = ClassDiscriminator(MLPDiscriminator(2, 8), classes=5).double()
    x = torch.randn(6, 2, dtype=torch.float64)
    logits = D.class_logits(x)
    assert logits.shape == (6, 5)
    with_fake = torch.cat([logits, torch.zeros(6, 1, dtype=torch.float64)], 1)
    torch.testing.assert_close(D(x).sigmoid(), softmax(with_fake, 1)[:, :5].sum(1))


def test_features_are_those_of_the_d_it_is_made_of() -> None:
    inner = DCGANDiscriminator(1, 8, width=4, late=[MinibatchStdDev])
    D = ClassDiscriminator(inner, classes=5)
    x = torch.randn(6, 1, 8, 8)
    assert torch.equal(D.features(x), inner.features(x))
    assert D.feature_count == inner.feature_count
    torch.testing.assert_close(D.class_logits(x), D.output(D.features(x)))


def test_every_weight_gets_a_gradient() -> None:
    D = ClassDiscriminator(DCGANDiscriminator(1, 8, width=4), classes=5)
    D(torch.randn(6, 1, 8, 8)).sum().backward()
    assert all(p.grad is not None for p in D.parameters())


def test_spectral_norm_goes_on() -> None:
    D = spectral_norm(ClassDiscriminator(MLPDiscriminator(2, 8), classes=5)).eval()
    assert torch.linalg.matrix_norm(D.output.weight, 2).item() < 1.5  # type: ignore[union-attr, operator]
