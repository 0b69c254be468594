from __future__ import annotations

import pytest
import torch

from gan_doctor.metrics import distances


@pytest.mark.parametrize("width", [1, 2, 100, 3000])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_equals_the_norms_of_the_differences(width, offset):
    torch.manual_seed(0)
    a, b = torch.randn(20, width) + offset, torch.randn(30, width) + offset
    expected = (a.double()[:, None] - b.double()).norm(dim=-1).float()
    torch.testing.assert_close(distances(a, b), expected, rtol=1e-4, atol=1e-4)
    assert distances(a, b).dtype == torch.float32


@pytest.mark.parametrize("width", [2, 100, 3000])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_identical_rows_are_exactly_zero_apart_wherever_they_stand(width, offset):
    torch.manual_seed(1)
    a = torch.randn(257, width) + offset
    order = torch.randperm(257)
    apart = distances(a, a[order])
    assert ((apart == 0) == (order == torch.arange(257)[:, None])).all()


def test_rows_that_nearly_agree_are_told_apart():
    a = torch.randn(50, 100)
    close = distances(a, a + 1e-5 * torch.randn(50, 100)).diagonal()
    assert (close > 5e-5).all()
    assert (close < 2e-4).all()


def test_rows_of_half_precision_are_widened():
    a = torch.tensor([[300.0, 400.0]], dtype=torch.float16)
    assert distances(a, torch.zeros(1, 2, dtype=torch.float16)).item() == 500


def test_scales_and_transposes():
    a, b = torch.randn(20, 10), torch.randn(30, 10)
    torch.testing.assert_close(distances(8 * a, 8 * b), 8 * distances(a, b))
    torch.testing.assert_close(distances(b, a), distances(a, b).T)


def test_many_sets_at_once_equal_a_loop():
    a, b = torch.randn(4, 20, 10), torch.randn(4, 30, 10)
    loop = torch.stack([distances(x, y) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(distances(a, b), loop)
    torch.testing.assert_close(distances(a, b[0])[2], distances(a[2], b[0]))
