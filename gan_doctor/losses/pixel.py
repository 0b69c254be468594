"""The pixel loss of G, where each fake has its true output (Isola 2017, pix2pix)."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.losses.same_shape import check_same_shape


def pixel_loss(fake: Tensor, target: Tensor, p: Literal[1, 2] = 1) -> Tensor:
    """`E |fake - target|^p`, a mean over samples and elements (Isola 2017, section 3.1).

    Only for paired tasks. A target that the fake was not meant for pulls all fakes towards the mean
    of the data. L1 blurs less than L2.

    Args:
        fake: (B, ...) what G makes of an input.
        target: (B, ...) the true output for the same input, in the same order.
        p: 1 for L1, the paper's, or 2 for L2.

    Returns:
        A scalar.

    Raises:
        ConfigError: The shapes differ, or p is neither 1 nor 2.
    """
    if p not in (1, 2):
        raise ConfigError(f"p must be 1 (L1) or 2 (L2), got {p}")
    check_same_shape(fake=fake, target=target)
    difference = fake - target
    return difference.abs().mean() if p == 1 else difference.square().mean()
