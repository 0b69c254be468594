"""Images put together from pixels of themselves, each image in its own way.

Everything is linear in the images, so that gradients of any order flow: a penalty on the gradient
of D can be taken through it, which `grid_sample` refuses in older versions of torch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.core import ConfigError


def refuse_other_than_images(x: Tensor) -> None:
    """Raises a ConfigError unless `x` is (B, C, H, W)."""
    if x.dim() != 4:
        raise ConfigError(
            f"Only images (B, C, H, W) can be augmented, got shape {tuple(x.shape)}: "
            "leave the augmentation out for other data"
        )


def pick(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels at the given places.

    Args:
        x: (B, C, H, W) images.
        rows: (B, h, w) of the pixel wanted at each place, in 0 to H - 1.
        columns: (B, h, w), in 0 to W - 1.

    Returns:
        (B, C, h, w)
    """
    place = (rows * x.shape[3] + columns).flatten(1)[:, None]  # (B, 1, h w)
    picked: Tensor = x.flatten(2).gather(2, place.expand(-1, x.shape[1], -1))
    return picked.unflatten(2, rows.shape[1:])  # type: ignore[no-any-return]


def interpolate(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Bilinear interpolation between the pixels, mirrored beyond the border.

    Args:
        x: (B, C, H, W) images.
        rows: (B, h, w) where to look, in pixels: 0 is the middle of the first row.
        columns: (B, h, w)

    Returns:
        (B, C, h, w)
    """
    H, W = x.shape[2:]
    top, left = rows.floor(), columns.floor()
    down, right = (rows - top)[:, None], (columns - left)[:, None]  # (B, 1, h, w)
    r0, r1 = mirrored(top.long(), H), mirrored(top.long() + 1, H)
    c0, c1 = mirrored(left.long(), W), mirrored(left.long() + 1, W)
    above = torch.lerp(pick(x, r0, c0), pick(x, r0, c1), right)
    below = torch.lerp(pick(x, r1, c0), pick(x, r1, c1), right)
    return torch.lerp(above, below, down)


def mirrored(places: Tensor, n: int) -> Tensor:
    """Whole places on a line folded into 0 to n - 1 at its first and last pixel."""
    period = max(1, 2 * (n - 1))
    places = places.remainder(period)
    return torch.minimum(places, period - places)
