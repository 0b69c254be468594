"""What all discriminators here have in common: a trunk, its features, one linear output."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from gan_doctor.core import ConfigError

LateLayer = Callable[[tuple[int, ...]], nn.Module]


class Discriminator(nn.Module):
    """A trunk, late layers that append to what it gives, and a linear output.

    Args:
        trunk: Samples to maps (B, C, H, W) or vectors (B, C).
        shape: Of one sample at the end of the trunk, (C, H, W) or (C,).
        late: Each is called with the shape that it finds and returns a layer that appends
            `layer.added` channels, such as `MinibatchDiscrimination` or `MinibatchStdDev`.

    Attributes:
        trunk: The one given, with the late layers at its end.
        feature_count: F, the numbers in the last hidden layer, after the late layers.
        output: The last layer, (B, F) to (B, 1).

    Raises:
        ConfigError: A late layer does not say how many channels it appends.
    """

    def __init__(
        self, trunk: nn.Sequential, shape: tuple[int, ...], late: Sequence[LateLayer] = ()
    ) -> None:
        super().__init__()
        self.trunk = trunk
        for make in late:
            layer = make(shape)
            trunk.append(layer)
            shape = (shape[0] + _added(layer), *shape[1:])
        self.feature_count = math.prod(shape)
        self.output = nn.Linear(self.feature_count, 1)

    def features(self, x: Tensor) -> Tensor:
        """(B, ...) samples to (B, F), the last hidden layer."""
        return self.trunk(x).flatten(1)  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) samples to (B,) logits."""
        return self.output(self.features(x)).squeeze(1)  # type: ignore[no-any-return]


def _added(layer: nn.Module) -> int:
    added = getattr(layer, "added", None)
    if not isinstance(added, int):
        raise ConfigError(
            f"A late layer must say in `added` how many channels it appends, but "
            f"{type(layer).__name__} has {added!r} there"
        )
    return added
