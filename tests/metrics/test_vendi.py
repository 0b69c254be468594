from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from sklearn.metrics import pairwise

from gan_doctor.core import ConfigError
from gan_doctor.metrics import cosine_kernel, distances, median_bandwidth, rbf_kernel, vendi_score

ORDERS = [0.5, 1.0, 2.0, 3.0, math.inf]


def naive_vendi(kernel: np.ndarray, order: float) -> float:
    shares = [max(value, 0.0) for value in np.linalg.eigvalsh(kernel / len(kernel))]
    if order == 1:
        return math.exp(-sum(share * math.log(share) for share in shares if share > 0))
    if math.isinf(order):
        return 1 / max(shares)
    return sum(share**order for share in shares) ** (1 / (1 - order))


@pytest.mark.parametrize("order", ORDERS)
def test_equals_the_sum_over_eigenvalues(order):
    x = torch.randn(40, 3)
    kernel = rbf_kernel(x, x, 2.0)
    expected = naive_vendi(kernel.double().numpy(), order)
    assert vendi_score(kernel, order).item() == pytest.approx(expected, rel=1e-3)


def test_kernels_equal_sklearn():
    a, b = torch.randn(20, 5), torch.randn(30, 5) + 1
    expected = pairwise.rbf_kernel(a.numpy(), b.numpy(), gamma=1 / (2 * 1.7**2))
    np.testing.assert_allclose(rbf_kernel(a, b, 1.7), expected, rtol=1e-4)
    expected = pairwise.cosine_similarity(a.numpy(), b.numpy())
    np.testing.assert_allclose(cosine_kernel(a, b), expected, atol=1e-6)


def test_a_kernel_with_itself_has_exact_ones_on_its_diagonal():
    x = 100 * torch.randn(50, 30)
    for kernel in (rbf_kernel(x, x, 0.5), cosine_kernel(x, x)):
        assert (kernel.diagonal() == 1).all()


@pytest.mark.parametrize("n", [2, 3, 6, 7])
def test_the_bandwidth_is_the_median_over_pairs(n):
    x = torch.randn(n, 2)
    pairs = np.sort(pdist(x.double().numpy()))
    expected = pairs[(len(pairs) - 1) // 2]
    assert median_bandwidth(distances(x, x)).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("order", ORDERS)
def test_counts_groups_of_equal_size_whatever_the_order(order):
    groups = torch.block_diag(*[torch.ones(6, 6)] * 5)
    assert vendi_score(groups, order).item() == pytest.approx(5, rel=1e-5)
    assert vendi_score(torch.ones(30, 30), order).item() == pytest.approx(1, rel=1e-5)
    assert vendi_score(torch.eye(30), order).item() == pytest.approx(30, rel=1e-5)


def test_lies_between_1_and_n_and_falls_with_the_order():
    for x in (torch.randn(30, 2), 100 * torch.randn(30, 9), torch.zeros(30, 2)):
        kernel = rbf_kernel(x, x, 1.0)
        scores = [vendi_score(kernel, order).item() for order in ORDERS]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] <= 30 * (1 + 1e-6)
        assert scores[-1] >= 1 - 1e-6


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_a_collapse_shows_under_the_bandwidth_of_the_reals(order, digits):
    images = digits[0].flatten(1)
    real = images[:300]
    collapsed = images[:1] + 0.1 * torch.randn(300, 64)
    bandwidth = median_bandwidth(distances(real, real))
    healthy, again, sick = (
        vendi_score(rbf_kernel(x, x, bandwidth), order) - 1
        for x in (real, images[300:600], collapsed)
    )
    assert sick < 0.1 * healthy
    assert again.item() == pytest.approx(healthy.item(), rel=0.1)


def test_under_the_cosine_a_collapse_to_two_images_hardly_shows(digits):
    images = digits[0].flatten(1) + 1
    real, two = images[:300], images[[0, 1]].repeat(150, 1)
    healthy, sick = (vendi_score(cosine_kernel(x, x)) for x in (real, two))
    assert sick > 0.3 * healthy


def test_order_of_samples_does_not_matter_and_neither_do_scale_and_place():
    x = torch.randn(25, 3)
    other = 4 * x[torch.randperm(25)] + 1
    for order in (1.0, 2.0):
        scores = [
            vendi_score(rbf_kernel(y, y, median_bandwidth(distances(y, y))), order)
            for y in (x, other)
        ]
        torch.testing.assert_close(scores[0], scores[1], rtol=1e-4, atol=0)


@pytest.mark.parametrize("order", ORDERS)
def test_many_draws_at_once_equal_a_loop(order):
    x = torch.randn(3, 2, 20, 4)
    bandwidth = median_bandwidth(distances(x, x))
    assert bandwidth.shape == (3, 2)
    together = vendi_score(rbf_kernel(x, x, bandwidth), order)
    alone = rbf_kernel(x[2, 1], x[2, 1], bandwidth[2, 1].item())
    torch.testing.assert_close(together[2, 1], vendi_score(alone, order))


@pytest.mark.parametrize("order", ORDERS)
def test_one_kernel_with_a_nan_spoils_no_other(order):
    kernels = torch.eye(4).repeat(2, 1, 1)
    kernels[0, 1, 2] = torch.nan
    scores = vendi_score(kernels, order)
    assert scores[0].isnan()
    assert scores[1].item() == pytest.approx(4)


def test_alike_reals_and_a_row_of_zeros_have_no_kernel():
    x = torch.ones(4, 3)
    assert median_bandwidth(distances(x, x)) == 0
    assert vendi_score(rbf_kernel(x, x, median_bandwidth(distances(x, x)))).isnan()
    x[0] = 0
    assert vendi_score(cosine_kernel(x, x)).isnan()


def test_refuses_an_order_and_a_median_that_do_not_exist():
    for order in (0.0, -1.0, math.nan):
        with pytest.raises(ConfigError, match="above 0"):
            vendi_score(torch.eye(3), order)
    with pytest.raises(ConfigError, match="2 samples"):
        median_bandwidth(torch.zeros(1, 1))
