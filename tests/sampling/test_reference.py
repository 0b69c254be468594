from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_doctor.core import VOCABULARY, ConfigError, Key
from gan_doctor.metrics import (
    Modes,
    border_distance,
    density_coverage,
    distances,
    duplicates,
    effective_rank,
    feature_space,
    jensen_shannon,
    laplacian_variance,
    mean_pairwise,
    median_bandwidth,
    mmd2,
    nearest,
    nearest_ratio,
    neighbour_correlation,
    outside,
    polynomial_kernel,
    power_spectrum,
    precision_recall,
    rbf_kernel,
    reached,
    spectral_slope,
    spread,
    spread_within,
    unreached,
    upsampling_peaks,
    value_distance,
    vendi_score,
)
from gan_doctor.sampling import MIN_SAMPLES, Reference

PIXELS = {
    "sample/neighbour_correlation", "sample/spectral_slope", "sample/high_frequency",
    "sample/laplacian_variance", "sample/checkerboard", "sample/value_distance",
    "sample/border_distance", "sample/outside", "sample/unreached",
}  # fmt: skip
LEAKS = {f"leak/{name}" for name in ("rotation", "flip", "translation", "cutout")}


def by_name(values: dict[Key, float]) -> dict[str, float]:
    return {
        key.name.removeprefix("sample/"): value
        for key, value in values.items()
        if key.label is None
    }


def deviations(reference: Reference, fake: Tensor) -> dict[str, float]:
    """How many sd of the null each measure of the fakes lies from it; without constant ones."""
    values = reference.measure(fake)
    return {
        band.key.name.removeprefix("sample/"): (values[band.key] - band.mean) / band.sd
        for band in reference.bands
        if band.sd > 0 and band.key in values and band.key.label is None
    }


def split(data: Tensor, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """2n reals and n others in random order."""
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    return data[order[: 2 * n]], data[order[2 * n : 3 * n]]


@pytest.fixture(scope="module")
def reference(digits) -> Reference:
    return Reference(digits[0][:512], 256)


# What it measures


@pytest.mark.parametrize("kind", ["digits", "ring"])
def test_measures_equal_the_dense_ones_on_the_half(kind, digits, ring):
    data, n = {"digits": digits[0], "ring": ring}[kind], 100
    fake = data[-n:] * 0.9
    reference = Reference(data[: 2 * n], n)
    features = feature_space(tuple(data.shape[1:]))
    raw = features(reference.real)
    mean, sd = raw.mean(0), raw.std(0)
    both, f = (raw - mean) / sd, (features(fake) - mean) / sd
    real = both[:n]
    own, cross, other = distances(real, real), distances(real, f), distances(f, f)
    modes = Modes.fit(both, 10)
    occupancy = [modes.occupancy(x) for x in (f, real)]
    cluster = [distances(x, modes.centres).argmin(1) for x in (real, f)]
    kernel = [rbf_kernel(x, x, median_bandwidth(own)) for x in (f, real)]
    precision, recall = precision_recall(own, other, cross)
    density, coverage = density_coverage(own, cross)
    kernels = (polynomial_kernel(a, b) for a, b in ((real, real), (f, f), (real, f)))
    threshold = torch.quantile(nearest(distances(both, both)), 0.001)
    expected = {
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
        "kernel_distance": mmd2(*kernels),
        "pairwise_ratio": mean_pairwise(other) / mean_pairwise(own),
        "spread_ratio": spread(f) / spread(real),
        "cluster_spread_ratio": spread_within(real, cluster[0], f, cluster[1], 10, 10),
        "rank_ratio": effective_rank(f) / effective_rank(real),
        "vendi_ratio": (vendi_score(kernel[0], 2) - 1) / (vendi_score(kernel[1], 2) - 1),
        "nearest_ratio": nearest_ratio(distances(both, f), distances(both, both)),
        "duplicates": duplicates(other, threshold),
        "modes": reached(*occupancy),
        "mode_distance": jensen_shannon(*occupancy),
    }
    if kind == "digits":
        power = power_spectrum(fake)
        expected["neighbour_correlation"] = neighbour_correlation(fake)
        expected["spectral_slope"] = spectral_slope(power)
        expected["laplacian_variance"] = laplacian_variance(fake)
        expected["checkerboard"] = upsampling_peaks(power)
        pair = reference.real[:128], fake
        expected["value_distance"] = value_distance(*pair)
        expected["border_distance"] = border_distance(*pair)
        expected["outside"] = outside(*pair)
        expected["unreached"] = unreached(*pair)
    values = by_name(reference.measure(fake))
    for name, value in expected.items():
        assert values[name] == pytest.approx(float(value), rel=1e-5, abs=1e-6), name


def test_a_collapse_is_precise_and_recalls_nothing(reference, digits):
    generator = torch.Generator().manual_seed(0)
    one = digits[0][600].expand(256, -1, -1, -1)
    values = by_name(reference.measure(one + 1e-3 * torch.randn(one.shape, generator=generator)))
    assert values["precision"] > 0.95
    assert values["recall"] == 0
    assert values["coverage"] < 0.1
    assert values["duplicates"] == 1
    assert values["spread_ratio"] < 1e-3
    assert values["pairwise_ratio"] < 0.02
    assert values["modes"] <= 2 / 20


def test_dropped_modes_lower_recall_and_modes_and_leave_the_spread(reference, digits):
    images, labels = digits
    few = images[512:][labels[512:] < 5][:256]
    values, away = by_name(reference.measure(few)), deviations(reference, few)
    assert values["precision"] > 0.7
    assert values["spread_ratio"] > 0.8
    assert 0.3 < values["modes"] < 0.8
    assert away["recall"] < -5
    assert away["coverage"] < -10
    assert away["mode_distance"] > 10


def test_noise_is_nowhere_near_the_data(reference):
    noise = torch.rand(256, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    values, away = by_name(reference.measure(noise)), deviations(reference, noise)
    assert values["precision"] < 0.05
    assert values["coverage"] < 0.05
    assert abs(values["neighbour_correlation"]) < 0.05
    assert abs(values["spectral_slope"]) < 0.1
    assert min(-away["neighbour_correlation"], -away["spectral_slope"], away["high_frequency"]) > 10


def test_the_reals_themselves_are_perfect(reference):
    values = by_name(reference.measure(reference.real[:256]))
    assert values["precision"] == values["recall"] == values["coverage"] == values["modes"] == 1
    assert values["mode_distance"] == 0
    assert values["kernel_distance"] < 0  # unbiased: below 0 for less than independent samples
    assert values["spread_ratio"] == pytest.approx(1)
    assert values["pairwise_ratio"] == pytest.approx(1)


def test_points_far_away_cover_nothing(ring):
    values = by_name(Reference(ring[:256], 128).measure(ring[256:384] + 100))
    assert values["precision"] == values["recall"] == values["coverage"] == 0
    assert values["kernel_distance"] > 1


def test_one_place_of_the_ring_is_one_mode_of_eight(ring):
    angles = torch.atan2(ring[:, 1], ring[:, 0]).div(math.pi / 4).round()
    one = ring[1000:][angles[1000:] == 0][:100]
    values = by_name(Reference(ring[:1000], 100).measure(one))
    assert values["precision"] > 0.8
    assert values["coverage"] < 0.2
    assert values["modes"] < 0.3


# What it holds the measures against


@pytest.mark.parametrize("kind", ["digits", "ring"])
def test_fresh_reals_scatter_around_the_null_as_widely_as_it_says(kind, digits, ring):
    data = {"digits": digits[0], "ring": ring}[kind]
    found = [
        deviations(Reference(real, 128), fresh)
        for real, fresh in (split(data, 128, seed) for seed in range(24))
    ]
    # These are of 1, 0 or 2 dimensions almost always, or read against limits far from real data.
    few = {"modes", "duplicates", "copied_pairs", "value_distance", "border_distance", "rank_ratio"}
    for name in set.intersection(*map(set, found)) - few - LEAKS:
        z = np.array([away[name] for away in found])
        # Neighbouring splits share reals, so that this is wider than 24 free draws would need.
        assert abs(z.mean()) < 0.8, (name, z.mean())
        assert 0.4 < z.std() < 1.6, (name, z.std())


def test_reals_in_the_order_of_their_classes_give_the_same_null(digits):
    images, labels = digits
    real, fresh = images[:1000], images[1000:1128]
    ordered = real[labels[:1000].argsort()]
    away = deviations(Reference(ordered, 128), fresh)
    assert max(abs(z) for z in away.values()) < 4


def test_every_measure_has_its_band_with_n_and_step(digits):
    reference = Reference(digits[0][:128], 64, step=700)
    values = reference.measure(digits[0][200:264])
    assert set(values) == {band.key for band in reference.bands}
    assert {key.label for key in values if key.name == "sample/mode_share"} == set(range(6))
    for band in reference.bands:
        assert (band.n, band.step) == (64, 700)
        assert band.low <= band.mean <= band.high
    assert all(key.name in VOCABULARY for key in values)


def test_measures_of_features_name_them_and_those_of_pixels_do_not(digits, ring):
    images = Reference(digits[0][:128], 64).bands
    assert {band.key.features for band in images if band.key.name not in PIXELS} == {"random-conv"}
    assert {band.key.features for band in images if band.key.name in PIXELS} == {""}
    points = Reference(ring[:128], 64).bands
    assert {band.key.features for band in points} == {"raw"}
    assert not {band.key.name for band in points} & PIXELS


def test_a_feature_without_spread_counts_as_it_is(ring):
    flat = torch.cat([ring, torch.full((len(ring), 1), 3.0)], 1)
    reference = Reference(flat[:256], 128)
    assert by_name(reference.measure(flat[256:384]))["precision"] > 0.8
    off = flat[256:384] + torch.tensor([0.0, 0.0, 9.0])
    assert by_name(reference.measure(off))["precision"] == 0


def test_constant_data_is_told_by_its_bands():
    reference = Reference(torch.zeros(128, 1, 8, 8), 64)
    bands = {band.key.name: band for band in reference.bands if band.key.label is None}
    assert math.isnan(bands["sample/spread_ratio"].mean)
    assert math.isnan(bands["sample/neighbour_correlation"].mean)
    assert len(reference.measure(torch.zeros(64, 1, 8, 8))) == len(reference.bands)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_fakes_that_are_not_finite_are_measured_all_the_same(reference, bad):
    values = by_name(reference.measure(torch.full((256, 1, 8, 8), bad)))
    assert values["precision"] == values["recall"] == values["coverage"] == 0


# What it leaves alone


def test_everything_follows_from_the_seed(digits):
    def told(seed: int) -> tuple[object, object]:
        reference = Reference(digits[0][:200], 64, seed=seed)
        return reference.bands, reference.measure(digits[0][300:364])

    torch.manual_seed(1)
    once = told(0)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    random.seed(2)
    assert told(0) == once
    assert told(1) != once


def test_the_global_random_numbers_go_on_as_if_nothing_had_been(digits):
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    Reference(digits[0][:128], 64).measure(digits[0][128:192])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


def test_the_samples_stay_as_they_are_and_no_graph_is_built(digits):
    real, fake = digits[0][:128].clone(), digits[0][128:192].clone().requires_grad_()
    Reference(real, 64).measure(fake)
    assert torch.equal(real, digits[0][:128])
    assert torch.equal(fake, digits[0][128:192])
    assert fake.grad_fn is None


# What it refuses


@pytest.mark.parametrize(
    ("reals", "n"), [(1000, MIN_SAMPLES - 1), (2 * MIN_SAMPLES - 1, MIN_SAMPLES)]
)
def test_too_few_samples_are_refused(digits, reals, n):
    with pytest.raises(ConfigError, match=rf"n = {n} and {reals} reals"):
        Reference(digits[0][:reals], n)


@pytest.mark.parametrize("shape", [(63, 1, 8, 8), (64, 1, 8, 9), (64, 64)])
def test_fakes_of_another_number_or_shape_are_refused(digits, shape):
    with pytest.raises(ConfigError, match=r"fakes of shape \(64, 1, 8, 8\), got \(\d+, "):
        Reference(digits[0][:128], 64).measure(torch.zeros(shape))
