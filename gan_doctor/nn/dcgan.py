"""The generator and discriminator of DCGAN (Radford 2016) for square images of any small size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from gan_doctor.core import ConfigError

Norm = Literal["layer", "batch", "none"]


def _layer_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(1, channels)


_NORMS: dict[str, Callable[[int], nn.Module]] = {"layer": _layer_norm, "batch": nn.BatchNorm2d}


class DCGANGenerator(nn.Module):
    """z to images in (-1, 1): a projection, then transposed convolutions that double the side.

    BatchNorm and ReLU follow every layer but the last, weights start as N(0, 0.02) (Radford 2016,
    section 4).

    Args:
        latent: Dimension of z.
        channels: Channels of an image.
        size: Side of an image: 2 to 7 doubled twice or more (8, 16, 28, 32, 64, ...).
        width: Channels before the last layer; each layer further from the image has twice as many.

    Raises:
        ConfigError: `size` is no such side.
    """

    def __init__(self, latent: int, channels: int, size: int, width: int = 32) -> None:
        super().__init__()
        base, doublings = _stages(size)
        c = width * 2 ** (doublings - 1)
        layers: list[nn.Module] = [
            nn.Unflatten(1, (latent, 1, 1)),
            nn.ConvTranspose2d(latent, c, base, bias=False),
            nn.BatchNorm2d(c),
            nn.ReLU(),
        ]
        for _ in range(doublings - 1):
            # A kernel that the stride divides leaves no checkerboard (Odena 2016).
            layers += [
                nn.ConvTranspose2d(c, c // 2, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(c // 2),
                nn.ReLU(),
            ]
            c //= 2
        layers += [nn.ConvTranspose2d(c, channels, 4, stride=2, padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(_initialise)

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent) to (B, channels, size, size)."""
        return self.layers(z)  # type: ignore[no-any-return]


class DCGANDiscriminator(nn.Module):
    """Images to one logit each: convolutions that halve the side, with LeakyReLU(0.2).

    Args:
        channels: Channels of an image.
        size: As in `DCGANGenerator`.
        width: Channels after the first layer; each layer further from the image has twice as many.
        norm: Of all layers but the first and the last. `batch` is the paper's; `layer` keeps the
            samples of a batch independent, which gradient penalties need (Gulrajani 2017, section
            4).

    Raises:
        ConfigError: `size` is no such side.
    """

    def __init__(self, channels: int, size: int, width: int = 32, norm: Norm = "layer") -> None:
        super().__init__()
        base, halvings = _stages(size)
        layers: list[nn.Module] = []
        c = channels
        for stage in range(halvings):
            out = width * 2**stage
            normed = norm != "none" and stage > 0
            layers += [nn.Conv2d(c, out, 4, stride=2, padding=1, bias=not normed)]
            layers += [_NORMS[norm](out)] if normed else []
            layers += [nn.LeakyReLU(0.2)]
            c = out
        self.layers = nn.Sequential(*layers, nn.Conv2d(c, 1, base))
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, size, size) to (B,) logits."""
        return self.layers(x).flatten()  # type: ignore[no-any-return]


def _stages(size: int) -> tuple[int, int]:
    """The first side, at most 7, and how often it doubles to give `size`: twice or more."""
    base, doublings = size, 0
    while base % 2 == 0 and (doublings < 2 or base > 7):
        base, doublings = base // 2, doublings + 1
    if not 2 <= base <= 7 or doublings < 2:
        raise ConfigError(f"size must be 2 to 7 doubled twice or more (8, 16, 28, 32), got {size}")
    return base, doublings


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.02)
