from __future__ import annotations

import pytest
import torch

from gan_doctor.metrics import norm


def test_equals_the_norm_of_all_entries_laid_end_to_end():
    tensors = [torch.randn(3, 4), torch.randn(5), torch.randn(()), torch.randn(2, 3, 4)]
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    assert norm(tensors).item() == pytest.approx(flat.norm().item(), rel=1e-6)


def test_nothing_has_no_length():
    assert norm([]) == torch.zeros(())
    assert norm([torch.zeros(0), torch.tensor([3.0, 4.0])]).item() == 5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_half_precision_neither_overflows_nor_rounds_nor_stops_growing(dtype):
    # 100,000 is infinite in float16; in bfloat16 a sum of ones stops at 256, and 1.7321 is 1.7344.
    assert norm([torch.full((10_000,), 1000.0, dtype=dtype)]).item() == pytest.approx(1e5, rel=1e-4)
    assert norm([torch.ones(3, dtype=dtype)]).item() == pytest.approx(3**0.5)
    assert norm([torch.ones(10_000, dtype=dtype), torch.zeros(3)]).item() == pytest.approx(100)
    assert norm([torch.ones(2, dtype=dtype)]).dtype == torch.float32


def test_entries_of_a_sparse_gradient_that_coincide_are_added_first():
    embedding = torch.nn.Embedding(10, 2, sparse=True)
    embedding(torch.tensor([1, 1, 4])).sum().backward()
    gradient = embedding.weight.grad
    assert gradient.is_sparse
    expected = gradient.to_dense().norm().item()
    assert norm([gradient]).item() == pytest.approx(expected)
    assert norm([gradient, torch.tensor([3.0])]).item() == pytest.approx((expected**2 + 9) ** 0.5)


def test_a_nan_or_infinity_is_seen():
    assert norm([torch.ones(3), torch.tensor([torch.nan])]).isnan()
    assert norm([torch.ones(3), torch.tensor([-torch.inf])]).isposinf()


def test_scales_with_its_tensors_and_does_not_change_them():
    tensors = [torch.randn(7), torch.randn(3, 3)]
    before = [tensor.clone() for tensor in tensors]
    value = norm(tensors)
    assert norm([-8 * tensor for tensor in reversed(tensors)]).item() == pytest.approx(
        8 * value.item()
    )
    assert all(torch.equal(a, b) for a, b in zip(tensors, before, strict=True))
