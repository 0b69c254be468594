"""Statistics of one series, in NumPy, causal where they judge."""

from gan_doctor.stats.alarm import Alarm, Persistence, alarms, evaluations
from gan_doctor.stats.autocorrelation import autocorrelation, effective_sd_factor, fitted_ar1
from gan_doctor.stats.cusum import Cusum, cusum, page_hinkley
from gan_doctor.stats.equivalence import equivalent, mean_interval
from gan_doctor.stats.mann_kendall import Trend, mann_kendall
from gan_doctor.stats.oscillation import SpectralPeak, ar1_surrogates, spectral_peak, spectral_peaks
from gan_doctor.stats.resample import latest_by_tick, mean_by_tick, median_by_tick
from gan_doctor.stats.robust import MAD_TO_SD, robust_sd
from gan_doctor.stats.smoothing import ewma, trailing_median
from gan_doctor.stats.trend import Slope, sen_slope
from gan_doctor.stats.turning import TurningPoints, turning_points, turns_beyond_noise

__all__ = [
    "MAD_TO_SD",
    "Alarm",
    "Cusum",
    "Persistence",
    "Slope",
    "SpectralPeak",
    "Trend",
    "TurningPoints",
    "alarms",
    "ar1_surrogates",
    "autocorrelation",
    "cusum",
    "effective_sd_factor",
    "equivalent",
    "evaluations",
    "ewma",
    "fitted_ar1",
    "latest_by_tick",
    "mann_kendall",
    "mean_by_tick",
    "mean_interval",
    "median_by_tick",
    "page_hinkley",
    "robust_sd",
    "sen_slope",
    "spectral_peak",
    "spectral_peaks",
    "trailing_median",
    "turning_points",
    "turns_beyond_noise",
]
