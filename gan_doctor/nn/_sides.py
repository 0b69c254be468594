"""The sides of the maps in a network for square images."""

from __future__ import annotations

from gan_doctor.core import ConfigError


def stages(size: int) -> tuple[int, int]:
    """The first side, at most 7, and how often it doubles to give `size`: twice or more.

    Raises:
        ConfigError: `size` is no such side.
    """
    base, doublings = size, 0
    while base % 2 == 0 and (doublings < 2 or base > 7):
        base, doublings = base // 2, doublings + 1
    if not 2 <= base <= 7 or doublings < 2:
        raise ConfigError(f"size must be 2 to 7 doubled twice or more (8, 16, 28, 32), got {size}")
    return base, doublings


def refuse_other_sides(attention: int, size: int) -> None:
    """Raises a ConfigError unless there are maps of the side `attention`, or it is 0.

    The maps are those that G and D for images of side `size` have in common: not the image itself.
    """
    base, doublings = stages(size)
    sides = [base * 2**stage for stage in range(doublings)]
    if attention and attention not in sides:
        known = ", ".join(map(str, sides))
        raise ConfigError(
            f"attention must be 0 or the side of a map between image and vector, for size {size} "
            f"one of {known}, got {attention}"
        )
