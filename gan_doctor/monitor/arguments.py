"""Refuses arguments of the Monitor that cannot be used, each by its name."""

from __future__ import annotations

import torch

from gan_doctor.core import ConfigError, UnknownNameError


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """One of the choices.

    Raises:
        UnknownNameError: It is none of them.
    """
    if value not in choices:
        raise UnknownNameError(f"value of {name}", str(value), choices)


def check_count(name: str, value: object, beside: object) -> None:
    """A positive whole number, or what else may stand in its place.

    Raises:
        ConfigError: It is neither.
    """
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    _check(name, value, is_count or value == beside, f"a positive whole number or {beside!r}")


def check_share(name: str, value: object) -> None:
    """A share of the wall time.

    Raises:
        ConfigError: It is none.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = is_number and 0 < value <= 1  # type: ignore[operator]
    _check(name, value, fits, "a share of the wall time in (0, 1]")


def check_function(name: str, value: object) -> None:
    """A function, or None.

    Raises:
        ConfigError: It cannot be called.
    """
    _check(name, value, value is None or callable(value), "a function")


def check_samples(name: str, value: object) -> None:
    """A tensor, or None.

    Raises:
        ConfigError: It is something else.
    """
    _check(name, value, value is None or isinstance(value, torch.Tensor), "a tensor of reals")


def _check(name: str, value: object, fits: bool, wanted: str) -> None:
    if not fits:
        raise ConfigError(f"{name} must be {wanted}, got {value!r}")
