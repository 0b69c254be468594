"""Objectives and penalties of a GAN, for the reference loop and for anybody's own."""

from gan_doctor.losses.class_softmax import class_logit, class_loss
from gan_doctor.losses.consistency import consistency_penalty
from gan_doctor.losses.diversity import diversity_loss, mode_seeking_loss
from gan_doctor.losses.dragan import dragan_penalty
from gan_doctor.losses.feature_matching import feature_matching
from gan_doctor.losses.historical import HistoricalAverage
from gan_doctor.losses.input_gradient import Judge
from gan_doctor.losses.lecam import LeCam
from gan_doctor.losses.objectives import LOSS_FAMILIES, discriminator_loss, generator_loss
from gan_doctor.losses.orthogonal import orthogonal_penalty
from gan_doctor.losses.path_length import PathLength
from gan_doctor.losses.penalties import gradient_penalty, r1_penalty, r2_penalty
from gan_doctor.losses.pixel import pixel_loss
from gan_doctor.losses.relativistic import relativistic_average, relativistic_paired
from gan_doctor.losses.unrolled import unroll

__all__ = [
    "LOSS_FAMILIES",
    "HistoricalAverage",
    "Judge",
    "LeCam",
    "PathLength",
    "class_logit",
    "class_loss",
    "consistency_penalty",
    "discriminator_loss",
    "diversity_loss",
    "dragan_penalty",
    "feature_matching",
    "generator_loss",
    "gradient_penalty",
    "mode_seeking_loss",
    "orthogonal_penalty",
    "pixel_loss",
    "r1_penalty",
    "r2_penalty",
    "relativistic_average",
    "relativistic_paired",
    "unroll",
]
