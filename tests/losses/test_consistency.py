from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from gan_doctor.core import ConfigError
from gan_doctor.losses import consistency_penalty

PLAIN, AUGMENTED = torch.randn(
    2, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
)


def test_it_equals_its_formula() -> None:
    pairs = zip(PLAIN.tolist(), AUGMENTED.tolist(), strict=True)
    expected = 3 * sum((x - y) ** 2 for x, y in pairs) / 8
    assert consistency_penalty(PLAIN, AUGMENTED, 3).item() == pytest.approx(expected, rel=1e-12)


def test_gradients_of_both_sides_are_those_of_the_penalty() -> None:
    sides = PLAIN.clone().requires_grad_(), AUGMENTED.clone().requires_grad_()
    assert gradcheck(consistency_penalty, sides)


def test_a_d_that_does_not_see_the_augmentation_pays_nothing() -> None:
    assert consistency_penalty(PLAIN, PLAIN.clone()).item() == 0


def test_logits_that_would_be_paired_each_with_each_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"logits and logits_augmented .* \(8,\) and \(8, 1\)"):
        consistency_penalty(PLAIN, AUGMENTED[:, None])
