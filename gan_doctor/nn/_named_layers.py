"""Layers that a network's arguments ask for by a word or a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import nn

from gan_doctor.core import ConfigError, UnknownNameError

Norm = Literal["layer", "batch", "none"]


def _layer_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(1, channels)


# For vectors and for maps.
_NORMS: Mapping[str, tuple[Callable[[int], nn.Module], Callable[[int], nn.Module]] | None] = {
    "batch": (nn.BatchNorm1d, nn.BatchNorm2d),
    "layer": (nn.LayerNorm, _layer_norm),
    "none": None,
}


def normalisation(norm: str, channels: int, maps: bool) -> list[nn.Module]:
    """The layer that `norm` names, for maps (B, C, H, W) or vectors (B, C); empty for `none`.

    Raises:
        UnknownNameError: `norm` is none of the three.
    """
    if norm not in _NORMS:
        raise UnknownNameError("normalisation", norm, _NORMS)
    kinds = _NORMS[norm]
    return [kinds[maps](channels)] if kinds else []


def activation(slope: float) -> nn.Module:
    """ReLU for a negative slope of 0, else LeakyReLU."""
    return nn.LeakyReLU(slope) if slope else nn.ReLU()


def dropping(p: float) -> list[nn.Module]:
    """Dropout with probability `p`; empty for 0, so that nothing is drawn.

    Raises:
        ConfigError: `p` is not in [0, 1).
    """
    if not 0 <= p < 1:
        raise ConfigError(f"dropout must lie in [0, 1), got {p}")
    return [nn.Dropout(p)] if p else []
