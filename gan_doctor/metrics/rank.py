"""In how many directions a set of features spreads."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.metrics.eigenvalues import eigenvalues


def effective_rank(features: Tensor) -> Tensor:
    """The exponential of the entropy of the covariance's eigenvalues, as shares of their sum.

    Roy and Vetterli 2007, who take the singular values of a matrix instead; these are the
    variances, in which small directions weigh less. Scale and place do not matter. Of n samples it
    is lower than in truth: read it against as many reals. It waits for the device on CUDA.

    Args:
        features: (..., N, F).

    Returns:
        (...) from 1 to min(N - 1, F); NaN where all rows are the same or one is not finite.

    Example:
        >>> square = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> effective_rank(square)
        tensor(2.)
    """
    x = features.double()
    # The first row goes off before the mean: equal rows become exactly 0, no rounding.
    x = x - x[..., :1, :]
    x = x - x.mean(-2, keepdim=True)
    # Rows and columns give the same eigenvalues but for zeros: the smaller product is taken.
    product = x @ x.mT if x.shape[-2] < x.shape[-1] else x.mT @ x
    values = eigenvalues(product)
    shares = values / values.sum(-1, keepdim=True)
    entropy: Tensor = torch.special.entr(shares).sum(-1)
    return entropy.exp().float()
