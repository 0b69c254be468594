"""Packing (Lin 2018, PacGAN): D judges several samples, all real or all fake, as one input."""

from __future__ import annotations

from torch import Tensor


def pack(x: Tensor, m: int) -> Tensor:
    """Puts each m samples into one: images on the channels, vectors on the features.

    Args:
        x: (B * m, C, ...) independent samples.
        m: Samples in a pack; 1 changes nothing.

    Returns:
        (B, m * C, ...).
    """
    return x if m == 1 else x.reshape(len(x) // m, m * x.shape[1], *x.shape[2:])


def unpack(x: Tensor, m: int) -> Tensor:
    """The samples of each pack again, the inverse of `pack`.

    Args:
        x: (B, m * C, ...) packs.
        m: Samples in a pack.

    Returns:
        (B * m, C, ...).
    """
    return x.reshape(len(x) * m, x.shape[1] // m, *x.shape[2:])
