"""How alike two images look, and how alike the images of one set do: multi-scale SSIM."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from gan_doctor.core import ConfigError

# Wang 2003, section 3.2, from the finest scale to the coarsest.
_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """The multi-scale structural similarity of images in pairs (Wang 2003).

    Five scales need a shorter side above 160. Of smaller images those scales are taken at which the
    11-pixel window fits (2 of 28 x 28), with their weights divided by the sum; images below 11
    pixels are seen through one window as large as they are. Contrast and structure of each scale
    are averaged over the image, values below 0 are counted as 0, and channels are averaged at last.

    Args:
        a: (..., C, H, W) in [-1, 1].
        b: (..., C, H, W), each to be compared with the image of `a` in the same place.

    Returns:
        (...) in [0, 1], 1 for the same image.
    """
    shape = a.shape[:-3]
    # In float64, which autocast leaves alone: the variances are small differences.
    x, y = (
        (images.double().flatten(0, -3)[:, None] + 1) / 2 for images in (a, b)
    )  # (B C, 1, H, W)
    weights = torch.tensor(_WEIGHTS[: _scales(min(a.shape[-2:]))], dtype=torch.float64)
    weights = weights / weights.sum()
    similarity = torch.ones_like(x[:, 0, 0, 0])
    for scale, weight in enumerate(weights.tolist()):
        if scale:
            x, y = (avg_pool2d(images, 2, ceil_mode=True) for images in (x, y))
        light, structure = _compared(x, y)
        last = scale == len(weights) - 1
        # The brightness counts at the coarsest scale only.
        here = (light * structure if last else structure).mean((1, 2, 3))
        similarity = similarity * here.clamp(min=0) ** weight
    return similarity.view(*shape, -1).mean(-1).float()


def mean_ms_ssim(images: Tensor, pairs: int, generator: torch.Generator) -> Tensor:
    """The mean MS-SSIM over random pairs of images of one set: the higher, the more alike they are.

    Odena et al. 2017 (1610.09585, section 4.2) take 100 pairs of one class, and hold the number
    against the reals of the same class. Pairs of different classes say less.

    Args:
        images: (N, C, H, W) in [-1, 1], of one class where there are classes.
        pairs: How many.
        generator: On the CPU, draws the pairs.

    Returns:
        0-d in [0, 1].

    Raises:
        ConfigError: There are fewer than 2 images or no pairs.
    """
    n = len(images)
    if n < 2 or pairs < 1:
        raise ConfigError(f"A pair needs 2 images and one pair or more, got {n} and {pairs}")
    first = torch.randint(n, (pairs,), generator=generator)
    second = (first + torch.randint(1, n, (pairs,), generator=generator)) % n
    a, b = (images.index_select(0, index.to(images.device)) for index in (first, second))
    return ms_ssim(a, b).mean()


def _scales(side: int) -> int:
    """At how many scales a window fits, from 1 to 5: 4 halvings ask for a side above 160."""
    fitting = [n for n in range(len(_WEIGHTS)) if side > (_WINDOW - 1) << n]
    return max(1, len(fitting))


def _compared(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Brightness, and contrast with structure, compared at each place where a window fits."""
    maps = torch.cat([x, y, x * x, y * y, x * y])
    height, width = (_gaussian(min(_WINDOW, side), x) for side in x.shape[-2:])
    blurred = conv2d(conv2d(maps, height[None, None, :, None]), width[None, None, None])
    mean_x, mean_y, xx, yy, xy = blurred.chunk(5)
    variance_x, variance_y, covariance = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    light = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    return light, (2 * covariance + _C2) / (variance_x + variance_y + _C2)


def _gaussian(size: int, like: Tensor) -> Tensor:
    place = torch.arange(size, dtype=like.dtype, device=like.device) - (size - 1) / 2
    weight = torch.exp(-place.square() / (2 * _SIGMA**2))
    return weight / weight.sum()
