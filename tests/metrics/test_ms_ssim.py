from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.metrics import mean_ms_ssim, ms_ssim

WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]


def naive_ms_ssim(a: np.ndarray, b: np.ndarray, scales: int) -> float:
    """Of one channel in [0, 1], place by place."""
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    value = 1.0
    for scale in range(scales):
        height, width = (min(11, side) for side in a.shape)
        window = np.outer(bell(height), bell(width))
        found = []
        for i in range(a.shape[0] - height + 1):
            for j in range(a.shape[1] - width + 1):
                x, y = a[i : i + height, j : j + width], b[i : i + height, j : j + width]
                mx, my = (window * x).sum(), (window * y).sum()
                vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
                cov = (window * (x - mx) * (y - my)).sum()
                here = (2 * cov + 9e-4) / (vx + vy + 9e-4)
                if scale == scales - 1:
                    here *= (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
                found.append(here)
        value *= max(np.mean(found), 0.0) ** weights[scale]
        a, b = halved(a), halved(b)
    return float(value)


def bell(size: int) -> np.ndarray:
    weight = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * 1.5**2))
    return weight / weight.sum()


def halved(x: np.ndarray) -> np.ndarray:
    rows, columns = range(0, x.shape[0], 2), range(0, x.shape[1], 2)
    return np.array([[x[i : i + 2, j : j + 2].mean() for j in columns] for i in rows])


@pytest.mark.parametrize(
    ("height", "width", "scales"),
    [(8, 8, 1), (8, 15, 1), (20, 30, 1), (21, 33, 2), (28, 28, 2), (41, 44, 3)],
)
def test_equals_a_loop_over_places_at_as_many_scales_as_fit(height, width, scales):
    x = torch.rand(2, height, width)
    a, b = x, (x + 0.5 * torch.rand(2, height, width)).clamp(max=1)
    expected = [
        naive_ms_ssim(p.double().numpy(), q.double().numpy(), scales)
        for p, q in zip(a, b, strict=True)
    ]
    assert ms_ssim(2 * a - 1, 2 * b - 1).item() == pytest.approx(np.mean(expected), rel=1e-5)


@pytest.mark.parametrize(("side", "scales"), [(80, 3), (81, 4), (160, 4), (161, 5), (200, 5)])
def test_five_scales_need_a_side_above_160(side, scales):
    # Brightness alone differs: its term enters once, by the weight of the coarsest scale.
    a, b = torch.full((1, side, side), 0.0), torch.full((1, side, side), 1.0)
    light = (2 * 0.5 * 1 + 1e-4) / (0.25 + 1 + 1e-4)
    weight = WEIGHTS[scales - 1] / sum(WEIGHTS[:scales])
    assert ms_ssim(a, b).item() == pytest.approx(light**weight, rel=1e-5)


def test_an_image_equals_itself_and_the_order_does_not_matter(mnist):
    images = mnist[0][:20]
    a, b = images[:10], images[10:]
    torch.testing.assert_close(ms_ssim(a, a), torch.ones(10))
    torch.testing.assert_close(ms_ssim(a, b), ms_ssim(b, a))
    assert (ms_ssim(a, b) < 0.9).all()


def test_falls_as_noise_grows_and_ends_at_0_for_the_opposite():
    image = torch.rand(1, 1, 32, 32).round() * 2 - 1
    noise = torch.randn(1, 1, 32, 32)
    values = [ms_ssim(image, image + level * noise).item() for level in (0, 0.1, 0.3, 1, 3)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.5
    assert ms_ssim(image, -image).item() == 0


def test_a_class_of_one_image_is_more_alike_than_a_class_of_digits(mnist):
    images, labels = mnist
    ones = images[labels == 3][:100]
    collapsed = (ones[:1] + 0.1 * torch.randn(100, 1, 28, 28)).clamp(-1, 1)
    real, fake = (
        mean_ms_ssim(x, 100, torch.Generator().manual_seed(0)).item() for x in (ones, collapsed)
    )
    assert real < 0.5
    assert fake > 0.8


def test_no_image_is_paired_with_itself_and_all_others_come():
    # Images are alike only to themselves: a pair of one with itself would give more than 0.
    spots = torch.block_diag(*[torch.ones(11, 11)] * 2)
    images = 2 * torch.stack([spots, spots.flip(0)])[:, None] - 1
    for seed in range(10):
        assert mean_ms_ssim(images, 4, torch.Generator().manual_seed(seed)).item() < 0.5
    three = torch.tensor([-1.0, 0.0, 1.0])[:, None, None, None].expand(3, 1, 16, 16)
    found = {
        round(mean_ms_ssim(three, 1, torch.Generator().manual_seed(seed)).item(), 4)
        for seed in range(40)
    }
    assert len(found) == 3


def test_the_mean_is_over_the_pairs_that_the_generator_draws():
    images = torch.rand(12, 3, 16, 16) * 2 - 1
    first, again, other = (
        mean_ms_ssim(images, 6, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    every = torch.stack([ms_ssim(a, b) for a in images for b in images if a is not b])
    many = mean_ms_ssim(images, 2000, torch.Generator().manual_seed(0))
    distinct = every[every < 1].mean().item()
    assert many.item() == pytest.approx(distinct, rel=0.02)


def test_many_pairs_at_once_equal_a_loop_and_a_nan_stays_in_its_own():
    a, b = torch.rand(3, 2, 3, 24, 24), torch.rand(3, 2, 3, 24, 24)
    together = ms_ssim(a, b)
    assert together.shape == (3, 2)
    torch.testing.assert_close(together[2, 1], ms_ssim(a[2, 1], b[2, 1]))
    a[0, 0, 0, 3, 3] = torch.nan
    assert ms_ssim(a, b).isnan().sum() == 1


def test_half_precision_and_autocast_cost_no_digits():
    a, b = torch.rand(4, 1, 24, 24).half(), torch.rand(4, 1, 24, 24).half()
    expected = ms_ssim(a.float(), b.float())
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(ms_ssim(a, b), expected)


def test_refuses_a_set_without_pairs():
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(ConfigError, match="2 images"):
        mean_ms_ssim(torch.zeros(1, 1, 16, 16), 5, generator)
    with pytest.raises(ConfigError, match="2 images"):
        mean_ms_ssim(torch.zeros(3, 1, 16, 16), 0, generator)
