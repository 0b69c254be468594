from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.metrics import spread, spread_within


def naive_ratio(real: Tensor, of_real: Tensor, fake: Tensor, of_fake: Tensor, k: int, n: int):
    ratios = []
    for cluster in range(k):
        a, b = real[of_real == cluster].numpy(), fake[of_fake == cluster].numpy()
        if min(len(a), len(b)) >= n:
            ratios.append(b.var(0, ddof=1).sum() / a.var(0, ddof=1).sum())
    return np.median(ratios) if ratios else np.nan


@pytest.mark.parametrize("at_least", [2, 9, 13, 100])
def test_equals_a_loop_over_clusters(at_least):
    real, fake = torch.randn(80, 3), 2 * torch.randn(70, 3)
    of_real, of_fake = torch.randint(8, (80,)), torch.randint(8, (70,))
    arguments = (real, of_real, fake, of_fake, 8, at_least)
    np.testing.assert_allclose(spread_within(*arguments), naive_ratio(*arguments), rtol=1e-5)


def test_one_image_a_class_shows_though_the_whole_spread_is_kept(digits):
    images, labels = digits[0].flatten(1), digits[1]
    real, of_real, rest, of_rest = images[:900], labels[:900], images[900:], labels[900:]
    prototypes = torch.stack([real[of_real == digit][0] for digit in range(10)])
    collapsed = prototypes[of_rest] + 0.05 * torch.randn_like(rest)
    assert spread(collapsed) > 0.7 * spread(real)
    assert spread_within(real, of_real, collapsed, of_rest, 10, 20) < 0.02
    healthy = spread_within(real, of_real, rest, of_rest, 10, 20)
    assert healthy.item() == pytest.approx(1, abs=0.1)


def test_copies_have_no_spread_whatever_their_value():
    labels = torch.arange(3).repeat(11)
    copies = (torch.randn(3, 5) / 3 + 1e4)[labels]
    assert spread_within(torch.randn(33, 5), labels, copies, labels, 3).item() == 0


def test_a_cluster_of_equal_reals_does_not_count():
    labels = torch.arange(2).repeat_interleave(10)
    real, fake = torch.randn(20, 2), torch.randn(20, 2)
    real[:10] = 0.1
    one = spread_within(real[10:], labels[10:], fake[10:], labels[10:], 2)
    assert spread_within(real, labels, fake, labels, 2) == one
    assert spread_within(real[:10], labels[:10], fake, labels, 2).isnan()


def test_no_cluster_with_enough_samples_gives_nan_and_no_clusters_are_invented():
    x, labels = torch.randn(20, 2), torch.zeros(20, dtype=torch.long)
    assert spread_within(x, labels, x, labels + 1, 2).isnan()
    assert spread_within(x, labels, x, labels, 50).item() == 1
    assert spread_within(x, labels, x, labels, 1, 21).isnan()


def test_a_nan_feature_is_not_passed_over():
    x, labels = torch.randn(30, 2), torch.arange(3).repeat(10)
    spoilt = x.clone()
    spoilt[0, 0] = torch.nan
    assert spread_within(x, labels, spoilt, labels, 3).isnan()
    assert spread_within(spoilt, labels, x, labels, 3).isnan()


def test_scale_place_and_the_names_of_clusters_do_not_matter():
    real, fake = torch.randn(60, 3), torch.randn(60, 3)
    a, b, order = torch.randint(4, (60,)), torch.randint(4, (60,)), torch.randperm(4)
    value = spread_within(real, a, fake, b, 4)
    renamed = spread_within(5 * real + 9, order[a], 5 * fake - 9, order[b], 4)
    torch.testing.assert_close(renamed, value)
    torch.testing.assert_close(spread_within(fake, b, 3 * fake, b, 4), torch.tensor(9.0))


def test_many_sets_at_once_equal_a_loop():
    real, fake = torch.randn(3, 2, 40, 4), torch.randn(3, 2, 30, 4)
    a, b = torch.randint(4, (3, 2, 40)), torch.randint(4, (3, 2, 30))
    together = spread_within(real, a, fake, b, 4, 2)
    assert together.shape == (3, 2)
    alone = spread_within(real[2, 1], a[2, 1], fake[2, 1], b[2, 1], 4, 2)
    torch.testing.assert_close(together[2, 1], alone)


def test_refuses_a_variance_of_one_sample():
    x, labels = torch.randn(4, 2), torch.zeros(4, dtype=torch.long)
    with pytest.raises(ConfigError, match="at_least=1"):
        spread_within(x, labels, x, labels, 1, 1)
