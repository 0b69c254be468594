from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_doctor.metrics import effective_rank


def naive_rank(x: np.ndarray) -> float:
    values = np.linalg.eigvalsh(np.cov(x.T))
    shares = values[values > 1e-12] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


@pytest.mark.parametrize("shape", [(50, 4), (10, 30), (20, 20), (2, 3)])
def test_equals_numpy_with_more_rows_than_columns_and_with_fewer(shape):
    x = torch.randn(shape) * torch.rand(shape[1])
    assert effective_rank(x).item() == pytest.approx(naive_rank(x.double().numpy()), rel=1e-5)


def test_counts_equal_directions():
    directions = torch.linalg.qr(torch.randn(12, 12)).Q[:5]
    corners = torch.cat([directions, -directions])
    assert effective_rank(corners).item() == pytest.approx(5, rel=1e-5)
    assert effective_rank(torch.randn(5000, 8)).item() == pytest.approx(8, rel=0.01)


def test_a_line_has_one_direction_and_a_simplex_one_less_than_corners():
    line = torch.linspace(0, 1, 30)[:, None] * torch.randn(6) + 100
    assert effective_rank(line).item() == pytest.approx(1, abs=1e-3)
    assert effective_rank(torch.eye(7)).item() == pytest.approx(6, rel=1e-5)


def test_few_images_over_and_over_have_few_directions(digits):
    images = digits[0].flatten(1)
    three = images[:3].repeat(100, 1)
    assert effective_rank(three) <= 2.0001
    assert effective_rank(images[:300]) > 10


def test_scale_place_rotation_and_order_do_not_matter():
    x = torch.randn(40, 6) * torch.arange(1, 7)
    rotation = torch.linalg.qr(torch.randn(6, 6)).Q
    other = 3 * (x @ rotation)[torch.randperm(40)] + 50
    torch.testing.assert_close(effective_rank(other), effective_rank(x), rtol=1e-4, atol=0)


def test_equal_rows_have_no_rank_though_their_mean_is_rounded():
    for value in (0.0, 0.1, 1e6 / 3):
        assert effective_rank(torch.full((7, 3), value, dtype=torch.float64)).isnan()


def test_many_sets_at_once_equal_a_loop_and_a_nan_stays_in_its_own():
    x = torch.randn(3, 2, 20, 4)
    together = effective_rank(x)
    assert together.shape == (3, 2)
    torch.testing.assert_close(together[2, 1], effective_rank(x[2, 1]))
    x[0, 0, 3, 1] = torch.nan
    again = effective_rank(x)
    assert again[0, 0].isnan()
    torch.testing.assert_close(again[1:], together[1:])
