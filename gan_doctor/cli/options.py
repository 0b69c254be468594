"""Reading of options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence


def names(values: Sequence[str] | None) -> tuple[str, ...]:
    """The names of an option that may be repeated, or hold several with commas between.

    Example:
        >>> names(["GD1,GD2", "mode-collapse"])
        ('GD1', 'GD2', 'mode-collapse')
    """
    return tuple(
        name.strip() for value in values or () for name in value.split(",") if name.strip()
    )
