"""Spectral normalisation (Miyato 2018) of every layer with weights, on and off again."""

from __future__ import annotations

from torch import nn
from torch.nn.utils import parametrizations, parametrize

_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def spectral_norm(module: nn.Module) -> nn.Module:
    """Divides the weight of each linear and convolutional layer by its spectral norm, in place.

    One power iteration is done at each forward in training mode.

    Returns:
        The same module.
    """
    for layer in module.modules():
        if isinstance(layer, _WEIGHTED) and not parametrize.is_parametrized(layer, "weight"):
            parametrizations.spectral_norm(layer)
    return module


def remove_spectral_norm(module: nn.Module) -> nn.Module:
    """Takes the normalisation off and keeps the weights as they are then, in place.

    The state dict has its plain names again, so that it loads into a module without the
    normalisation.

    Returns:
        The same module.
    """
    for layer in module.modules():
        if isinstance(layer, _WEIGHTED) and parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return module
