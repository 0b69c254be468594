from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from gan_doctor.losses import gradient_penalty, r1_penalty, r2_penalty


class Quadratic(nn.Module):
    """D(x) = sum of w x^2: its gradient at x is 2 w x."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(shape, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.w * x.square()).flatten(1).sum(1)


@pytest.fixture(params=[(2,), (3, 4, 4)], ids=["points", "images"], name="D")
def quadratic(request: pytest.FixtureRequest) -> Quadratic:
    torch.manual_seed(0)
    return Quadratic(request.param)


def batch(D: Quadratic, seed: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(5, *D.w.shape, dtype=torch.float64, generator=random)


def test_r1_equals_its_formula(D: Quadratic) -> None:
    x = batch(D, 1)
    squared = [(2 * D.w * sample).square().sum() for sample in x]
    torch.testing.assert_close(r1_penalty(D, x, gamma=10), 5 * sum(squared) / len(x))


def test_r2_is_r1_on_fakes(D: Quadratic) -> None:
    fake = batch(D, 2)
    squared = [(2 * D.w * sample).square().sum() for sample in fake]
    torch.testing.assert_close(r2_penalty(D, fake, gamma=3), 1.5 * sum(squared) / len(fake))


def test_gradient_penalty_equals_its_formula(D: Quadratic) -> None:
    real, fake = batch(D, 1), batch(D, 2)
    e = torch.rand(5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    terms = [
        ((2 * D.w * (e[i] * real[i] + (1 - e[i]) * fake[i])).norm() - 1) ** 2 for i in range(5)
    ]
    ours = gradient_penalty(D, real, fake, 10, torch.Generator().manual_seed(3))
    torch.testing.assert_close(ours, 10 * sum(terms) / 5)


def test_penalties_can_be_trained_through(D: Quadratic) -> None:
    real, fake = batch(D, 1), batch(D, 2)

    def through(penalty: object) -> bool:
        def of_weights(w: torch.Tensor) -> torch.Tensor:
            def model(x: torch.Tensor) -> torch.Tensor:
                return torch.func.functional_call(D, {"w": w}, (x,))

            return penalty(model)  # type: ignore[operator]

        return gradcheck(of_weights, (D.w.detach().clone().requires_grad_(),))

    assert through(lambda model: r1_penalty(model, real))
    assert through(lambda model: r2_penalty(model, fake))
    assert through(
        lambda model: gradient_penalty(
            model, real, fake, generator=torch.Generator().manual_seed(3)
        )
    )


def test_the_penalty_of_a_1_lipschitz_line_is_zero() -> None:
    D = nn.Linear(2, 1, bias=False)
    D.weight.data = torch.tensor([[0.6, 0.8]])
    assert gradient_penalty(D, torch.randn(8, 2), torch.randn(8, 2)).item() < 1e-10


def test_a_constant_d_has_a_finite_gradient_of_the_penalty() -> None:
    D = nn.Linear(2, 1)
    nn.init.zeros_(D.weight)
    gradient_penalty(D, torch.randn(8, 2), torch.randn(8, 2)).backward()
    assert D.weight.grad is not None
    assert torch.isfinite(D.weight.grad).all()


def test_the_batches_get_no_gradient_and_keep_theirs_off(D: Quadratic) -> None:
    real, fake = batch(D, 1), batch(D, 2).requires_grad_()
    (r1_penalty(D, real) + r2_penalty(D, fake) + gradient_penalty(D, real, fake)).backward()
    assert not real.requires_grad
    assert fake.grad is None


def test_the_same_generator_draws_the_same_points(D: Quadratic) -> None:
    real, fake = batch(D, 1), batch(D, 2)
    once, twice = (
        gradient_penalty(D, real, fake, generator=torch.Generator().manual_seed(7))
        for _ in range(2)
    )
    assert once == twice
