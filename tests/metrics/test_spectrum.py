from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gan_doctor.metrics import (
    high_frequency_share,
    neighbour_correlation,
    power_spectrum,
    spectral_slope,
    upsampling_peaks,
)

SHAPES = [(8, 8), (16, 16), (28, 28), (15, 15), (32, 20), (20, 32)]


def noise(n: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(n, channels, height, width, generator=torch.Generator().manual_seed(seed))


def falling(exponent: float, side: int = 64) -> Tensor:
    """(100, 1, side, side) noise whose power falls with the frequency to an exponent."""
    down, across = torch.fft.fftfreq(side), torch.fft.rfftfreq(side)
    radius = torch.hypot(down[:, None], across).clamp(min=1 / side)
    spectrum = torch.fft.rfft2(noise(100, 1, side, side)) * radius ** (-exponent / 2)
    return torch.fft.irfft2(spectrum, s=(side, side))


def test_correlation_equals_numpy_over_all_neighbours():
    images = avg_pool2d(noise(5, 3, 9, 12), 2, 1)
    x = images.double().numpy()
    x = x - x.mean((2, 3), keepdims=True)
    first = np.concatenate([x[..., :-1].ravel(), x[..., :-1, :].ravel()])
    second = np.concatenate([x[..., 1:].ravel(), x[..., 1:, :].ravel()])
    expected = (first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())
    assert neighbour_correlation(images).item() == pytest.approx(expected, abs=1e-5)


def test_correlation_is_zero_for_noise_and_high_for_digits(digits):
    assert neighbour_correlation(noise(500, 1, 16, 16)).item() == pytest.approx(-1 / 256, abs=0.01)
    assert neighbour_correlation(digits[0]) > 0.4


def test_correlation_of_stripes_is_plus_and_minus_one():
    ramp = torch.arange(200.0).expand(1, 1, 200, 200)
    stripes = torch.tensor([-1.0, 1.0]).repeat(8).expand(1, 1, 16, 16)
    board = stripes * stripes.mT
    assert neighbour_correlation(ramp) > 0.98
    assert neighbour_correlation(board).item() == pytest.approx(-1)
    assert neighbour_correlation(stripes).item() == pytest.approx(0, abs=1e-6)


def test_brightness_that_differs_between_images_is_no_correlation():
    images = noise(200, 1, 16, 16) + 100 * noise(200, 1, 1, 1, seed=1)
    assert abs(neighbour_correlation(images)) < 0.02


def test_images_without_contrast_have_no_correlation_slope_or_share():
    grey = torch.tensor([0.3, -0.7]).reshape(2, 1, 1, 1).expand(2, 1, 9, 9)
    assert neighbour_correlation(grey).isnan()
    power = power_spectrum(grey)
    assert (power == 0).all()
    assert spectral_slope(power).isnan()
    assert high_frequency_share(power).isnan()


@pytest.mark.parametrize("size", SHAPES)
def test_power_equals_numpy(size):
    images = noise(7, 2, *size)
    x = images.double().numpy()
    x = x - x.mean((2, 3), keepdims=True)
    height, width = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in size)
    window = np.outer(height, width)
    expected = (np.abs(np.fft.rfft2(x * window)) ** 2).mean((0, 1)) / (window**2).sum()
    np.testing.assert_allclose(power_spectrum(images), expected, rtol=1e-3, atol=1e-5)


def test_white_noise_has_its_variance_as_power_at_every_frequency():
    power = power_spectrum(3 * noise(4000, 1, 16, 16))
    assert power[2:, 2:].mean().item() == pytest.approx(9, rel=0.02)
    assert power[2:, 2:].std() < 0.5


def test_the_window_keeps_a_jump_at_the_border_out_of_the_high_frequencies():
    ramp = torch.linspace(-1, 1, 32).expand(1, 1, 32, 32)
    bare = torch.fft.rfft2(ramp - ramp.mean()).abs().square()[0, 0]
    assert high_frequency_share(power_spectrum(ramp)) < 0.01 * high_frequency_share(bare)


@pytest.mark.parametrize("size", SHAPES)
def test_white_noise_has_slope_zero_and_the_share_of_its_area(size):
    power = power_spectrum(noise(3000, 1, *size))
    assert abs(spectral_slope(power)) < 0.1
    down, across = np.fft.fftfreq(size[0]), np.fft.fftfreq(size[1])
    area = (np.hypot(down[:, None], across) > 0.25).mean()
    assert high_frequency_share(power).item() == pytest.approx(area, abs=0.02)


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0])
def test_the_slope_of_a_power_law_is_its_exponent(exponent):
    slope = spectral_slope(power_spectrum(falling(exponent)))
    assert slope.item() == pytest.approx(exponent, abs=0.15)


@pytest.mark.parametrize("size", [(64, 64), (48, 64), (64, 48), (31, 31)])
def test_the_slope_of_an_exact_power_law_is_exact(size):
    down, across = torch.fft.fftfreq(size[0]), torch.fft.rfftfreq(size[1])
    power = torch.hypot(down[:, None], across).clamp(min=1e-3) ** -2.0
    assert spectral_slope(power).item() == pytest.approx(2, abs=0.06)


def test_the_slope_equals_a_loop_over_rings():
    side = 16
    power = power_spectrum(noise(3, 1, side, side))
    full = np.zeros((side, side))
    for v in range(side):
        for u in range(side):
            full[v, u] = power[v, u] if u <= side // 2 else power[-v % side, side - u]
    radius = (
        np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")) * side
    )
    rings = [np.rint(radius) == r for r in range(1, side // 2 + 1)]
    x = [np.log(radius[ring]).mean() for ring in rings]
    y = [np.log(full[ring].mean()) for ring in rings]
    assert spectral_slope(power).item() == pytest.approx(-np.polyfit(x, y, 1)[0], rel=1e-4)


@pytest.mark.parametrize("side", [9, 12])
def test_the_high_share_equals_a_sum_over_the_full_plane(side):
    images = noise(1, 1, side, side) + 1
    window = np.outer(np.hanning(side + 1)[:-1], np.hanning(side + 1)[:-1])
    x = images[0, 0].double().numpy()
    full = np.abs(np.fft.fft2((x - x.mean()) * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    expected = full[radius > 0.25].sum() / full.sum()
    assert high_frequency_share(power_spectrum(images)).item() == pytest.approx(expected, rel=1e-4)


def test_blur_steepens_the_slope_and_takes_the_high_share(digits):
    sharp = power_spectrum(digits[0])
    blurred = power_spectrum(avg_pool2d(digits[0], 3, 1, padding=1))
    assert spectral_slope(blurred) > spectral_slope(sharp) + 0.5
    assert high_frequency_share(blurred) < 0.5 * high_frequency_share(sharp)


def test_mnist_lies_far_from_noise(mnist):
    images = mnist[0][:2000]
    assert neighbour_correlation(images) > 0.75
    assert spectral_slope(power_spectrum(images)) > 1.5
    assert high_frequency_share(power_spectrum(images)) < 0.2


def test_contrast_brightness_and_order_do_not_matter(digits):
    images = digits[0][:100]
    changed = 4 * images.flip(0) + 3
    for measure in (
        neighbour_correlation,
        lambda x: spectral_slope(power_spectrum(x)),
        lambda x: high_frequency_share(power_spectrum(x)),
    ):
        torch.testing.assert_close(measure(changed), measure(images), rtol=1e-4, atol=1e-4)


def test_turning_the_images_turns_the_spectrum_only():
    images = noise(50, 1, 16, 16)
    torch.testing.assert_close(
        spectral_slope(power_spectrum(images.mT)), spectral_slope(power_spectrum(images))
    )


def test_many_draws_at_once_equal_a_loop():
    images = noise(24, 2, 10, 12).unflatten(0, (3, 2, 4))
    power = power_spectrum(images)
    assert power.shape == (3, 2, 10, 7)
    torch.testing.assert_close(power[2, 1], power_spectrum(images[2, 1]))
    for together, measure, one in (
        (neighbour_correlation(images), neighbour_correlation, images[2, 1]),
        (spectral_slope(power), spectral_slope, power[2, 1]),
        (high_frequency_share(power), high_frequency_share, power[2, 1]),
    ):
        assert together.shape == (3, 2)
        torch.testing.assert_close(together[2, 1], measure(one))


def grid(side: int, period: int = 2) -> Tensor:
    """(side, side) of +1 and -1 in squares of half a period."""
    signs = torch.where(torch.arange(side) % period < period / 2, 1.0, -1.0)
    return signs[:, None] * signs


def peak(images: Tensor) -> float:
    return upsampling_peaks(power_spectrum(images)).item()


def test_a_grid_stands_out_of_digits_by_orders(mnist):
    images = mnist[0][:512]
    assert peak(images) < 0.7
    assert peak(images + 0.3 * grid(28)) > 6
    assert peak(images + 0.03 * grid(28)) > 2
    assert peak(images + 0.3 * grid(28, 4)) > 3
    stripes = torch.tensor([1.0, -1.0]).repeat(14)
    assert peak(images + 0.3 * stripes) > 5
    assert peak(images + 0.3 * stripes[:, None]) > 5


def test_a_grid_stands_out_of_small_digits(digits):
    assert peak(digits[0]) < 0
    assert peak(digits[0] + 0.3 * grid(8)) > 2


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (32, 20), (20, 32)])
def test_noise_has_no_grid(size):
    assert abs(peak(noise(512, 1, *size))) < 0.25


def test_a_border_that_does_not_fit_the_opposite_one_makes_no_grid():
    images = falling(3.0, 128)[..., :64, :64]
    bare = (images - images.mean((-2, -1), keepdim=True)).flatten(0, 1)
    bare = torch.fft.rfft2(bare).abs().square().mean(0)
    assert upsampling_peaks(bare) > 2
    assert peak(images) < 0.8


def test_a_grid_of_another_period_is_none():
    waves = torch.cos(torch.arange(30) * torch.pi / 3)
    images = noise(300, 1, 30, 30) + 3 * waves[:, None] * waves
    assert abs(peak(images)) < 0.5


def test_untrained_transposed_convolutions_leave_one():
    torch.manual_seed(0)
    G = torch.nn.Sequential(
        torch.nn.ConvTranspose2d(8, 8, 3, 2, 1, 1),
        torch.nn.ReLU(),
        torch.nn.ConvTranspose2d(8, 1, 3, 2, 1, 1),
    )
    with torch.no_grad():
        assert peak(G(noise(300, 8, 8, 8))) > 2


@pytest.mark.parametrize("size", [(8, 8), (16, 12), (12, 16), (15, 16), (15, 8)])
def test_the_peak_equals_a_loop_over_the_full_plane(size):
    images = noise(3, 2, *size)
    x = images.double().numpy()
    x = x - x.mean((2, 3), keepdims=True)
    height, width = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in size)
    full = (np.abs(np.fft.fft2(x * np.outer(height, width))) ** 2).mean((0, 1))
    ratios = []
    for u in range(size[0]):
        for v in range(size[1]):
            if not all(
                f == 0 or (f >= 4 and n / f in (2, 4, 8)) for f, n in ((u, size[0]), (v, size[1]))
            ):
                continue
            around = [
                np.log(full[(u + a) % size[0], (v + b) % size[1]])
                for a in range(-2, 3)
                for b in range(-2, 3)
                if 2 in (abs(a), abs(b))
            ]
            if u or v:
                ratios.append(np.log(full[u, v]) - np.median(around))
    assert peak(images) == pytest.approx(max(ratios), abs=1e-3)


def test_without_an_even_side_or_any_power_there_is_no_peak():
    assert np.isnan(peak(noise(5, 1, 15, 15)))
    assert np.isnan(peak(noise(5, 1, 6, 6)))
    assert np.isnan(peak(torch.full((2, 1, 8, 8), 0.3)))


def test_contrast_brightness_and_order_do_not_move_the_peak(digits):
    images = digits[0][:100] + 0.1 * grid(8)
    assert peak(4 * images.flip(0) + 3) == pytest.approx(peak(images), abs=1e-3)
    assert peak(images.mT) == pytest.approx(peak(images), abs=1e-3)


def test_peaks_of_many_draws_at_once_equal_a_loop():
    power = power_spectrum(noise(24, 2, 8, 12).unflatten(0, (3, 2, 4)))
    together = upsampling_peaks(power)
    assert together.shape == (3, 2)
    torch.testing.assert_close(together[2, 1], upsampling_peaks(power[2, 1]))
