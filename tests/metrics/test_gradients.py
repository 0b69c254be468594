from __future__ import annotations

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.metrics import cosine, norm


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


def end_to_end(tensors: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.double().flatten() for tensor in tensors])


@pytest.mark.parametrize("mixed", [-1.0, -0.1, 0.0, 0.3, 1.0])
def test_cosine_equals_that_of_all_entries_laid_end_to_end(mixed):
    shapes = [(3, 4), (5,), (), (2, 3, 4), (0,)]
    a = [torch.randn(shape) for shape in shapes]
    b = [mixed * x + (1 - abs(mixed)) * torch.randn_like(x) for x in a]
    expected = torch.cosine_similarity(end_to_end(a), end_to_end(b), dim=0)
    assert cosine(a, b).item() == pytest.approx(expected.item(), abs=1e-6)
    assert cosine(b, a).item() == pytest.approx(expected.item(), abs=1e-6)


def test_cosine_is_1_along_minus_1_against_and_0_across():
    a = [torch.randn(40, 30), torch.randn(30)]
    assert cosine(a, [5 * x for x in a]).item() == pytest.approx(1, abs=1e-6)
    assert cosine(a, [-1e-3 * x for x in a]).item() == pytest.approx(-1, abs=1e-6)
    assert cosine([torch.tensor([1.0, 0.0])], [torch.tensor([0.0, 3.0])]).item() == 0
    for seed in range(50):
        torch.manual_seed(seed)
        x = [torch.randn(7), torch.randn(3)]
        assert cosine(x, [-y for y in x]).item() >= -1
        assert cosine(x, x).item() <= 1


def test_cosine_of_what_has_no_direction_is_nan():
    zero, one, nan = [torch.zeros(3)], [torch.ones(3)], [torch.tensor([1.0, torch.nan, 1.0])]
    for a, b in ((zero, one), (one, zero), (zero, zero), (nan, one), (one, nan), ([], [])):
        assert cosine(a, b).isnan()
    assert cosine([torch.tensor([torch.inf])], [torch.ones(1)]).isnan()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_cosine_in_half_precision_neither_overflows_nor_rounds(dtype):
    a, b = torch.full((10_000,), 1000.0, dtype=dtype), torch.full((10_000,), 1000.0)
    assert cosine([a], [b]).item() == pytest.approx(1, abs=1e-4)
    b[:2500] *= -1
    assert cosine([a], [b]).item() == pytest.approx(0.5, abs=1e-4)
    assert cosine([a], [a]).dtype == torch.float32


def test_cosine_of_sparse_gradients_pairs_rows_and_not_places():
    def gradient(*rows: int) -> torch.Tensor:
        embedding = torch.nn.Embedding(10, 2, sparse=True)
        embedding(torch.tensor(rows)).sum().backward()
        return embedding.weight.grad

    a, b = gradient(1, 1, 4), gradient(4, 7)
    expected = torch.cosine_similarity(end_to_end([a.to_dense()]), end_to_end([b.to_dense()]), 0)
    assert cosine([a], [b]).item() == pytest.approx(expected.item(), abs=1e-6)


def test_cosine_refuses_lists_that_do_not_pair_and_changes_neither():
    a, b = [torch.randn(3), torch.randn(2, 2)], [torch.randn(3), torch.randn(2, 2)]
    before = [x.clone() for x in a + b]
    cosine(a, b)
    assert all(torch.equal(x, y) for x, y in zip(a + b, before, strict=True))
    for other in (b[:1], [b[1], b[0]], [torch.randn(3), torch.randn(2)]):
        with pytest.raises(ConfigError, match="same shapes"):
            cosine(a, other)
