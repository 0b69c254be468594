"""Adam that foresees the other player (Daskalakis 2018, "Training GANs with optimism")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gan_doctor.core import ConfigError


class OptimisticAdam(Optimizer):
    """Takes twice Adam's present step and takes its last one back (algorithm 1).

    Two players that each follow their gradient circle around the solution of a game; the step taken
    back damps the circling. It is the form of the extragradient method that needs one gradient a
    step (Gidel 2019).

    Args:
        params: As for any optimizer.
        lr: Above 0.
        betas: Of the running means of the gradient and its square, each in [0, 1).
        eps: Added to the root.

    Raises:
        ConfigError: A setting is out of range.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.5, 0.9),
        eps: float = 1e-8,
    ) -> None:
        if not lr > 0:
            raise ConfigError(f"lr must lie above 0, got {lr}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ConfigError(f"betas must lie in [0, 1), got {betas}")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:  # type: ignore[override]
        """One step; a closure is called first, as in other optimizers."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._move(p, group)
        return loss

    def _move(self, p: Tensor, group: dict[str, Any]) -> None:
        state, (beta1, beta2) = self.state[p], group["betas"]
        if not state:
            state["step"] = 0
            for name in ("exp_avg", "exp_avg_sq", "last"):
                state[name] = torch.zeros_like(p)
        state["step"] += 1
        mean = state["exp_avg"].lerp_(p.grad, 1 - beta1)
        square = state["exp_avg_sq"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
        root = (square / (1 - beta2 ** state["step"])).sqrt_().add_(group["eps"])
        now = mean / (1 - beta1 ** state["step"]) / root
        p.add_(now, alpha=-2 * group["lr"]).add_(state["last"], alpha=group["lr"])
        state["last"] = now
