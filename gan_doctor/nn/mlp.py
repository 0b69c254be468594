"""Fully connected generator and discriminator, for vectors such as points of the plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from gan_doctor.core import ConfigError
from gan_doctor.nn._named_layers import Norm, activation, dropping, normalisation
from gan_doctor.nn.discriminator import Discriminator, LateLayer


class MLPGenerator(nn.Module):
    """z to vectors: hidden layers and a linear output, as the data is not bounded.

    With `norm="batch"`, four layers of 400 and `normal_init` it is PacGAN's (Lin 2018, official
    code).

    Args:
        latent: Dimension of z.
        features: Dimension of a sample.
        width: Units of a hidden layer.
        depth: Hidden layers.
        norm: Of all hidden layers, which then have no bias.
        slope: Negative slope of the activations; 0 is ReLU.
        shape: (C, H, W) where the samples are images: they then go through a Tanh. None, and
            anything that has not three dimensions, leaves the vectors as they are.

    Attributes:
        first: The first layer with weights.
        rest: All that follows it.

    Raises:
        ConfigError: `shape` holds another number of pixels than `features`.
        UnknownNameError: `norm` is none of the three.
    """

    def __init__(
        self,
        latent: int,
        features: int,
        width: int = 128,
        depth: int = 2,
        norm: Norm = "none",
        slope: float = 0.0,
        shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        images = shape if shape and len(shape) == 3 else None
        if images and math.prod(images) != features:
            raise ConfigError(
                f"features must be {math.prod(images)} for images of shape {tuple(images)}, "
                f"got {features}"
            )
        layers: list[nn.Module] = []
        for a, b in pairwise([latent, *[width] * depth]):
            layers += [nn.Linear(a, b, bias=norm == "none")]
            layers += [*normalisation(norm, b, maps=False), activation(slope)]
        layers += [nn.Linear(width if depth else latent, features)]
        layers += [nn.Tanh(), nn.Unflatten(1, tuple(images))] if images else []
        self.first, self.rest = layers[0], nn.Sequential(*layers[1:])

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent) to (B, features), or to images of the given shape."""
        return self.rest(self.first(z))  # type: ignore[no-any-return]


class MLPDiscriminator(Discriminator):
    """Vectors, or anything flattened to them, to one logit each.

    Args:
        features: Dimension of a sample.
        width: Units of a hidden layer.
        depth: Hidden layers.
        norm: Of all hidden layers but the first. `layer` keeps the samples of a batch independent,
            which gradient penalties need (Gulrajani 2017, section 4).
        slope: Negative slope of the activations; 0 is ReLU.
        dropout: Probability after each hidden layer, in [0, 1).
        late: As in `Discriminator`; each finds (width,).

    Raises:
        ConfigError: `dropout` is out of range.
        UnknownNameError: `norm` is none of the three.
    """

    def __init__(
        self,
        features: int,
        width: int = 128,
        depth: int = 2,
        norm: Norm = "none",
        slope: float = 0.2,
        dropout: float = 0.0,
        late: Sequence[LateLayer] = (),
    ) -> None:
        layers: list[nn.Module] = [nn.Flatten()]
        for i, (a, b) in enumerate(pairwise([features, *[width] * depth])):
            normed = normalisation(norm, b, maps=False) if i else []
            layers += [nn.Linear(a, b, bias=not normed), *normed]
            layers += [activation(slope), *dropping(dropout)]
        super().__init__(nn.Sequential(*layers), (width if depth else features,), late)
