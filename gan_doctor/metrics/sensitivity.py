"""How much the output of G follows its inputs: the latent, and the condition."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


@torch.no_grad()
def latent_sensitivity(G: Callable[[Tensor], Tensor], z1: Tensor, z2: Tensor) -> Tensor:
    """The mean of |G(z1) - G(z2)| / |z1 - z2|: 0 where G makes one sample whatever the latent.

    G runs as it is: dropout and noise within it count as a difference, and batch normalisation in
    training mode updates its statistics.

    Args:
        G: From (B, latent) to (B, ...).
        z1: (B, ...) latents.
        z2: (B, ...) others; no row may equal that of z1.

    Returns:
        0-d, in units of the output per unit of the latent.
    """
    moved, by = (G(z1).float() - G(z2).float()).flatten(1), (z1.float() - z2.float()).flatten(1)
    ratio: Tensor = torch.linalg.vector_norm(moved, dim=1) / torch.linalg.vector_norm(by, dim=1)
    return ratio.mean()


@torch.no_grad()
def variation_over_latent(G: Callable[[Tensor, Tensor], Tensor], z: Tensor, y: Tensor) -> Tensor:
    """The share of the variance of G's output that is left when the condition is held.

    Every latent is paired with every condition, in one batch of N K samples. The variance over the
    latents, the mean over conditions, is divided by the variance over all. It is 0 where G does not
    hear the latent, as conditional GANs of images tend to. G runs as it is, as above.

    Args:
        G: From (B, ...) latents and (B, ...) conditions to (B, ...).
        z: (N, ...) latents, 2 or more.
        y: (K, ...) conditions: labels, vectors or images.

    Returns:
        0-d in [0, 1], NaN where all output is the same. With `variation_over_condition` it adds up
        to 1 or more: what both do together counts in both.
    """
    return _share(_grid(G, z, y), over=0)


@torch.no_grad()
def variation_over_condition(G: Callable[[Tensor, Tensor], Tensor], z: Tensor, y: Tensor) -> Tensor:
    """The share of the variance of G's output that is left when the latent is held.

    As `variation_over_latent` with the parts changed: 0 where G does not hear the condition.

    Args:
        G: From (B, ...) latents and (B, ...) conditions to (B, ...).
        z: (N, ...) latents.
        y: (K, ...) different conditions, 2 or more.

    Returns:
        0-d in [0, 1], NaN where all output is the same.
    """
    return _share(_grid(G, z, y), over=1)


def _grid(G: Callable[[Tensor, Tensor], Tensor], z: Tensor, y: Tensor) -> Tensor:
    """(N, K, F) outputs of every latent under every condition."""
    n, k = len(z), len(y)
    made = G(z.repeat_interleave(k, 0), y.repeat(n, *[1] * (y.ndim - 1)))
    return made.float().reshape(n, k, -1)


def _share(outputs: Tensor, over: int) -> Tensor:
    # Welford's variance, which torch takes, is exactly 0 for equal outputs.
    within = outputs.var(over, correction=0).sum() / outputs.shape[1 - over]
    return (within / outputs.var((0, 1), correction=0).sum()).float()
