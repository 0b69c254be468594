from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import polynomial_kernel as sklearn_kernel
from torch import Tensor

from gan_doctor.metrics import mmd2, polynomial_kernel


def kid(a: Tensor, b: Tensor) -> Tensor:
    return mmd2(polynomial_kernel(a, a), polynomial_kernel(b, b), polynomial_kernel(a, b))


def test_the_kernel_equals_that_of_sklearn():
    a, b = torch.randn(10, 7), torch.randn(12, 7)
    expected = sklearn_kernel(a.numpy(), b.numpy(), degree=3, gamma=1 / 7, coef0=1)
    np.testing.assert_allclose(polynomial_kernel(a, b), expected, rtol=1e-5)


def test_mmd_equals_the_sums_over_pairs():
    a, b = torch.randn(8, 3, dtype=torch.float64), torch.randn(11, 3, dtype=torch.float64) + 1

    def k(x: Tensor, y: Tensor) -> float:
        return (float(x @ y) / 3 + 1) ** 3

    within_a = [k(a[i], a[j]) for i in range(8) for j in range(8) if i != j]
    within_b = [k(b[i], b[j]) for i in range(11) for j in range(11) if i != j]
    between = [k(x, y) for x in a for y in b]
    expected = np.mean(within_a) + np.mean(within_b) - 2 * np.mean(between)
    assert kid(a, b).item() == pytest.approx(expected, rel=1e-4)


def test_is_unbiased_where_there_is_no_difference():
    torch.manual_seed(0)
    x = torch.randn(400, 2, 50, 8)
    draws = kid(x[:, 0], x[:, 1])
    assert (draws < 0).float().mean() > 0.3
    assert abs(draws.mean()) < 3 * draws.std() / 400**0.5


def test_grows_with_what_is_missing(digits):
    images, labels = digits
    real, rest, rest_labels = images.flatten(1)[:500], images.flatten(1)[500:], labels[500:]
    values = [kid(real, rest[rest_labels < k][:300]).item() for k in (10, 5, 1)]
    assert abs(values[0]) < 0.1 * values[1] < 0.1 * values[2]


def test_keeps_its_digits_when_large_kernels_cancel():
    torch.manual_seed(0)
    a, b = torch.randn(300, 50) + 3, torch.randn(300, 50) + 3
    matrices = [(x.double() @ y.double().T / 50 + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))]
    assert kid(a, b).item() == pytest.approx(mmd2(*matrices).item(), abs=2e-5)
    assert matrices[0].mean() > 900


def test_order_of_rows_and_of_sets_does_not_matter():
    a, b = torch.randn(30, 5), torch.randn(40, 5) + 0.3
    torch.testing.assert_close(kid(a.flip(0), b[torch.randperm(40)]), kid(a, b))
    torch.testing.assert_close(kid(b, a), kid(a, b))


def test_many_draws_at_once_equal_a_loop():
    a, b = torch.randn(3, 2, 10, 4), torch.randn(3, 2, 12, 4)
    loop = torch.stack([
        torch.stack([kid(x, y) for x, y in zip(xs, ys, strict=True)])
        for xs, ys in zip(a, b, strict=True)
    ])  # fmt: skip
    torch.testing.assert_close(kid(a, b), loop)


def test_autocast_does_not_coarsen_the_kernel():
    a = torch.randn(10, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = polynomial_kernel(a, a)
    assert torch.equal(inside, polynomial_kernel(a, a))
