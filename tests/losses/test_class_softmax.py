from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import cross_entropy

from gan_doctor.losses import class_logit, class_loss, discriminator_loss

K = 4
REAL, FAKE = torch.randn(2, 6, K, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 3, 3, 0])


def with_fake(logits: torch.Tensor) -> torch.Tensor:
    """(B, K + 1) logits, that of fake the last."""
    return torch.cat([logits, torch.zeros(len(logits), 1, dtype=logits.dtype)], 1)


def test_its_sigmoid_is_the_probability_of_all_real_classes() -> None:
    expected = with_fake(REAL).softmax(1)[:, :K].sum(1)
    torch.testing.assert_close(class_logit(REAL).sigmoid(), expected)


def test_both_terms_make_the_softmax_of_k_and_one_classes() -> None:
    on_real = bce(class_logit(REAL), torch.ones(6).double()) + class_loss(REAL, LABELS)
    torch.testing.assert_close(on_real, cross_entropy(with_fake(REAL), LABELS))
    on_fake = bce(class_logit(FAKE), torch.zeros(6).double())
    torch.testing.assert_close(on_fake, cross_entropy(with_fake(FAKE), torch.full((6,), K)))
    d = discriminator_loss("non-saturating", class_logit(REAL), class_logit(FAKE))
    torch.testing.assert_close(d + class_loss(REAL, LABELS), on_real + on_fake)


def test_the_loss_among_classes_equals_its_formula() -> None:
    chosen = [row.exp()[k] / row.exp().sum() for row, k in zip(REAL, LABELS, strict=True)]
    expected = -sum(p.log() for p in chosen) / 6
    torch.testing.assert_close(class_loss(REAL, LABELS), expected)


def test_a_constant_moves_real_against_fake_and_no_class_against_another() -> None:
    torch.testing.assert_close(class_logit(REAL + 3), class_logit(REAL) + 3)
    torch.testing.assert_close(class_loss(REAL + 3, LABELS), class_loss(REAL, LABELS))


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_a_certain_d_stays_finite(size: float) -> None:
    assert class_logit(torch.full((1, K), size)).item() == pytest.approx(size, rel=1e-3)


def test_gradients_are_those_of_the_losses() -> None:
    logits = REAL.clone().requires_grad_()
    assert gradcheck(class_logit, (logits,))
    assert gradcheck(lambda x: class_loss(x, LABELS), (logits,))
