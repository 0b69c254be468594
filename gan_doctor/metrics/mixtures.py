"""How samples fill modes that are known: of a mixture of Gaussians, or by a classifier's labels."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gan_doctor.metrics.distances import distances

_HIGH_QUALITY = 3.0  # sd from a mean (Lin 2018, section 4.1)


class MixtureQuality(NamedTuple):
    """How samples fill a mixture.

    Args:
        modes: Modes that are the nearest one of at least one high-quality sample, 0 to K.
        high_quality: Share of samples within 3 sd of a mean, in [0, 1].
        reverse_kl: From the shares of the modes among high-quality samples to equal shares, in
            nats, 0 to ln K; NaN if no sample is of high quality.
    """

    modes: Tensor
    high_quality: Tensor
    reverse_kl: Tensor


def mixture_quality(x: Tensor, means: Tensor, sd: float) -> MixtureQuality:
    """Modes reached, share of high-quality samples, and reverse KL of samples in the plane.

    The rule of Srivastava 2017 and Lin 2018: nearer than 3 sd, strictly. Of n real samples a share
    of 1 - exp(-4.5) = .9889 is of high quality, and the reverse KL of equal modes is about (K - 1)
    / 2n, not 0. Where real samples have a share below .95, sd is not that of the data, and the
    numbers say nothing. A sample that is not finite is not of high quality.

    Args:
        x: (..., N, 2) samples; the papers take 2,500.
        means: (K, 2) of the Gaussians, which have equal weights.
        sd: Their standard deviation, > 0.

    Returns:
        Three tensors (...).
    """
    distance, nearest = distances(x, means).min(-1)  # (..., N)
    good = (distance / sd < _HIGH_QUALITY).float()
    modes, reverse_kl = _coverage(nearest, good, len(means))
    return MixtureQuality(modes, good.mean(-1), reverse_kl)


def mode_coverage(labels: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Modes reached, and reverse KL from their shares to equal shares (Lin 2018, section 4.2).

    Args:
        labels: (..., N) long, from 0 to k - 1: the mode that a classifier tells for each sample.
        k: Number of modes; 1000 for stacked MNIST, where 26,000 samples are taken.

    Returns:
        Modes from 0 to k, and the divergence in nats from 0 to ln k, NaN without samples: (...)
        each. For n samples of equal modes it is about (k - 1) / 2n.
    """
    return _coverage(labels, torch.ones_like(labels, dtype=torch.float32), k)


def _coverage(labels: Tensor, weight: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The same, of samples with a weight (..., N) of 0 or 1."""
    none = torch.zeros(*labels.shape[:-1], k, dtype=torch.float32, device=labels.device)
    counts = none.scatter_add(-1, labels, weight)  # (..., K)
    shares = counts / counts.sum(-1, keepdim=True)
    reverse_kl = math.log(k) - torch.special.entr(shares).sum(-1)
    # Rounding can leave equal shares a hair below 0.
    return (counts > 0).float().sum(-1), reverse_kl.clamp(min=0)
