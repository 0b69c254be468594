from __future__ import annotations

import pytest
import torch
from sklearn.metrics import roc_auc_score

from gan_doctor.metrics import auroc, auroc_by_cluster


def sklearn_auroc(real: torch.Tensor, fake: torch.Tensor) -> float:
    labels = torch.cat([torch.ones(real.numel()), torch.zeros(fake.numel())])
    return float(roc_auc_score(labels, torch.cat([real.flatten(), fake.flatten()])))


@pytest.mark.parametrize("levels", [1, 2, 5, 10_000])
def test_equals_sklearn_with_few_and_many_ties(levels):
    torch.manual_seed(levels)
    real, fake = torch.randint(levels, (60, 1)).float() + 1, torch.randint(levels, (5, 9)).float()
    assert auroc(real, fake).item() == pytest.approx(sklearn_auroc(real, fake), abs=1e-6)


def test_equals_the_count_over_all_pairs():
    real, fake = torch.randn(30), torch.randn(40).round(decimals=1)
    real[:10] = fake[:10]
    pairs = real[:, None] - fake
    expected = ((pairs > 0).float() + (pairs == 0).float() / 2).mean()
    assert auroc(real, fake).item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_constant_discriminator_is_at_chance_and_a_perfect_one_at_one():
    constant = torch.full((64, 1), 0.3)
    assert auroc(constant, constant).item() == 0.5
    assert auroc(constant + 1, constant).item() == 1
    assert auroc(constant, constant + 1).item() == 0


def test_offset_scale_and_order_do_not_matter():
    real, fake = torch.randn(64) + 0.5, torch.randn(64)
    value = auroc(real, fake)
    assert auroc(8 * real, 8 * fake) == value
    assert auroc(real.double() - 1e3, fake.double() - 1e3) == value
    assert auroc(real.flip(0), fake[torch.randperm(64)]) == value
    assert auroc(fake, real).item() == pytest.approx(1 - value.item(), abs=1e-6)


def test_mean_and_deviation_under_the_null_are_the_documented_ones():
    torch.manual_seed(0)
    draws = torch.stack([auroc(torch.randn(64), torch.randn(64)) for _ in range(1000)])
    assert draws.mean().item() == pytest.approx(0.5, abs=0.006)
    assert draws.std().item() == pytest.approx((129 / (12 * 64 * 64)) ** 0.5, rel=0.1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_takes_the_dtypes_of_training(dtype):
    real, fake = torch.tensor([3, 1, 2], dtype=dtype), torch.tensor([0.0, 1.0])
    assert auroc(real, fake).item() == pytest.approx(5.5 / 6)
    assert auroc(real, fake).dtype == torch.float32


def test_a_nan_or_nothing_gives_nan_but_infinities_compare():
    one, nan, infinity = torch.ones(3), torch.tensor([0.0, torch.nan]), torch.tensor([torch.inf])
    assert auroc(one, nan).isnan()
    assert auroc(nan, one).isnan()
    assert auroc(one[:0], one).isnan()
    assert auroc(infinity, one).item() == 1
    assert auroc(infinity, infinity).item() == 0.5


def test_counts_exactly_where_the_pairs_exceed_float32():
    n = 20_000
    ranks = torch.arange(n)
    assert auroc(ranks, ranks).item() == 0.5
    assert auroc(ranks + n, ranks).item() == 1


@pytest.mark.parametrize("levels", [2, 10_000])
def test_by_cluster_equals_sklearn_within_each(levels):
    real, fake = torch.randint(levels, (80, 1)).float() + 1, torch.randint(levels, (5, 9)).float()
    cluster = torch.randint(4, (80,))
    found = auroc_by_cluster(real, fake, cluster, 4)
    expected = [sklearn_auroc(real[cluster == c], fake) for c in range(4)]
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_by_cluster_averages_to_the_whole():
    real, fake, cluster = torch.randn(60), torch.randn(50), torch.randint(3, (60,))
    share = torch.bincount(cluster, minlength=3) / 60
    whole = (share * auroc_by_cluster(real, fake, cluster, 3)).sum()
    torch.testing.assert_close(whole, auroc(real, fake))


def test_a_cluster_that_d_takes_for_made_and_one_that_g_leaves_out_are_told():
    fake = torch.randn(300)
    cluster = torch.arange(3).repeat(100)
    real = torch.randn(300) + torch.tensor([-3.0, 0.0, 3.0])[cluster]
    low, even, high = auroc_by_cluster(real, fake, cluster, 3).tolist()
    assert low < 0.1
    assert even == pytest.approx(0.5, abs=0.1)
    assert high > 0.9


def test_by_cluster_an_empty_one_is_nan_and_a_nan_stays_where_it_belongs():
    real, fake, cluster = torch.randn(9), torch.randn(5), torch.tensor([0, 0, 0, 1, 1, 1, 3, 3, 3])
    assert auroc_by_cluster(real, fake, cluster, 4).isnan().tolist() == [False, False, True, False]
    real[4] = torch.nan
    assert auroc_by_cluster(real, fake, cluster, 4).isnan().tolist() == [False, True, True, False]
    fake[0] = torch.nan
    assert auroc_by_cluster(real, fake, cluster, 4).isnan().all()
    assert auroc_by_cluster(torch.ones(2), fake[:0], torch.zeros(2).long(), 1).isnan().all()


def test_by_cluster_counts_exactly_where_the_pairs_exceed_float32():
    n = 20_000
    ranks, cluster = torch.arange(n), torch.zeros(n, dtype=torch.long)
    assert auroc_by_cluster(ranks, ranks, cluster, 1).tolist() == [0.5]
    assert auroc_by_cluster(ranks + n, ranks, cluster, 1).dtype == torch.float32
