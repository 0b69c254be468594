"""A gate that lets D sit out the steps in which it is too far ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError


class SeparationGate:
    """Skips D's step while the running mean of its AUROC lies above a threshold.

    Not for a Wasserstein critic, which should be near its optimum. The gate biases every statistic
    of D, and it can hide a D that has won: look at the AUROC too.

    Args:
        threshold: In [.5, 1]; 1 never skips. .98 is our choice.
        decay: Of the running mean, in [0, 1); 0 looks at the last batch alone.

    Raises:
        ConfigError: One of the two is out of range.
    """

    def __init__(self, threshold: float = 0.98, decay: float = 0.9) -> None:
        if not 0.5 <= threshold <= 1:
            raise ConfigError(f"threshold must lie in [0.5, 1], got {threshold}")
        if not 0 <= decay < 1:
            raise ConfigError(f"decay must lie in [0, 1), got {decay}")
        self.threshold, self.decay = threshold, decay
        self._mean: float | None = None

    def __call__(self, auroc: float) -> bool:
        """Whether D is to skip this step.

        Args:
            auroc: Of D's logits on the reals and fakes of this step; NaN is no news.
        """
        if not math.isnan(auroc):
            before = auroc if self._mean is None else self._mean
            self._mean = self.decay * before + (1 - self.decay) * auroc
        return self._mean is not None and self._mean > self.threshold

    def state_dict(self) -> dict[str, Any]:
        """The running mean."""
        return {"mean": self._mean}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave."""
        self._mean = state["mean"]
