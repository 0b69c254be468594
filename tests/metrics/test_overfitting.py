from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_doctor.metrics import auroc, r_v, sign_mean


def test_equals_numpy():
    train, held_out, fake = torch.randn(50, 1) + 2, torch.randn(30) + 1, torch.randn(5, 9)
    a, b, c = (x.double().numpy() for x in (train, held_out, fake))
    expected = (a.mean() - b.mean()) / (a.mean() - c.mean())
    assert r_v(train, held_out, fake).item() == pytest.approx(expected, rel=1e-5)
    assert sign_mean(held_out).item() == pytest.approx(np.sign(b).mean(), rel=1e-6)


def test_0_where_held_out_reals_are_as_the_trained_and_1_where_they_are_as_fakes():
    real, fake = torch.randn(4000) + 3, torch.randn(4000)
    other_real, other_fake = torch.randn(4000) + 3, torch.randn(4000)
    assert r_v(real, other_real, fake).item() == pytest.approx(0, abs=0.03)
    assert r_v(real, other_fake, fake).item() == pytest.approx(1, abs=0.03)
    half = torch.cat([other_real[:2000], other_fake[:2000]])
    assert r_v(real, half, fake).item() == pytest.approx(0.5, abs=0.03)


def test_offset_scale_and_sign_of_d_do_not_matter():
    train, held_out, fake = torch.randn(60) + 2, torch.randn(60) + 1, torch.randn(60)
    value = r_v(train, held_out, fake)
    for scale, offset in ((8, 0), (-1, 0), (-3, 40)):
        other = r_v(*(scale * x + offset for x in (train, held_out, fake)))
        torch.testing.assert_close(other, value, rtol=1e-4, atol=1e-5)


def test_a_discriminator_at_chance_gives_nan_and_one_just_off_it_a_number():
    noise = torch.randn(10_000)
    assert r_v(noise + 0.1, noise, noise).isnan()
    assert r_v(noise - 0.1, noise, noise).isnan()
    apart = r_v(noise + 0.25, noise, noise)
    assert apart.item() == pytest.approx(1, abs=1e-3)
    assert r_v(torch.ones(5), torch.ones(5), torch.ones(5)).isnan()
    assert r_v(torch.ones(5), torch.zeros(5), torch.zeros(5)).item() == 1
    assert r_v(noise + 0.1, noise, noise, separated=0.05).isfinite()


def test_the_limit_is_an_auroc_of_55_percent():
    a, b = torch.randn(40_000), torch.randn(40_000)
    assert auroc(a + 0.18, b).item() == pytest.approx(0.55, abs=0.01)


def test_r_t_counts_signs_and_nothing_else():
    logits = torch.tensor([[3.0], [0.1], [-9.0], [0.0]])
    assert sign_mean(logits).item() == 0.25
    assert sign_mean(100 * logits) == sign_mean(logits)
    assert sign_mean(-logits) == -sign_mean(logits)
    assert sign_mean(torch.full((4,), torch.inf, dtype=torch.float16)).item() == 1


def test_a_nan_or_nothing_gives_nan():
    one, nan = torch.arange(3.0) + 9, torch.tensor([0.0, torch.nan])
    for arguments in ((nan, one, -one), (one, nan, -one), (one, one, nan), (one[:0], one, -one)):
        assert r_v(*arguments).isnan()
    assert sign_mean(nan).isnan()
    assert sign_mean(one[:0]).isnan()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_takes_the_dtypes_of_training(dtype):
    x = torch.tensor([1.0, 2.0, 3.0], dtype=dtype)
    assert r_v(x, x - 1, x - 4).item() == pytest.approx(0.25)
    assert sign_mean(x).dtype == torch.float32
