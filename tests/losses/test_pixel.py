from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from gan_doctor.core import ConfigError
from gan_doctor.losses import pixel_loss


@pytest.mark.parametrize("p", [1, 2])
def test_it_equals_its_formula(p: int) -> None:
    random = torch.Generator().manual_seed(0)
    fake, target = torch.randn(2, 4, 3, 2, 2, dtype=torch.float64, generator=random)
    pairs = list(zip(fake.flatten().tolist(), target.flatten().tolist(), strict=True))
    expected = sum(abs(x - y) ** p for x, y in pairs) / len(pairs)
    assert pixel_loss(fake, target, p).item() == pytest.approx(expected, rel=1e-12)  # type: ignore[arg-type]
    fake.requires_grad_()
    assert gradcheck(lambda x: pixel_loss(x, target, p), (fake,))  # type: ignore[arg-type]


def test_targets_of_another_shape_are_refused_though_they_broadcast() -> None:
    with pytest.raises(ConfigError, match=r"fake and target .* \(4, 1, 8, 8\) and \(1, 8, 8\)"):
        pixel_loss(torch.zeros(4, 1, 8, 8), torch.zeros(1, 8, 8))


def test_another_power_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"p must be 1 \(L1\) or 2 \(L2\), got 3"):
        pixel_loss(torch.zeros(2), torch.zeros(2), 3)  # type: ignore[arg-type]
