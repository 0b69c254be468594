"""From an image to its smallest map, in stages that halve the side."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from gan_doctor.nn._sides import refuse_other_sides, stages
from gan_doctor.nn.attention import SelfAttention


def downwards(
    channels: int,
    size: int,
    width: int,
    attention: int,
    stage: Callable[[int, int, bool], list[nn.Module]],
) -> tuple[list[nn.Module], tuple[int, int, int]]:
    """The layers from an image to its smallest map.

    Args:
        channels: Channels of the image.
        size: Its side.
        width: Channels after the first stage; each further one has twice as many.
        attention: Side of the map after which self-attention stands, 0 for none.
        stage: Makes the layers that halve the side once, given the channels that go in, those that
            come out, and whether it is the first.

    Returns:
        The layers, and the shape (C, H, W) of the last map.

    Raises:
        ConfigError: `size` is no such side, or `attention` no side of a map.
    """
    refuse_other_sides(attention, size)
    base, halvings = stages(size)
    layers: list[nn.Module] = []
    c, side = channels, size
    for depth in range(halvings):
        out, side = width * 2**depth, side // 2
        layers += stage(c, out, not depth)
        layers += [SelfAttention(out)] if side == attention else []
        c = out
    return layers, (c, base, base)
