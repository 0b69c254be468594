"""What is compared element by element must have one shape: broadcasting would pair it wrongly."""

from __future__ import annotations

from torch import Tensor

from gan_doctor.core import ConfigError


def check_same_shape(**tensors: Tensor) -> None:
    """Refuses tensors of different shapes, by the names that their caller has for them.

    Raises:
        ConfigError: They differ in shape.
    """
    shapes = [tuple(x.shape) for x in tensors.values()]
    if len(set(shapes)) > 1:
        names, found = " and ".join(tensors), " and ".join(map(str, shapes))
        raise ConfigError(f"{names} must have the same shape, got {found}")
