"""Ways to double the side of a map by a layer with weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gan_doctor.core import ConfigError, UnknownNameError

Upsampling = Literal["transposed", "pixel-shuffle", "resize"]


class SubPixelConv(nn.Module):
    """A 3x3 convolution to four times the channels, which become 2x2 pixels each (Shi 2016).

    It starts as nearest-neighbour upsampling of a convolution, by `icnr_`, so that it starts
    without a checkerboard.

    Args:
        in_channels: Of the input.
        out_channels: Of the output.
        bias: Whether the convolution has one; it starts at 0.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 4 * out_channels, 3, padding=1, bias=bias)
        self.shuffle = nn.PixelShuffle(2)
        icnr_(self.conv.weight, 2)
        if self.conv.bias is not None:
            nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) to (B, out_channels, 2H, 2W)."""
        return self.shuffle(self.conv(x))  # type: ignore[no-any-return]


class ResizeConv(nn.Module):
    """Each pixel becomes 2x2 equal ones, then a 3x3 convolution follows (Odena 2016).

    Args:
        in_channels: Of the input.
        out_channels: Of the output.
        bias: Whether the convolution has one.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__()
        self.resize = nn.Upsample(scale_factor=2, mode="nearest")
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) to (B, out_channels, 2H, 2W)."""
        return self.conv(self.resize(x))  # type: ignore[no-any-return]


def _transposed(in_channels: int, out_channels: int, bias: bool = True) -> nn.Module:
    # A kernel that the stride divides leaves no checkerboard (Odena 2016).
    return nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1, bias=bias)


_KINDS: Mapping[str, Callable[[int, int, bool], nn.Module]] = {
    "transposed": _transposed,
    "pixel-shuffle": SubPixelConv,
    "resize": ResizeConv,
}


def upsampling_layer(
    kind: Upsampling, in_channels: int, out_channels: int, bias: bool = True
) -> nn.Module:
    """The layer that `kind` names, which doubles the side of a map.

    Args:
        kind: `transposed` is a transposed 4x4 convolution of stride 2, `pixel-shuffle` is
            `SubPixelConv`, `resize` is `ResizeConv`.
        in_channels: Of the input.
        out_channels: Of the output.
        bias: Whether it has one.

    Raises:
        UnknownNameError: `kind` is none of the three.
    """
    if kind not in _KINDS:
        raise UnknownNameError("upsampling", kind, _KINDS)
    return _KINDS[kind](in_channels, out_channels, bias)


def icnr_(
    weight: Tensor, r: int, init: Callable[[Tensor], Any] = nn.init.kaiming_normal_
) -> Tensor:
    """Fills a weight before a pixel shuffle so that the r^2 pixels of a block start equal.

    The convolution and the shuffle are then nearest-neighbour upsampling of a convolution (Aitken
    2017, "ICNR").

    Args:
        weight: (r^2 C, ...), changed in place.
        r: Factor of the upsampling.
        init: Fills one of the r^2 equal kernels, (C, ...), in place.

    Returns:
        The same weight.

    Raises:
        ConfigError: The output channels are no multiple of r^2.
    """
    if len(weight) % r**2:
        raise ConfigError(
            f"A pixel shuffle by {r} needs a multiple of {r**2} output channels, got {len(weight)}"
        )
    kernel = torch.empty_like(weight[: len(weight) // r**2], requires_grad=False)
    init(kernel)
    with torch.no_grad():
        # Channel c of the shuffled map comes from the r^2 channels from c r^2 on (Shi 2016).
        return weight.copy_(kernel.repeat_interleave(r**2, 0))
