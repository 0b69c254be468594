"""The spread of a series without regard to its few wildest values."""

from __future__ import annotations

import numpy as np

from gan_doctor.core import FloatArray

MAD_TO_SD = 1.4826  # the sd of a normal law, in median distances from its median


def robust_sd(x: FloatArray) -> float:
    """1.4826 times the median distance from the median, which for a normal law is the sd.

    Args:
        x: (N,) what is not finite is left out.

    Returns:
        The spread, NaN without values.
    """
    x = x[np.isfinite(x)]
    return float(MAD_TO_SD * np.median(np.abs(x - np.median(x)))) if len(x) else float("nan")
