"""Path length regularisation: a step in z is to move the sample equally far anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.losses.input_gradient import row_norms


class PathLength:
    """`weight * E (|J_z^T y| - a)^2` for G (Karras 2020, StyleGAN2, section 3.2).

    J_z is the Jacobian of G at z, y ~ N(0, I) divided by the root of the number of pixels, and a
    the exponential average of the lengths. As in the authors' code it starts at 0 and has taken
    this batch in; no gradient goes through it. G must not mix the samples of a batch: no BatchNorm
    in it. No step waits for the device.

    Args:
        weight: Of the term, >= 0.
        decay: The share of a new batch in the average, in (0, 1].

    Attributes:
        mean: a, a scalar; None before the first step.

    Raises:
        ConfigError: The decay is out of range.
    """

    def __init__(self, weight: float = 2.0, decay: float = 0.01) -> None:
        if not 0 < decay <= 1:
            raise ConfigError(f"decay must lie in (0, 1], got {decay}")
        self._weight, self._decay = weight, decay
        self.mean: Tensor | None = None

    def penalty(self, fake: Tensor, z: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The term for G's loss, after the average has taken this batch in.

        Args:
            fake: (B, C, H, W) images or (B, F) vectors that G made of z, attached to its graph.
            z: (B, latent) latents, which must have asked for a gradient before G saw them.
            generator: Draws y; torch's global one when None.

        Returns:
            A scalar, differentiable in the weights of G.

        Raises:
            ConfigError: z asks for no gradient.
        """
        if not z.requires_grad:
            raise ConfigError("z must ask for a gradient: call z.requires_grad_() before G sees it")
        # One number for each channel's pixel: H * W of an image, F of a vector.
        pixels = prod(fake.shape[2:]) if fake.dim() > 2 else fake.shape[1]
        y = torch.randn(fake.shape, generator=generator, device=fake.device, dtype=fake.dtype)
        along = (fake * y / pixels**0.5).sum()
        (gradient,) = torch.autograd.grad(along, z, create_graph=True)
        lengths = row_norms(gradient.flatten(1))  # (B,)
        batch = lengths.detach().mean()
        before = torch.zeros_like(batch) if self.mean is None else self.mean.to(batch)
        self.mean = torch.lerp(before, batch, self._decay)
        return self._weight * (lengths - self.mean).square().mean()

    def state_dict(self) -> dict[str, Any]:
        """The average, for a checkpoint."""
        return {"mean": self.mean}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from the average of a checkpoint."""
        self.mean = state["mean"]
