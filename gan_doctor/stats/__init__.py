"""Statistics of one series, in NumPy, causal where they judge."""

from gan_doctor.stats.alarm import Alarm, Persistence, alarms, evaluations
from gan_doctor.stats.resample import latest_by_tick, mean_by_tick
from gan_doctor.stats.smoothing import ewma
from gan_doctor.stats.trend import Slope, sen_slope

__all__ = [
    "Alarm",
    "Persistence",
    "Slope",
    "alarms",
    "evaluations",
    "ewma",
    "latest_by_tick",
    "mean_by_tick",
    "sen_slope",
]
