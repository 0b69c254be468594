"""Measurements on one batch or two feature sets, in torch.

Nothing here waits for the device, touches a random state or looks at more than its arguments;
what takes eigenvalues waits all the same and says so, and `duality_gap` trains for a while.
Samples are expected finite. Order of arguments is (real, fake).
"""

from gan_doctor.metrics.bins import bin_z, ndb
from gan_doctor.metrics.clusters import Modes, jensen_shannon, reached
from gan_doctor.metrics.distances import distances
from gan_doctor.metrics.diversity import copied_pairs, duplicates, mean_pairwise, nearest, spread
from gan_doctor.metrics.duality_gap import duality_gap
from gan_doctor.metrics.features import Features, RandomConv, Raw, feature_space
from gan_doctor.metrics.gradients import cosine, norm, norms
from gan_doctor.metrics.kernel import mmd2, polynomial_kernel
from gan_doctor.metrics.leak import AugmentationLeak
from gan_doctor.metrics.manifold import density_coverage, nearest_radii, precision_recall
from gan_doctor.metrics.memorization import data_copying, nearest_ratio
from gan_doctor.metrics.mixtures import MixtureQuality, mixture_quality, mode_coverage
from gan_doctor.metrics.ms_ssim import mean_ms_ssim, ms_ssim
from gan_doctor.metrics.overfitting import r_v, sign_mean
from gan_doctor.metrics.rank import effective_rank
from gan_doctor.metrics.sensitivity import (
    latent_sensitivity,
    variation_over_condition,
    variation_over_latent,
)
from gan_doctor.metrics.separation import auroc, auroc_by_cluster, auroc_by_row
from gan_doctor.metrics.sharpness import laplacian_variance
from gan_doctor.metrics.spectrum import (
    high_frequency_share,
    neighbour_correlation,
    power_spectrum,
    spectral_slope,
    upsampling_peaks,
)
from gan_doctor.metrics.values import border_distance, outside, unreached, value_distance
from gan_doctor.metrics.vendi import cosine_kernel, median_bandwidth, rbf_kernel, vendi_score
from gan_doctor.metrics.within import spread_within

__all__ = [
    "AugmentationLeak",
    "Features",
    "MixtureQuality",
    "Modes",
    "RandomConv",
    "Raw",
    "auroc",
    "auroc_by_cluster",
    "auroc_by_row",
    "bin_z",
    "border_distance",
    "copied_pairs",
    "cosine",
    "cosine_kernel",
    "data_copying",
    "density_coverage",
    "distances",
    "duality_gap",
    "duplicates",
    "effective_rank",
    "feature_space",
    "high_frequency_share",
    "jensen_shannon",
    "laplacian_variance",
    "latent_sensitivity",
    "mean_ms_ssim",
    "mean_pairwise",
    "median_bandwidth",
    "mixture_quality",
    "mmd2",
    "mode_coverage",
    "ms_ssim",
    "ndb",
    "nearest",
    "nearest_radii",
    "nearest_ratio",
    "neighbour_correlation",
    "norm",
    "norms",
    "outside",
    "polynomial_kernel",
    "power_spectrum",
    "precision_recall",
    "r_v",
    "rbf_kernel",
    "reached",
    "sign_mean",
    "spectral_slope",
    "spread",
    "spread_within",
    "unreached",
    "upsampling_peaks",
    "value_distance",
    "variation_over_condition",
    "variation_over_latent",
    "vendi_score",
]
