"""Penalties on the gradient of D with respect to its input.

Both are taken per sample, so D must not mix the samples of a batch: no BatchNorm in it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def r1_penalty(D: nn.Module, real: Tensor, gamma: float = 10.0) -> Tensor:
    """`gamma / 2 * E |grad D(x)|^2` on reals (Mescheder 2018, section 4).

    Args:
        D: Gives one logit per sample.
        real: (B, ...) reals as D sees them.
        gamma: Weight, >= 0.

    Returns:
        A scalar, differentiable in the weights of D.
    """
    return gamma / 2 * _input_gradient(D, real).square().sum(1).mean()


def gradient_penalty(
    D: nn.Module,
    real: Tensor,
    fake: Tensor,
    weight: float = 10.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """`weight * E (|grad D(e x + (1 - e) G(z))| - 1)^2` (Gulrajani 2017, section 4).

    e ~ U[0, 1] is drawn for each sample; the norm is over all of its dimensions.

    Args:
        D: Gives one logit per sample.
        real: (B, ...) reals as D sees them.
        fake: (B, ...) fakes as D sees them.
        weight: The paper's lambda, >= 0.
        generator: Draws e; torch's global one when None.

    Returns:
        A scalar, differentiable in the weights of D.
    """
    e = torch.rand(len(real), generator=generator, device=real.device, dtype=real.dtype)
    between = torch.lerp(fake, real, e.view(-1, *[1] * (real.dim() - 1)))
    # The 1e-12 keeps the root differentiable where the gradient is zero.
    norm = (_input_gradient(D, between).square().sum(1) + 1e-12).sqrt()  # (B,)
    return weight * (norm - 1).square().mean()


def _input_gradient(D: nn.Module, x: Tensor) -> Tensor:
    """(B, F) gradient of each sample's logit with respect to that sample."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return gradient.flatten(1)
