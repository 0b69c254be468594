"""The state of a block's own random numbers, as part of the state of the block."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.core import ConfigError


def saved(generator: torch.Generator | None) -> Tensor | None:
    """The state of the generator; None for torch's global one, which the training saves."""
    return None if generator is None else generator.get_state()


def restore(generator: torch.Generator | None, state: Tensor | None) -> None:
    """Sets the generator to what `saved` gave.

    Args:
        generator: The one to set; None for torch's global one, which is left as it is.
        state: From `saved`, on any device.

    Raises:
        ConfigError: One of the two is None and the other is not.
    """
    if (generator is None) != (state is None):
        had, has = ("torch's global", "its own") if state is None else ("its own", "torch's global")
        raise ConfigError(
            f"The saved state is of a block with {had} random numbers, but this one has {has}: "
            "make it with the same `generator` argument, None or not, as when it was saved"
        )
    if generator is not None and state is not None:
        generator.set_state(state.cpu())
