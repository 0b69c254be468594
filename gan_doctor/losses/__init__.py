"""Objectives and penalties of a GAN, each a formula that a person can import into their own loop."""

from gan_doctor.losses.objectives import LOSS_FAMILIES, discriminator_loss, generator_loss
from gan_doctor.losses.penalties import gradient_penalty, r1_penalty

__all__ = [
    "LOSS_FAMILIES",
    "discriminator_loss",
    "generator_loss",
    "gradient_penalty",
    "r1_penalty",
]
