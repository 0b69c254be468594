"""Causal sums that grow when the mean of a series has moved: CUSUM and Page-Hinkley."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gan_doctor.core import FloatArray


@dataclass(frozen=True)
class Cusum:
    """The two one-sided sums after each value.

    Args:
        up: (N,) grows when the mean has risen.
        down: (N,) grows when the mean has fallen.
    """

    up: FloatArray
    down: FloatArray


def cusum(x: FloatArray, mean: float, sd: float, k: float = 0.5) -> Cusum:
    """Page's cumulative sums: S = max(0, S + (x - mean) / sd - k), and the same downwards.

    On independent values with the given mean and sd, one side reaches 5 once in about 938 values
    and 8 once in about 19,100 (Siegmund's approximation, k = .5); on autocorrelated ones much more
    often: give an sd times `effective_sd_factor`, or thin the series out.

    Args:
        x: (N,) in order; what is not finite adds nothing.
        mean: Of the series while all is well.
        sd: Its standard deviation then, above 0.
        k: Half the shift to be found soonest, in sds.
    """
    z = (x - mean) / sd
    return Cusum(_one_sided(z - k), _one_sided(-z - k))


def page_hinkley(x: FloatArray, delta: float = 0.005) -> FloatArray:
    """(N,) Page and Hinkley's sum for a rise of the mean, which needs no mean given.

    m = sum of (x_i - mean of x_1..x_i - delta), less the lowest m so far; an alarm is a value
    above a limit, often 50. Both are in the unit of x: standardise it first.

    Args:
        x: (N,) in order; what is not finite adds nothing.
        delta: The rise that is tolerated.
    """
    seen = np.isfinite(x)
    filled = np.where(seen, x, 0.0)
    mean = np.cumsum(filled) / np.maximum(np.cumsum(seen), 1)
    total = np.cumsum(np.where(seen, filled - mean - delta, 0.0))
    return total - np.minimum.accumulate(total)


def _one_sided(steps: FloatArray) -> FloatArray:
    """max(0, S + step) as one expression: the running sum less its lowest value, or less 0."""
    total = np.cumsum(np.where(np.isfinite(steps), steps, 0.0))
    return total - np.minimum(np.minimum.accumulate(total), 0.0)
