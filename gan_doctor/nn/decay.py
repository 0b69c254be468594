"""Decay of weights, and of weights alone: not of biases, nor of what normalisation learns."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


def parameter_groups(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Groups for an optimizer with decoupled decay, such as AdamW (Loshchilov & Hutter 2019).

    Args:
        module: The network.
        weight_decay: Of the weights, >= 0; 1e-5 to 1e-4 are usual.

    Returns:
        The weights with the decay, and all other parameters without.

    Example:
        >>> groups = parameter_groups(nn.Linear(3, 2), 1e-4)
        >>> [(len(group["params"]), group["weight_decay"]) for group in groups]
        [(1, 0.0001), (1, 0.0)]
    """
    weights = _weights(module)
    decayed = {id(p) for p in weights}
    others = [p for p in module.parameters() if id(p) not in decayed]
    return [
        {"params": weights, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def l1_penalty(module: nn.Module, weight: float) -> Tensor:
    """`weight * sum |w|` over the same weights.

    Args:
        module: The network.
        weight: The factor, >= 0.

    Returns:
        A scalar.
    """
    none = next(module.parameters()).new_zeros(())
    return weight * sum((p.abs().sum() for p in _weights(module)), start=none)


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """Each parameter of two dimensions or more that no normalisation holds, once."""
    # The other normalisations have parameters of one dimension.
    normal = {
        id(p) for m in module.modules() if isinstance(m, nn.LayerNorm) for p in m.parameters()
    }
    return [p for p in module.parameters() if p.dim() > 1 and id(p) not in normal]
