"""LeCam regularisation: D's logits are kept near running means of them (Tseng 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gan_doctor.core import ConfigError


class LeCam:
    """`weight * (E (D(x) - a_F)^2 + E (D(G(z)) - a_R)^2)` for D (Tseng 2021, section 3).

    The anchors a_R and a_F are exponential averages of D's mean logit on reals and on fakes. They
    start at the means of the first batch, and no step waits for the device. The authors' code also
    cuts each difference off at 0, so that nothing pulls a real below a_F or a fake above a_R; here,
    as in the paper, it does not.

    Args:
        decay: Of the averages, in [0, 1).
        weight: The paper's lambda, >= 0; the authors' scripts for BigGAN on CIFAR-10 take 0.3.

    Attributes:
        anchors: (2,) a_R and a_F; None before the first step.

    Raises:
        ConfigError: The decay is out of range.

    Example:
        >>> LeCam(weight=1.0).penalty(torch.tensor([1.0, 1.0]), torch.tensor([0.0, 0.0]))
        tensor(2.)
    """

    def __init__(self, decay: float = 0.99, weight: float = 0.3) -> None:
        if not 0 <= decay < 1:
            raise ConfigError(f"decay must lie in [0, 1), got {decay}")
        self._decay, self._weight = decay, weight
        self.anchors: Tensor | None = None

    def penalty(self, on_real: Tensor, on_fake: Tensor) -> Tensor:
        """The term for D's loss, after the anchors have taken this batch in.

        Args:
            on_real: D's raw output on reals, any shape.
            on_fake: D's raw output on fakes, any shape.

        Returns:
            A scalar. No gradient goes through the anchors.
        """
        # In half precision an average of decay 0.99 would stand still.
        means = torch.stack([on_real.detach().mean(), on_fake.detach().mean()])
        means = means.to(torch.promote_types(means.dtype, torch.float32))
        before = means if self.anchors is None else self.anchors.to(means)
        self.anchors = torch.lerp(means, before, self._decay)
        real, fake = self.anchors
        apart: Tensor = (on_real - fake).square().mean() + (on_fake - real).square().mean()
        return self._weight * apart

    def state_dict(self) -> dict[str, Any]:
        """The anchors, for a checkpoint."""
        return {"anchors": self.anchors}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from the anchors of a checkpoint."""
        self.anchors = state["anchors"]
