"""The relativistic losses on logits, in which a real is judged against the fakes.

G's loss is D's with the two sides exchanged: `relativistic_paired(real, fake)` for D,
`relativistic_paired(fake, real)` for G. Absolute logits mean nothing: adding a constant to both
sides changes no loss.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from gan_doctor.losses.same_shape import check_same_shape


def relativistic_paired(favoured: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """`E softplus(other - favoured)`: each logit against its partner (Jolicoeur-Martineau 2018).

    R3GAN (Huang 2024) trains with it; at ln 2 the two sides cannot be told apart.

    Args:
        favoured: Logits of the side that is to score higher: reals for D, fakes for G.
        other: Logits of the other side, in the same shape.
        dim: That the mean is taken over, all by default.

    Returns:
        A scalar, or one loss for each row.

    Raises:
        ConfigError: The two sides differ in shape.
    """
    check_same_shape(favoured=favoured, other=other)
    return softplus(other - favoured).mean(dim)


def relativistic_average(favoured: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Each logit against the mean of the other side (Jolicoeur-Martineau 2018, RaSGAN).

    The sum of two cross-entropies, one for each side: 2 ln 2 where they cannot be told apart.

    Args:
        favoured: Logits of the side that is to score higher: reals for D, fakes for G.
        other: Logits of the other side; there may be more or fewer.
        dim: That the means are taken over, all by default.

    Returns:
        A scalar, or one loss for each row.
    """
    above = softplus(other.mean(dim, keepdim=True) - favoured).mean(dim)
    return above + softplus(other - favoured.mean(dim, keepdim=True)).mean(dim)
