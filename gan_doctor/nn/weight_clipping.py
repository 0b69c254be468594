"""Clipping of a critic's weights (Arjovsky 2017, WGAN, algorithm 1)."""

from __future__ import annotations

import torch
from torch import nn

from gan_doctor.core import ConfigError


@torch.no_grad()
def clip_weights(module: nn.Module, limit: float = 0.01) -> None:
    """Brings every parameter into [-limit, limit], in place. Call it after each step of D.

    Args:
        module: The critic.
        limit: The paper's c, above 0.

    Raises:
        ConfigError: `limit` is not above 0.
    """
    if not limit > 0:
        raise ConfigError(f"limit must lie above 0, got {limit}")
    for parameter in module.parameters():
        parameter.clamp_(-limit, limit)
