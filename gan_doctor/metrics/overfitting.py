"""Whether D knows the reals it was trained on: the heuristics of ADA (Karras 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

# How far the means of two normals with equal deviation are apart at an AUROC of .55.
_AT_CHANCE = 0.18


def r_v(train: Tensor, held_out: Tensor, fake: Tensor, separated: float = _AT_CHANCE) -> Tensor:
    """How far held-out reals have moved in D's output from the trained reals towards the fakes.

    (E train - E held out) / (E train - E fake) of Karras et al. 2020 (2006.06676, section 3.1): 0
    without overfitting, 1 where D takes held-out reals for fakes. Noise carries it beyond both
    ends. It does not change with D's offset, scale or sign.

    Args:
        train: D's output on reals that D was trained on, any shape.
        held_out: On reals that D has never seen.
        fake: On fakes.
        separated: How far trained reals and fakes must be apart, in standard deviations of both,
            for the number to mean anything. The .18 is an AUROC of .55, the catalogue's.

    Returns:
        0-d; NaN where D hardly tells reals from fakes.
    """
    reals, others, fakes = (x.float().flatten() for x in (train, held_out, fake))
    whole = reals.mean() - fakes.mean()
    # By hand: torch's variance warns where there are no logits.
    variances = torch.stack([(x - x.mean()).square().mean() for x in (reals, fakes)])
    sd = variances.mean().sqrt()
    return ((reals.mean() - others.mean()) / whole).masked_fill(
        ~(whole.abs() > separated * sd), torch.nan
    )


def sign_mean(train: Tensor) -> Tensor:
    """ADA's r_t: the mean sign of D's output on the reals it is trained on.

    Karras et al. 2020 steer it to .6. It means something only where 0 is D's border between real
    and fake.

    Args:
        train: D's output on reals, any shape.

    Returns:
        0-d in [-1, 1]; NaN when an output is or there are none.
    """
    x = train.float()
    # The sign of a NaN is 0.
    return torch.where(x.isnan(), x, x.sign()).mean()
