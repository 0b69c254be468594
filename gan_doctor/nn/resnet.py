"""Residual generator and discriminator (Gulrajani 2017, appendix C; Miyato 2018) for images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import interpolate

from gan_doctor.nn._downwards import downwards
from gan_doctor.nn._named_layers import Norm, activation, dropping, normalisation
from gan_doctor.nn._sides import refuse_other_sides, stages
from gan_doctor.nn.attention import SelfAttention
from gan_doctor.nn.discriminator import Discriminator, LateLayer
from gan_doctor.nn.initial import draw_weights
from gan_doctor.nn.upsampling import Upsampling, upsampling_layer

# Branch and shortcut start at about the variance of the input, so their sum is scaled (Karras 2020,
# StyleGAN2).
_SCALE = 1 / math.sqrt(2)


class ResidualUp(nn.Module):
    """Doubles the side: `(branch(x) + shortcut(x)) / sqrt 2`.

    Args:
        channels: Of the input.
        out: Of the output.
        norm: Before each activation.
        slope: Negative slope of the activations.
        upsampling: How the branch doubles the side; the shortcut repeats pixels.
    """

    def __init__(
        self, channels: int, out: int, norm: Norm, slope: float, upsampling: Upsampling
    ) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            *normalisation(norm, channels, maps=True),
            activation(slope),
            upsampling_layer(upsampling, channels, out),
            *normalisation(norm, out, maps=True),
            activation(slope),
            nn.Conv2d(out, out, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(channels, out, 1, bias=False)
        _initialise(self.branch, self.shortcut, slope)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, out, 2H, 2W)."""
        # To convolve before pixels are repeated is the same as after, and four times as fast.
        shortcut = interpolate(self.shortcut(x), scale_factor=2, mode="nearest")
        return (self.branch(x) + shortcut) * _SCALE  # type: ignore[no-any-return]


class ResidualDown(nn.Module):
    """Halves the side, by the mean of 2x2 pixels: `(branch(x) + shortcut(x)) / sqrt 2`.

    Args:
        channels: Of the input.
        out: Of the output.
        norm: Before each activation.
        slope: Negative slope of the activations.
        first: Whether the input is an image: it then meets a convolution before any activation.
    """

    def __init__(self, channels: int, out: int, norm: Norm, slope: float, first: bool) -> None:
        super().__init__()
        before = [] if first else [*normalisation(norm, channels, maps=True), activation(slope)]
        self.branch = nn.Sequential(
            *before,
            nn.Conv2d(channels, out, 3, padding=1),
            *([] if first else normalisation(norm, out, maps=True)),
            activation(slope),
            nn.Conv2d(out, out, 3, padding=1),
            nn.AvgPool2d(2),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(channels, out, 1, bias=False))
        _initialise(self.branch, self.shortcut, slope)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, out, H/2, W/2)."""
        return (self.branch(x) + self.shortcut(x)) * _SCALE  # type: ignore[no-any-return]


class ResNetGenerator(nn.Module):
    """z to images: a projection to a small map, then residual blocks that double its side.

    Arguments, attributes and errors are those of `DCGANGenerator`. The weights of a block are
    drawn as in He 2015 and keep the variance about as it is, without normalisation too.
    """

    def __init__(
        self,
        latent: int,
        channels: int,
        size: int,
        width: int = 32,
        norm: Norm = "batch",
        slope: float = 0.0,
        upsampling: Upsampling = "resize",
        attention: int = 0,
        bounded: bool = True,
    ) -> None:
        super().__init__()
        refuse_other_sides(attention, size)
        side, doublings = stages(size)
        c = width * 2 ** (doublings - 1)
        self.first = nn.Sequential(nn.Linear(latent, c * side**2), nn.Unflatten(1, (c, side, side)))
        layers: list[nn.Module] = [SelfAttention(c)] if side == attention else []
        for _ in range(doublings):
            out = max(width, c // 2)
            layers += [ResidualUp(c, out, norm, slope, upsampling)]
            c, side = out, side * 2
            layers += [SelfAttention(c)] if side == attention else []
        layers += [*normalisation(norm, c, maps=True), activation(slope)]
        layers += [nn.Conv2d(c, channels, 3, padding=1), *([nn.Tanh()] if bounded else [])]
        self.rest = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent) to (B, channels, size, size)."""
        return self.rest(self.first(z))  # type: ignore[no-any-return]


class ResNetDiscriminator(Discriminator):
    """Images to one logit each: residual blocks that halve the side.

    Arguments and errors are those of `DCGANDiscriminator`; the first block has no normalisation,
    and dropout comes after each block. For a small image it is more than is needed.
    """

    def __init__(
        self,
        channels: int,
        size: int,
        width: int = 32,
        norm: Norm = "layer",
        slope: float = 0.2,
        dropout: float = 0.0,
        attention: int = 0,
        late: Sequence[LateLayer] = (),
    ) -> None:
        def stage(c: int, out: int, first: bool) -> list[nn.Module]:
            return [ResidualDown(c, out, norm, slope, first), *dropping(dropout)]

        layers, shape = downwards(channels, size, width, attention, stage)
        super().__init__(nn.Sequential(*layers, activation(slope)), shape, late)


def _initialise(branch: nn.Module, shortcut: nn.Module, slope: float) -> None:
    draw_weights(branch, partial(nn.init.kaiming_normal_, a=slope))
    draw_weights(shortcut, partial(nn.init.kaiming_normal_, nonlinearity="linear"))
