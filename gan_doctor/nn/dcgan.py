"""The generator and discriminator of DCGAN (Radford 2016) for square images of any small size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from torch import Tensor, nn

from gan_doctor.nn._downwards import downwards
from gan_doctor.nn._named_layers import Norm, activation, dropping, normalisation
from gan_doctor.nn._sides import refuse_other_sides, stages
from gan_doctor.nn.attention import SelfAttention
from gan_doctor.nn.discriminator import Discriminator, LateLayer
from gan_doctor.nn.initial import draw_weights
from gan_doctor.nn.upsampling import Upsampling, upsampling_layer

_SD = 0.02  # of the initial weights (Radford 2016, section 4)


class DCGANGenerator(nn.Module):
    """z to images: a projection to a small map, then layers that double its side.

    With the default arguments it is the paper's: BatchNorm and ReLU after every layer but the last,
    transposed convolutions, a Tanh at the end, weights from N(0, 0.02) (Radford 2016, section 4).

    Args:
        latent: Dimension of z.
        channels: Channels of an image.
        size: Side of an image: 2 to 7 doubled twice or more (8, 16, 28, 32, 64, ...).
        width: Channels before the last layer; each layer further from the image has twice as many.
        norm: Of all layers but the last.
        slope: Negative slope of the activations; 0 is ReLU.
        upsampling: How the side is doubled: `transposed`, `pixel-shuffle` or `resize`.
        attention: Side of the map after which self-attention stands, 0 for none.
        bounded: Whether the images go through a Tanh.

    Attributes:
        first: The first layer with weights.
        rest: All that follows it.

    Raises:
        ConfigError: `size` is no such side, or `attention` no side of a map.
        UnknownNameError: `norm` or `upsampling` is none of those.
    """

    def __init__(
        self,
        latent: int,
        channels: int,
        size: int,
        width: int = 32,
        norm: Norm = "batch",
        slope: float = 0.0,
        upsampling: Upsampling = "transposed",
        attention: int = 0,
        bounded: bool = True,
    ) -> None:
        super().__init__()
        refuse_other_sides(attention, size)
        side, doublings = stages(size)
        c = width * 2 ** (doublings - 1)
        bias = norm == "none"

        def after() -> list[nn.Module]:
            layers = [*normalisation(norm, c, maps=True), activation(slope)]
            return [*layers, SelfAttention(c)] if side == attention else layers

        self.first = nn.Sequential(
            nn.Unflatten(1, (latent, 1, 1)), nn.ConvTranspose2d(latent, c, side, bias=bias)
        )
        layers = after()
        for _ in range(doublings - 1):
            layers += [upsampling_layer(upsampling, c, c // 2, bias=bias)]
            c, side = c // 2, side * 2
            layers += after()
        layers += [upsampling_layer(upsampling, c, channels)]
        self.rest = nn.Sequential(*layers, *([nn.Tanh()] if bounded else []))
        _initialise([*self.first, *self.rest])

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent) to (B, channels, size, size)."""
        return self.rest(self.first(z))  # type: ignore[no-any-return]


class DCGANDiscriminator(Discriminator):
    """Images to one logit each: convolutions that halve the side, with LeakyReLU.

    Args:
        channels: Channels of an image.
        size: As in `DCGANGenerator`.
        width: Channels after the first layer; each layer further from the image has twice as many.
        norm: Of all layers but the first and the last. `batch` is the paper's; `layer` keeps the
            samples of a batch independent, which gradient penalties need (Gulrajani 2017, section
            4).
        slope: Negative slope of the activations; .2 is the paper's.
        dropout: Probability after each hidden layer, in [0, 1).
        attention: Side of the map after which self-attention stands, 0 for none.
        late: As in `Discriminator`; each finds a map (C, H, W).

    Raises:
        ConfigError: `size` is no such side, `attention` no side of a map, or `dropout` out of
            range.
        UnknownNameError: `norm` is none of the three.
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
            normed = [] if first else normalisation(norm, out, maps=True)
            halved = nn.Conv2d(c, out, 4, stride=2, padding=1, bias=not normed)
            return [halved, *normed, activation(slope), *dropping(dropout)]

        layers, shape = downwards(channels, size, width, attention, stage)
        super().__init__(nn.Sequential(*layers), shape, late)
        _initialise([*layers, self.output])


def _initialise(layers: Iterable[nn.Module]) -> None:
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1, _SD)
        # Attention of so narrow weights would hardly say anything, and its gamma stay at 0.
        elif not isinstance(layer, SelfAttention):
            draw_weights(layer, partial(nn.init.normal_, std=_SD))
