from __future__ import annotations

import time

import numpy as np
import pytest

from gan_doctor.stats import ar1_surrogates, spectral_peak
from gan_doctor.stats.oscillation import _surrogate_peaks


def sine(n=256, period=16.0, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return np.sin(2 * np.pi * np.arange(n) / period) + noise * rng.standard_normal(n)


def test_the_share_is_that_of_a_slow_fourier_sum():
    x = sine(64, 9.3)
    t = np.arange(64)
    level = x - np.polynomial.Polynomial.fit(t, x, 1)(t)
    power = [abs(sum(level * np.exp(-2j * np.pi * k * t / 64))) ** 2 for k in range(33)]
    k = 3 + int(np.argmax(power[3:]))
    peak = spectral_peak(x)
    assert peak.share == pytest.approx(power[k] / sum(power))
    assert peak.period == pytest.approx(64 / k)


def test_surrogates_are_what_a_loop_gives():
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((40, 3))
    for i, row in enumerate(ar1_surrogates(40, 0.6, 3, seed=5)):
        value = noise[0, i] / 0.8
        for t in range(40):
            value = value if t == 0 else 0.6 * value + noise[t, i]
            assert row[t] == pytest.approx(value)


@pytest.mark.parametrize("noise", [0.3, 1.0])
def test_a_sine_in_noise_is_found(noise):
    for seed in range(20):
        peak = spectral_peak(sine(noise=noise, seed=seed))
        assert peak.exceeds > 0.99
        assert peak.period == 16


def test_a_sine_on_noise_that_remembers_is_found():
    x = ar1_surrogates(256, 0.8, 1)[0] + 3 * sine(noise=0)
    assert spectral_peak(x).exceeds > 0.99


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("n", [64, 256])
def test_noise_exceeds_the_99_percent_level_in_about_one_of_a_hundred_series(n, rho):
    peaks = [spectral_peak(x, 500) for x in ar1_surrogates(n, rho, 1000, seed=9)]
    share = np.mean([peak.exceeds >= 0.99 for peak in peaks])
    assert share < 0.025
    half = np.mean([peak.exceeds >= 0.5 for peak in peaks])
    assert 0.4 < half < 0.6


def test_a_curve_that_bends_is_no_oscillation():
    t = np.arange(128)
    noise = 0.02 * np.random.default_rng(0).standard_normal(128)
    for curve in (
        np.exp(-t / 30),
        np.exp(-t / 10),
        1 / (1 + t),
        np.tanh((t - 64) / 20),
        t**2 / 1e4,
    ):
        assert spectral_peak(curve + noise).exceeds < 0.99


def test_a_straight_trend_changes_nothing():
    x = sine()
    tilted, straight = spectral_peak(x + 3 * np.arange(256)), spectral_peak(x)
    assert tilted.share == pytest.approx(straight.share)
    assert tilted.period == straight.period


def test_scale_and_offset_change_nothing():
    x = sine()
    assert spectral_peak(5 - 7 * x).exceeds == spectral_peak(x).exceeds


def test_a_skipped_frequency_counts_no_more():
    x = sine(noise=0.3)
    assert spectral_peak(x, skipped=(1 / 16,)).exceeds < 0.99
    assert spectral_peak(x, skipped=(1 / 5,)).period == 16
    assert spectral_peak(x, skipped=tuple(np.arange(0, 0.51, 0.002))) is None


def test_too_few_cycles_do_not_count():
    x = sine(period=64, noise=0.1)  # four cycles
    assert spectral_peak(x, cycles=4).exceeds > 0.99
    assert spectral_peak(x, cycles=6).exceeds < 0.99


def test_the_same_seed_gives_the_same_and_nothing_else_moves():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = spectral_peak(sine(), seed=3)
    _surrogate_peaks.cache_clear()
    assert spectral_peak(sine(), seed=3) == first
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_a_gap_is_bridged():
    x = sine(noise=0.1)
    x[100:104] = np.nan
    x[7] = np.inf
    assert spectral_peak(x).exceeds > 0.99


@pytest.mark.parametrize("x", [[], [1.0] * 15, [0.3] * 64, [np.nan] * 64, list(range(64))])
def test_without_a_swing_there_is_nothing_to_say(x):
    assert spectral_peak(np.array(x, float)) is None


def test_it_is_fast():
    times = []
    for seed in range(5):
        _surrogate_peaks.cache_clear()
        start = time.perf_counter()
        spectral_peak(sine(seed=seed), 200)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02
