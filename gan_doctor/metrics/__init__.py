"""Measurements on one batch or two feature sets, in torch.

Nothing here waits for the device, touches a random state or looks at more than its arguments.
Samples are expected finite. Order of arguments is (real, fake).
"""

from gan_doctor.metrics.clusters import Modes, jensen_shannon, reached
from gan_doctor.metrics.distances import distances
from gan_doctor.metrics.diversity import copied_pairs, duplicates, mean_pairwise, nearest, spread
from gan_doctor.metrics.features import Features, RandomConv, Raw, feature_space
from gan_doctor.metrics.gradients import norm, norms
from gan_doctor.metrics.kernel import mmd2, polynomial_kernel
from gan_doctor.metrics.manifold import density_coverage, nearest_radii, precision_recall
from gan_doctor.metrics.mixtures import MixtureQuality, mixture_quality, mode_coverage
from gan_doctor.metrics.separation import auroc, auroc_by_row
from gan_doctor.metrics.spectrum import (
    high_frequency_share,
    neighbour_correlation,
    power_spectrum,
    spectral_slope,
)

__all__ = [
    "Features",
    "MixtureQuality",
    "Modes",
    "RandomConv",
    "Raw",
    "auroc",
    "auroc_by_row",
    "copied_pairs",
    "density_coverage",
    "distances",
    "duplicates",
    "feature_space",
    "high_frequency_share",
    "jensen_shannon",
    "mean_pairwise",
    "mixture_quality",
    "mmd2",
    "mode_coverage",
    "nearest",
    "nearest_radii",
    "neighbour_correlation",
    "norm",
    "norms",
    "polynomial_kernel",
    "power_spectrum",
    "precision_recall",
    "reached",
    "spectral_slope",
    "spread",
]
