"""Feature matching: G is to reproduce the mean of D's features on reals (Salimans 2016)."""

from __future__ import annotations

from torch import Tensor


def feature_matching(real_features: Tensor, fake_features: Tensor) -> Tensor:
    """`|E f(x) - E f(G(z))|^2`, for G (Salimans 2016, section 3.1).

    It compares means only: one point with the mean features of the reals has no loss, so it alone
    does not rule out a collapse. Two batches of the same law differ by about
    `(1 / N + 1 / M) tr Cov f`, which is where the loss comes to rest.

    Args:
        real_features: (N, ...) features of a hidden layer of D on reals; taken as constants.
        fake_features: (M, ...) the same on fakes, attached to G's graph.

    Returns:
        A scalar.

    Example:
        >>> import torch
        >>> feature_matching(torch.zeros(4, 3), torch.ones(8, 3))
        tensor(3.)
    """
    real, fake = real_features.detach().flatten(1), fake_features.flatten(1)  # (N, F), (M, F)
    return (real.mean(0) - fake.mean(0)).square().sum()
