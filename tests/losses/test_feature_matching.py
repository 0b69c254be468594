from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from gan_doctor.losses import feature_matching


@pytest.mark.parametrize("shape", [(3,), (2, 4, 4)], ids=["vectors", "maps"])
def test_it_is_the_squared_distance_of_the_means(shape: tuple[int, ...]) -> None:
    random = torch.Generator().manual_seed(0)
    real = torch.randn(5, *shape, dtype=torch.float64, generator=random)
    fake = torch.randn(7, *shape, dtype=torch.float64, generator=random)
    xs, gs = real.flatten(1).tolist(), fake.flatten(1).tolist()
    expected = 0.0
    for j in range(len(xs[0])):
        expected += (sum(x[j] for x in xs) / 5 - sum(g[j] for g in gs) / 7) ** 2
    assert feature_matching(real, fake).item() == pytest.approx(expected, rel=1e-12)
    fake.requires_grad_()
    assert gradcheck(lambda g: feature_matching(real, g), (fake,))


def test_reals_are_constants() -> None:
    real, fake = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    feature_matching(real, fake).backward()
    assert real.grad is None
    assert fake.grad is not None


def test_one_point_at_the_mean_of_the_reals_has_no_loss() -> None:
    real = torch.randn(64, 3, dtype=torch.float64)
    collapsed = real.mean(0).expand(16, 3)
    assert feature_matching(real, collapsed).item() < 1e-24


def test_batches_of_one_law_rest_at_the_noise_of_their_means() -> None:
    random = torch.Generator().manual_seed(0)
    batches = torch.randn(500, 2, 16, 4, generator=random)
    rest = sum(feature_matching(*pair).item() for pair in batches) / 500
    assert rest == pytest.approx((1 / 16 + 1 / 16) * 4, rel=0.1)
