from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist

from gan_doctor.metrics import copied_pairs, distances, duplicates, mean_pairwise, nearest, spread


@pytest.mark.parametrize("n", [2, 3, 6, 51])
def test_each_equals_numpy(n):
    x = torch.randn(n, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    apart, pairs = distances(x, x), pdist(x.numpy())
    among_others = np.array([[np.linalg.norm(a - b) for b in x.numpy()] for a in x.numpy()])
    np.fill_diagonal(among_others, np.inf)
    np.testing.assert_allclose(nearest(apart), among_others.min(1), rtol=1e-5)
    assert mean_pairwise(apart).item() == pytest.approx(pairs.mean(), rel=1e-5)
    assert spread(x).item() == pytest.approx(np.trace(np.atleast_2d(np.cov(x.numpy().T))), rel=1e-5)
    threshold = float(np.median(among_others.min(1))) * 1.001
    share = np.mean(among_others.min(1) < threshold)
    assert duplicates(apart, threshold).item() == pytest.approx(share)
    assert copied_pairs(apart, threshold).item() == pytest.approx(np.mean(pairs < threshold))


def test_a_collapse_shows_in_every_number(digits):
    images = digits[0].flatten(1)
    noise = 0.01 * torch.randn(300, 64, generator=torch.Generator().manual_seed(0))
    real, collapsed = images[:300], images[:1] + noise
    among_real, among_fake = distances(real, real), distances(collapsed, collapsed)
    threshold = nearest(among_real).quantile(0.001)
    assert mean_pairwise(among_fake) < 0.1 * mean_pairwise(among_real)
    assert spread(collapsed) < 0.01 * spread(real)
    assert duplicates(among_fake, threshold).item() == 1
    assert duplicates(among_real, threshold) < 0.01


def test_two_modes_show_as_duplicates_though_the_mean_distance_is_half_that_of_real_data(digits):
    images = digits[0].flatten(1)
    real, fake = images[:300], images[[0, 1]].repeat(150, 1)
    among_real, among_fake = distances(real, real), distances(fake, fake)
    assert mean_pairwise(among_fake) > 0.4 * mean_pairwise(among_real)
    assert duplicates(among_fake, nearest(among_real).quantile(0.001)).item() == 1


@pytest.mark.parametrize("k", [1, 2, 10])
def test_k_images_over_and_over_give_one_pair_in_k(k, digits):
    images = digits[0].flatten(1)[:k].repeat(400 // k, 1)
    share = copied_pairs(distances(images, images), 1e-3).item()
    assert share == pytest.approx(1 / k, abs=0.01)


def test_samples_along_a_curve_have_near_ones_but_few_copied_pairs():
    curve = torch.linspace(0, 1, 400)[:, None].repeat(1, 3)
    apart = distances(curve, curve)
    assert duplicates(apart, 0.01).item() == 1
    assert copied_pairs(apart, 0.01).item() < 0.02


def test_only_copies_count_as_duplicates():
    x = torch.arange(10.0)[:, None].repeat(1, 3)
    x[7:] = x[:3]
    apart = distances(x, x)
    assert duplicates(apart, 1e-6).item() == pytest.approx(0.6)
    assert duplicates(apart, 0.0).item() == 0
    assert copied_pairs(apart, 1e-6).item() == pytest.approx(3 / 45)
    assert copied_pairs(apart, 0.0).item() == 0


def test_order_and_place_do_not_matter_and_scale_does_as_it_should():
    x = torch.randn(40, 5)
    other = 4 * x[torch.randperm(40)] + 1
    apart, larger = distances(x, x), distances(other, other)
    torch.testing.assert_close(mean_pairwise(larger), 4 * mean_pairwise(apart))
    torch.testing.assert_close(nearest(larger).sort().values, 4 * nearest(apart).sort().values)
    torch.testing.assert_close(spread(other), 16 * spread(x))


def test_many_draws_at_once_equal_a_loop():
    x = torch.randn(3, 2, 20, 4)
    apart = distances(x, x)
    for measure in (nearest, mean_pairwise, lambda d: duplicates(d, 0.5)):
        loop = torch.stack([torch.stack([measure(d) for d in row]) for row in apart])
        assert torch.equal(measure(apart), loop)
    loop = torch.stack([torch.stack([spread(y) for y in row]) for row in x])
    torch.testing.assert_close(spread(x), loop)
