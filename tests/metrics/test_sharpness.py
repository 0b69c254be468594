from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from gan_doctor.metrics import laplacian_variance


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def blurred(images: Tensor) -> Tensor:
    return avg_pool2d(pad(images, (1, 1, 1, 1), mode="replicate"), 3, 1)


@pytest.mark.parametrize("size", [(8, 8), (3, 5), (9, 4)])
def test_equals_scipy(size):
    images = noise(4, 3, *size)
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    laplacians = [convolve2d(x, kernel, "valid") for x in images.double().flatten(0, 1).numpy()]
    assert laplacian_variance(images).item() == pytest.approx(np.var(laplacians), rel=1e-5)


def test_white_noise_has_twenty_times_its_variance():
    assert laplacian_variance(3 * noise(400, 1, 16, 16)).item() == pytest.approx(180, rel=0.03)


def test_blur_takes_it_and_noise_adds_to_it(mnist):
    images = mnist[0][:512]
    real = laplacian_variance(images)
    assert laplacian_variance(mnist[0][512:1024]) / real == pytest.approx(1, abs=0.05)
    assert laplacian_variance(blurred(images)) < 0.15 * real
    assert laplacian_variance(images + 0.2 * noise(512, 1, 28, 28)) > 1.8 * real


def test_a_collapse_onto_sharp_digits_keeps_it(mnist):
    images, labels = mnist
    real = laplacian_variance(images)
    for digit in range(10):
        assert laplacian_variance(images[labels == digit]) > 0.5 * real


def test_grows_with_the_square_of_the_contrast_and_not_with_brightness_or_order(digits):
    images = digits[0][:100]
    expected = 9 * laplacian_variance(images)
    torch.testing.assert_close(
        laplacian_variance(3 * images.flip(0) + 70), expected, rtol=1e-4, atol=0
    )


def test_images_without_detail_have_none():
    assert laplacian_variance(torch.full((2, 1, 8, 8), 0.3)) == 0
    ramp = torch.arange(8.0).expand(2, 1, 8, 8)
    assert laplacian_variance(ramp) == 0


def test_images_too_small_for_neighbours_have_no_answer():
    assert laplacian_variance(noise(4, 1, 2, 8)).isnan()


def test_many_draws_at_once_equal_a_loop():
    images = noise(24, 2, 10, 12).unflatten(0, (3, 2, 4))
    together = laplacian_variance(images)
    assert together.shape == (3, 2)
    torch.testing.assert_close(together[2, 1], laplacian_variance(images[2, 1]))
