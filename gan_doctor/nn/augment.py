"""DiffAugment (Zhao 2020): the same random changes for all that D sees, so that it cannot memorise.

Use it on reals and fakes, in D's step and in G's: on reals alone it would teach G the changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from gan_doctor.core import UnknownNameError
from gan_doctor.nn._pixels import pick, refuse_other_than_images


def diff_augment(
    x: Tensor,
    policy: Sequence[str] = ("color", "translation", "cutout"),
    generator: torch.Generator | None = None,
) -> Tensor:
    """Changes each image at random, by the same law and apart from the others (Zhao 2020).

    - "color": brightness + U[-.5, .5], then the distance from grey times U[0, 2], then contrast
      times U[.5, 1.5]. Grey is the mean over the channels of a pixel, so apply it before packing.
    - "translation": by up to 1/8 of each side, zeros coming in.
    - "cutout": a rectangle of half of each side, at any place, becomes zero.

    Args:
        x: (B, C, H, W) images in [-1, 1]; the result may leave that range.
        policy: What to do, in that order.
        generator: On the device of `x`; torch's global one when None.

    Returns:
        (B, C, H, W), differentiable in `x`.

    Raises:
        ConfigError: `x` is not a batch of images.
        UnknownNameError: The policy names something else.
    """
    refuse_other_than_images(x)
    for name in policy:
        if name not in _CHANGES:
            raise UnknownNameError("augmentation", name, _CHANGES)
        x = _CHANGES[name](x, generator)
    return x


def _color(x: Tensor, generator: torch.Generator | None) -> Tensor:
    draws = torch.rand(3, len(x), 1, 1, 1, generator=generator, device=x.device, dtype=x.dtype)
    brightness, saturation, contrast = draws
    x = x + (brightness - 0.5)
    x = torch.lerp(x.mean(1, keepdim=True), x, 2 * saturation)
    return torch.lerp(x.mean((1, 2, 3), keepdim=True), x, contrast + 0.5)


def _translation(x: Tensor, generator: torch.Generator | None) -> Tensor:
    rows, columns = (
        _places(side, x.device) - _whole(-most, most, x, generator)
        for side in x.shape[2:]
        for most in [_rounded(side / 8)]
    )  # (B, H), (B, W): where each comes from
    inside = _within(rows, 0, x.shape[2])[:, :, None] & _within(columns, 0, x.shape[3])[:, None]
    rows, columns = rows.clamp(0, x.shape[2] - 1), columns.clamp(0, x.shape[3] - 1)
    return pick(x, *torch.broadcast_tensors(rows[:, :, None], columns[:, None])) * inside[:, None]


def _cutout(x: Tensor, generator: torch.Generator | None) -> Tensor:
    down, across = (
        _within(_places(side, x.device) - (middle - cut // 2), 0, cut)
        for side in x.shape[2:]
        for cut in [_rounded(side / 2)]
        # The middle may lie on each edge between pixels or on each pixel, whichever is even.
        for middle in [_whole(0, side - cut % 2, x, generator)]
    )  # (B, H), (B, W)
    return x * ~(down[:, :, None] & across[:, None])[:, None]


_Change = Callable[[Tensor, torch.Generator | None], Tensor]
_CHANGES: Mapping[str, _Change] = {
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
}


def _places(side: int, device: torch.device) -> Tensor:
    return torch.arange(side, device=device)[None]  # (1, side)


def _whole(low: int, high: int, x: Tensor, generator: torch.Generator | None) -> Tensor:
    """(B, 1) whole numbers, one for each image, `high` among them."""
    return torch.randint(low, high + 1, (len(x), 1), generator=generator, device=x.device)


def _within(places: Tensor, low: int, high: int) -> Tensor:
    return (places >= low) & (places < high)


def _rounded(length: float) -> int:
    return int(length + 0.5)
