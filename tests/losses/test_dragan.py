from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from gan_doctor.losses import dragan_penalty

W = torch.randn(3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
REAL = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 1


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def quadratic(w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """D(x) = sum of w x^2: its gradient at x is 2 w x."""
    return (w * x.square()).sum(1)


def test_it_equals_its_formula() -> None:
    values = REAL.flatten().tolist()
    mean = sum(values) / len(values)
    std = (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5  # of the whole batch
    near = REAL + 0.5 * std * torch.rand(5, 3, generator=seeded(), dtype=torch.float64)
    terms = [((2 * W * x).norm() - 0.7) ** 2 for x in near]
    ours = dragan_penalty(lambda x: quadratic(W, x), REAL, 4, k=0.7, generator=seeded())
    torch.testing.assert_close(ours, 4 * sum(terms) / 5)


def test_it_can_be_trained_through() -> None:
    def of_weights(w: torch.Tensor) -> torch.Tensor:
        return dragan_penalty(lambda x: quadratic(w, x), REAL, generator=seeded())

    assert gradcheck(of_weights, (W.clone().requires_grad_(),))


def test_a_line_of_the_wanted_slope_has_no_penalty_wherever_the_reals_are() -> None:
    D = nn.Linear(2, 1, bias=False)
    D.weight.data = torch.tensor([[0.6, 0.8]])
    real = torch.randn(8, 2)
    assert dragan_penalty(D, real).item() < 1e-10
    assert dragan_penalty(D, real, weight=10, k=3).item() == pytest.approx(40, rel=1e-5)


def test_a_constant_d_has_a_finite_gradient_of_the_penalty() -> None:
    D = nn.Linear(2, 1)
    nn.init.zeros_(D.weight)
    dragan_penalty(D, torch.randn(8, 2)).backward()
    assert D.weight.grad is not None
    assert torch.isfinite(D.weight.grad).all()


def test_it_looks_only_where_reals_lie_or_just_above_them() -> None:
    seen: list[torch.Tensor] = []

    def judge(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.detach())
        return x.square().sum(1)

    dragan_penalty(judge, REAL)
    above = seen[0] - REAL
    assert above.min() >= 0
    assert above.max() <= 0.5 * REAL.std()
    assert not REAL.requires_grad
