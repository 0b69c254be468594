from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency

from gan_doctor.metrics import Modes, RandomConv, bin_z, ndb


def draws(n: int, k: int, times: int, seed: int = 0) -> torch.Tensor:
    counts = np.random.default_rng(seed).multinomial(n, np.full(k, 1 / k), size=times)
    return torch.from_numpy(counts / n)


def test_its_square_is_the_chi_square_of_scipy():
    real, fake = draws(300, 6, 1)[0], draws(170, 6, 1, seed=1)[0]
    z = bin_z(real, fake, 300, 170)
    for p, q, value in zip(real.tolist(), fake.tolist(), z.tolist(), strict=True):
        table = np.array([[300 * p, 300 * (1 - p)], [170 * q, 170 * (1 - q)]])
        assert value**2 == pytest.approx(chi2_contingency(table, correction=False).statistic)


def test_the_share_is_a_count_over_the_bins():
    real, fake = draws(300, 50, 1)[0], draws(170, 50, 1, seed=1)[0]
    z = bin_z(real, fake, 300, 170)
    for alpha, limit in ((0.05, 1.959964), (0.3173, 1.0)):
        count = sum(abs(value) > limit for value in z.tolist())
        assert ndb(real, fake, 300, 170, alpha).item() == pytest.approx(count / 50)


def test_above_0_where_there_are_too_many_fakes():
    real, fake = torch.tensor([0.5, 0.4, 0.1]), torch.tensor([0.2, 0.4, 0.4])
    z = bin_z(real, fake, 100, 50)
    assert z.sign().tolist() == [-1, 0, 1]
    torch.testing.assert_close(bin_z(fake, real, 50, 100), -z)


def test_two_draws_of_one_distribution_differ_in_alpha_of_the_bins():
    real, fake = draws(1000, 20, 2000), draws(500, 20, 2000, seed=1)
    z = bin_z(real, fake, 1000, 500)
    assert z.mean().item() == pytest.approx(0, abs=0.03)
    assert z.std().item() == pytest.approx(1, abs=0.03)
    assert ndb(real, fake, 1000, 500).mean().item() == pytest.approx(0.05, abs=0.005)
    assert ndb(real, fake, 1000, 500, alpha=0.2).mean().item() == pytest.approx(0.2, abs=0.01)


def test_missing_digits_are_told_by_their_bins(digits):
    images, labels = digits
    features = RandomConv(1, (8, 8))(images)
    modes = Modes.fit(features[:800], 20)
    real, rest, kind = modes.occupancy(features[:800]), features[800:], labels[800:]
    whole, without = modes.occupancy(rest), modes.occupancy(rest[kind > 4])
    n = int((kind > 4).sum())
    assert ndb(real, whole, 800, len(rest)) < 0.2
    assert ndb(real, without, 800, n) > 0.6
    assert (bin_z(real, without, 800, n)[without == 0] < -1.96).all()


def test_bins_that_both_leave_empty_or_fill_alone_do_not_differ():
    real = torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])
    fake = torch.tensor([[0.3, 0.7, 0.0], [0.0, 1.0, 0.0]])
    z = bin_z(real, fake, 40, 40)
    assert z.isfinite().all()
    assert z[0, 2] == 0
    assert z[1].tolist() == [0, 0, 0]


def test_more_samples_make_the_same_difference_more_significant():
    real, fake = torch.tensor([0.5, 0.5]), torch.tensor([0.45, 0.55])
    assert bin_z(real, fake, 4000, 4000)[1].item() == pytest.approx(
        10 * bin_z(real, fake, 40, 40)[1].item(), rel=1e-4
    )


def test_many_draws_at_once_equal_a_loop_and_a_nan_is_no_agreement():
    real, fake = draws(60, 4, 6).view(3, 2, 4), draws(60, 4, 6, seed=1).view(3, 2, 4)
    together = ndb(real, fake, 60, 60)
    assert together.shape == (3, 2)
    assert together[2, 1] == ndb(real[2, 1], fake[2, 1], 60, 60)
    fake[0, 0, 1] = torch.nan
    assert ndb(real, fake, 60, 60).isnan().sum() == 1
