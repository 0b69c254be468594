from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_doctor.metrics import mixture_quality, mode_coverage

N = 2500  # of the papers


def ring_means() -> Tensor:
    angle = torch.arange(8) * math.tau / 8
    return torch.stack([angle.cos(), angle.sin()], 1)


def grid_means() -> Tensor:
    line = torch.arange(-4.0, 5, 2)
    return torch.cartesian_prod(line, line)


# Lin 2018: means and sd of both mixtures.
MIXTURES = pytest.mark.parametrize(
    ("means", "sd"), [(ring_means(), 0.01), (grid_means(), 0.05)], ids=["ring", "grid"]
)


def draw(means: Tensor, sd: float, n: int = N, seed: int = 0, k: int | None = None) -> Tensor:
    """Points of the mixture, of its first k Gaussians alone if k is given."""
    random = torch.Generator().manual_seed(seed)
    of = torch.randint(k or len(means), (n,), generator=random)
    return means[of] + sd * torch.randn(n, 2, generator=random)


def naive(x: Tensor, means: Tensor, sd: float) -> tuple[int, float, float]:
    counts = [0] * len(means)
    for point in x.double():
        apart = [(point - mean).norm().item() / sd for mean in means.double()]
        if min(apart) < 3:
            counts[apart.index(min(apart))] += 1
    good = sum(counts)
    if not good:
        return 0, 0.0, math.nan
    shares = [count / good for count in counts if count]
    divergence = sum(p * math.log(p * len(means)) for p in shares)
    return len(shares), good / len(x), divergence


@MIXTURES
@pytest.mark.parametrize("spread", [1.0, 2.0, 20.0])
def test_equals_a_loop_over_samples(means: Tensor, sd: float, spread: float) -> None:
    x = draw(means, spread * sd, 200)
    expected = naive(x, means, sd)
    assert [part.item() for part in mixture_quality(x, means, sd)] == pytest.approx(
        expected, abs=1e-6
    )


@MIXTURES
@pytest.mark.parametrize("seed", range(3))
def test_real_data_fills_every_mode_with_the_quality_of_the_theory(
    means: Tensor, sd: float, seed: int
) -> None:
    quality = mixture_quality(draw(means, sd, seed=seed), means, sd)
    assert quality.modes == len(means)
    # Four standard errors at 2,500 samples.
    assert quality.high_quality.item() == pytest.approx(1 - math.exp(-4.5), abs=0.0084)
    assert quality.reverse_kl < 0.02


@MIXTURES
def test_the_divergence_of_real_data_is_the_documented_bias(means: Tensor, sd: float) -> None:
    draws = torch.stack([draw(means, sd, seed=seed) for seed in range(50)])
    bias = mixture_quality(draws, means, sd).reverse_kl.mean().item()
    assert bias == pytest.approx((len(means) - 1) / (2 * N), rel=0.25)


@MIXTURES
@pytest.mark.parametrize("k", [1, 3, 7])
def test_a_collapse_to_k_modes_costs_the_logarithm_of_their_share(
    means: Tensor, sd: float, k: int
) -> None:
    quality = mixture_quality(draw(means, sd, k=k), means, sd)
    assert quality.modes == k
    assert quality.reverse_kl.item() == pytest.approx(math.log(len(means) / k), abs=0.01)
    assert quality.high_quality > 0.98


def test_three_sd_away_is_too_far_and_a_hair_less_is_not() -> None:
    at = torch.tensor([[3.0, 0.0], [2.999, 0.0]])
    quality = mixture_quality(at, torch.zeros(1, 2), 1.0)
    assert quality.high_quality == 0.5


def test_a_sample_between_modes_reaches_none() -> None:
    between = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    assert mixture_quality(between, ring_means(), 0.01).modes == 1


def test_without_a_good_sample_there_is_no_divergence() -> None:
    quality = mixture_quality(torch.zeros(10, 2), ring_means(), 0.01)
    assert (quality.modes, quality.high_quality) == (0, 0)
    assert quality.reverse_kl.isnan()


def test_samples_that_are_not_finite_are_not_good() -> None:
    x = draw(ring_means(), 0.001, 8)
    broken = torch.cat([x, torch.full((4, 2), torch.nan), torch.full((4, 2), torch.inf)])
    good, worse = (mixture_quality(these, ring_means(), 0.01) for these in (x, broken))
    assert (good.high_quality, worse.high_quality) == (1, 0.5)
    assert (worse.modes, worse.reverse_kl) == (good.modes, good.reverse_kl)


def test_coverage_by_labels_equals_coverage_by_the_nearest_mean() -> None:
    means = grid_means()
    x = draw(means, 0.01, k=20)
    quality = mixture_quality(x, means, 0.05)
    assert mode_coverage(torch.cdist(x, means).argmin(1), 25) == (quality.modes, quality.reverse_kl)


def test_labels_are_counted_against_all_modes_that_there_are() -> None:
    modes, divergence = mode_coverage(torch.tensor([5, 5, 7, 7]), 1000)
    assert modes == 2
    assert divergence.item() == pytest.approx(math.log(500))
    modes, divergence = mode_coverage(torch.arange(1000), 1000)
    assert modes == 1000
    assert divergence.item() == pytest.approx(0, abs=1e-5)
    assert mode_coverage(torch.empty(0, dtype=torch.long), 10)[1].isnan()


def test_real_stacked_digits_reach_all_modes_with_the_documented_bias() -> None:
    labels = torch.randint(1000, (26_000,), generator=torch.Generator().manual_seed(0))
    modes, divergence = mode_coverage(labels, 1000)
    assert modes == 1000
    assert divergence.item() == pytest.approx(999 / (2 * 26_000), rel=0.1)


def test_many_draws_at_once_equal_a_loop() -> None:
    draws = torch.stack([draw(grid_means(), 0.1, 300, seed) for seed in range(4)]).view(2, 2, -1, 2)
    together = mixture_quality(draws, grid_means(), 0.05)
    alone = mixture_quality(draws[1, 0], grid_means(), 0.05)
    assert together.modes.shape == (2, 2)
    assert tuple(part[1, 0] for part in together) == tuple(alone)


@MIXTURES
def test_neither_order_nor_scale_matters(means: Tensor, sd: float) -> None:
    x = draw(means, 2 * sd, 500)
    expected = mixture_quality(x, means, sd)
    for same in (
        mixture_quality(x.flip(0), means, sd),
        mixture_quality(x, means.flip(0), sd),
        mixture_quality(4 * x, 4 * means, 4 * sd),
    ):
        torch.testing.assert_close(same, expected)
