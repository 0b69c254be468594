"""The trend of a short noisy series: Sen's slope with its interval, and no assumption of a law."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from gan_doctor.core import FloatArray


@dataclass(frozen=True)
class Slope:
    """Change of a series per unit of x.

    Args:
        value: Sen's estimate, the median of all pairwise slopes.
        low: Lower end of its confidence interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def sen_slope(x: FloatArray, y: FloatArray, confidence: float = 0.95) -> Slope | None:
    """Sen's slope with the distribution-free interval of Sen (1968), from Kendall's variance.

    The interval takes the values for independent: on a smoothed series it is too narrow.

    Args:
        x: (N,) strictly rising.
        y: (N,) what is not finite is left out.
        confidence: Of the two-sided interval, in (0, 1).

    Returns:
        The slope, None with fewer than 4 finite values. With so few that the interval covers every
        pairwise slope, its ends are infinite.
    """
    seen = np.isfinite(y)
    x, y = x[seen], y[seen]
    n = len(x)
    if n < 4:
        return None
    i, j = np.triu_indices(n, 1)
    slopes = np.sort((y[j] - y[i]) / (x[j] - x[i]))
    ties = np.unique(y, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - np.sum(ties * (ties - 1) * (2 * ties + 5))) / 18
    half = NormalDist().inv_cdf((1 + confidence) / 2) * np.sqrt(variance)
    lower = int(np.floor((len(slopes) - half) / 2)) - 1
    upper = int(np.ceil((len(slopes) + half) / 2))
    return Slope(
        float(np.median(slopes)),
        float(slopes[lower]) if lower >= 0 else -np.inf,
        float(slopes[upper]) if upper < len(slopes) else np.inf,
    )
