"""Historical averaging: weights are drawn to the mean of all their past values (Salimans 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gan_doctor.core import ConfigError


class HistoricalAverage:
    """`weight * |theta - (1/t) sum_i theta_i|^2`, for either player (Salimans 2016, section 3.3).

    The weights at construction are the first of the past values; `update` takes in the present
    ones, best once after each step of the player.

    Args:
        module: Whose parameters these are.

    Raises:
        ConfigError: The module has no parameters.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> average = HistoricalAverage(layer)
        >>> with torch.no_grad():
        ...     _ = layer.weight.add_(2.0)
        >>> average.update()
        >>> average.penalty()  # the mean lies half way
        tensor(1., grad_fn=<MulBackward0>)
    """

    def __init__(self, module: nn.Module) -> None:
        self._weights = list(module.parameters())
        if not self._weights:
            raise ConfigError(
                f"HistoricalAverage needs a module with parameters, got {type(module).__name__}"
            )
        self._means = [p.detach().clone() for p in self._weights]
        self._count = 1

    def penalty(self, weight: float = 1.0) -> Tensor:
        """The term for the player's loss.

        Args:
            weight: Factor on the squared distance, >= 0.

        Returns:
            A scalar, differentiable in the parameters.
        """
        pairs = zip(self._weights, self._means, strict=True)
        return weight * torch.stack([(p - mean).square().sum() for p, mean in pairs]).sum()

    def update(self) -> None:
        """Takes the present weights into the mean."""
        self._count += 1
        with torch.no_grad():
            for p, mean in zip(self._weights, self._means, strict=True):
                mean.lerp_(p, 1 / self._count)

    def state_dict(self) -> dict[str, Any]:
        """The mean and how many values it is of, for a checkpoint."""
        return {"count": self._count, "means": [mean.clone() for mean in self._means]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from the mean of a checkpoint; the module must have the same parameters."""
        self._count = state["count"]
        for mean, saved in zip(self._means, state["means"], strict=True):
            mean.copy_(saved)
