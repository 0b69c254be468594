"""Objectives and penalties of a GAN, for the reference loop and for anybody's own."""

from gan_doctor.losses.objectives import LOSS_FAMILIES, discriminator_loss, generator_loss
from gan_doctor.losses.penalties import gradient_penalty, r1_penalty
from gan_doctor.losses.relativistic import relativistic_average, relativistic_paired

__all__ = [
    "LOSS_FAMILIES",
    "discriminator_loss",
    "generator_loss",
    "gradient_penalty",
    "r1_penalty",
    "relativistic_average",
    "relativistic_paired",
]
