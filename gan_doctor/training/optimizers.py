"""The optimizers of a training."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.optim import Adam, AdamW, Optimizer, RMSprop

from gan_doctor.nn import OptimisticAdam, parameter_groups
from gan_doctor.tricks import Plan


def optimizers(plan: Plan, G: nn.Module, D: nn.Module) -> tuple[Optimizer, Optimizer]:
    """What steps G, and what steps D."""
    # D's penalties every k-th step alone: its rate and memory are corrected by k / (k + 1) (Karras
    # 2020, StyleGAN2, section 3.1).
    share = plan.lazy / (plan.lazy + 1) if plan.lazy > 1 else 1.0
    betas_d = (plan.betas[0] ** share, plan.betas[1] ** share)
    return (
        _optimizer(plan, list(G.parameters()), plan.lr_g, plan.betas),
        _optimizer(plan, _decayed(D, plan.weight_decay), plan.lr_d * share, betas_d),
    )


def _decayed(module: nn.Module, weight_decay: float) -> list[Any]:
    return parameter_groups(module, weight_decay) if weight_decay else list(module.parameters())


def _optimizer(plan: Plan, params: list[Any], lr: float, betas: tuple[float, float]) -> Optimizer:
    if plan.optimizer == "rmsprop":
        return RMSprop(params, lr)
    if plan.optimizer == "optimistic-adam":
        return OptimisticAdam(params, lr, betas)
    decays = any(isinstance(group, dict) for group in params)
    # AdamW takes the decay out of the moments; without any it is Adam.
    return AdamW(params, lr, betas, weight_decay=0.0) if decays else Adam(params, lr, betas)
