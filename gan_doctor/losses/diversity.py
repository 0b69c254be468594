"""Terms for G that reward it where different latents give different samples.

Both are for pairs of latents under the same condition. They compare mean absolute differences, so
that their scale depends neither on the size of an image nor on the dimension of z.
"""

from __future__ import annotations

from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.losses.same_shape import check_same_shape


def mode_seeking_loss(first: Tensor, second: Tensor, z_first: Tensor, z_second: Tensor) -> Tensor:
    """`1 / (E ratio + 1e-5)` with `ratio = d(G(z1), G(z2)) / d(z1, z2)` (Mao 2019, MSGAN).

    The ratio is taken of each pair, then its mean; the authors' code divides the means over the
    batch. The gradient grows without bound as samples become alike, and noise in the samples lowers
    the loss too; `diversity_loss` is bounded.

    Args:
        first: (B, ...) G(z1).
        second: (B, ...) G(z2), under the same conditions.
        z_first: (B, latent) z1.
        z_second: (B, latent) z2; no row may equal that of z1.

    Returns:
        A scalar, to be lowered.

    Raises:
        ConfigError: Samples or latents do not come in pairs of one shape.
    """
    return 1 / (_ratios(first, second, z_first, z_second).mean() + 1e-5)


def diversity_loss(
    first: Tensor, second: Tensor, z_first: Tensor, z_second: Tensor, tau: float
) -> Tensor:
    """`-E min(ratio, tau)` with the ratio of `mode_seeking_loss` (Yang 2019, DSGAN, eq. 2).

    A pair that is apart by tau has no gradient any more.

    Args:
        first: (B, ...) G(z1).
        second: (B, ...) G(z2), under the same conditions.
        z_first: (B, latent) z1.
        z_second: (B, latent) z2; no row may equal that of z1.
        tau: Bound of the ratio, > 0.

    Returns:
        A scalar in [-tau, 0], to be lowered.

    Raises:
        ConfigError: Samples or latents do not come in pairs of one shape, or tau is not positive.
    """
    if not tau > 0:
        raise ConfigError(f"tau must be positive, got {tau}")
    return -_ratios(first, second, z_first, z_second).clamp(max=tau).mean()


def _ratios(first: Tensor, second: Tensor, z_first: Tensor, z_second: Tensor) -> Tensor:
    """(B,) how far apart each pair of samples is, by how far apart its latents are."""
    check_same_shape(first=first, second=second)
    check_same_shape(z_first=z_first, z_second=z_second)
    return _apart(first, second) / _apart(z_first, z_second)


def _apart(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).abs().flatten(1).mean(1)
