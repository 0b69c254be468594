"""Penalties on the gradient of D with respect to its input.

All are taken per sample, so D must not mix the samples of a batch: no BatchNorm in it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.losses.input_gradient import Judge, input_gradient, row_norms


def r1_penalty(D: Judge, real: Tensor, gamma: float = 10.0) -> Tensor:
    """`gamma / 2 * E |grad D(x)|^2` on reals (Mescheder 2018, section 4).

    Args:
        D: Gives one logit per sample.
        real: (B, ...) reals as D sees them.
        gamma: Weight, >= 0.

    Returns:
        A scalar, differentiable in the weights of D.
    """
    return gamma / 2 * input_gradient(D, real).square().sum(1).mean()


def r2_penalty(D: Judge, fake: Tensor, gamma: float = 10.0) -> Tensor:
    """`gamma / 2 * E |grad D(G(z))|^2`, R1 on fakes (Mescheder 2018, section 4).

    Args:
        D: Gives one logit per sample.
        fake: (B, ...) fakes as D sees them; no gradient reaches G.
        gamma: Weight, >= 0.

    Returns:
        A scalar, differentiable in the weights of D.
    """
    return r1_penalty(D, fake, gamma)


def gradient_penalty(
    D: Judge,
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
    return weight * (row_norms(input_gradient(D, between)) - 1).square().mean()
