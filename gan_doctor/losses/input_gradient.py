"""The gradient of D with respect to its input, for penalties on it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Judge = Callable[[Tensor], Tensor]  # a batch as D sees it, to its logits


def input_gradient(D: Judge, x: Tensor) -> Tensor:
    """(B, F) gradient of each sample's logit with respect to that sample."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return gradient.flatten(1)


def row_norms(rows: Tensor) -> Tensor:
    """(B,) L2 norms of (B, F) rows, differentiable where a row is zero."""
    # The 1e-12 keeps the root differentiable there.
    return (rows.square().sum(1) + 1e-12).sqrt()
