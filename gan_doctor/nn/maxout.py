"""PacGAN's discriminator of points (Lin 2018): fully connected layers of maxout units."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from gan_doctor.nn._named_layers import dropping
from gan_doctor.nn.discriminator import Discriminator, LateLayer
from gan_doctor.nn.initial import normal_init


class LinearMaxout(nn.Module):
    """Each unit is the largest of `pieces` linear functions of its input (Goodfellow 2013).

    Args:
        features: Dimension of the input.
        units: Dimension of the output.
        pieces: Linear functions of a unit.
    """

    def __init__(self, features: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, units * pieces)
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        """(B, features) to (B, units)."""
        return self.linear(x).unflatten(1, (-1, self.pieces)).max(2).values  # type: ignore[no-any-return]


class MaxoutDiscriminator(Discriminator):
    """Vectors, or anything flattened to them, to one logit each, through maxout units.

    With its default arguments it is PacGAN's for points (Lin 2018, official code). Weights start as
    N(0, 0.02), biases at 0.

    Args:
        features: Dimension of a sample, or of a pack of them.
        width: Units of a hidden layer.
        depth: Hidden layers.
        pieces: Linear functions of a unit.
        dropout: Probability after each hidden layer, in [0, 1).
        late: As in `Discriminator`; each finds (width,).

    Raises:
        ConfigError: `dropout` is out of range.
    """

    def __init__(
        self,
        features: int,
        width: int = 200,
        depth: int = 3,
        pieces: int = 5,
        dropout: float = 0.0,
        late: Sequence[LateLayer] = (),
    ) -> None:
        layers: list[nn.Module] = [nn.Flatten()]
        for a, b in pairwise([features, *[width] * depth]):
            layers += [LinearMaxout(a, b, pieces), *dropping(dropout)]
        super().__init__(nn.Sequential(*layers), (width if depth else features,), late)
        for layer in [*layers, self.output]:
            normal_init(layer)
