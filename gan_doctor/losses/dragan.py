"""DRAGAN's penalty on the gradient of D around the reals (Kodali 2017)."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.losses.input_gradient import Judge, input_gradient, row_norms


def dragan_penalty(
    D: Judge,
    real: Tensor,
    weight: float = 10.0,
    k: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """`weight * E (|grad D(x + d)| - k)^2` near reals only (Kodali 2017).

    The perturbation is that of the authors' code: d is half the standard deviation of the whole
    batch times U[0, 1), drawn for each element, where the paper has N(0, c I). The code then goes a
    random share of the way to x + d; here, as in the paper, the penalty is at x + d itself. D must
    not mix the samples of a batch.

    Args:
        D: Gives one logit per sample.
        real: (B, ...) reals as D sees them.
        weight: The paper's lambda, >= 0.
        k: The norm that the gradient is to have, >= 0.
        generator: Draws d; torch's global one when None.

    Returns:
        A scalar, differentiable in the weights of D.
    """
    u = torch.rand(real.shape, generator=generator, device=real.device, dtype=real.dtype)
    # NumPy's standard deviation, which the code takes, divides by n.
    near = real + 0.5 * real.std(correction=0) * u
    return weight * (row_norms(input_gradient(D, near)) - k).square().mean()
