"""How much a series remembers, and what that does to the error of its mean."""

from __future__ import annotations

import math

import numpy as np

from gan_doctor.core import FloatArray

# Beyond it the fit of an AR(1) process is a random walk, on which no test here means anything.
MOST = 0.99


def autocorrelation(x: FloatArray, lag: int = 1) -> float:
    """The correlation of a series with itself `lag` values later, in [-1, 1].

    The usual estimate, with the mean and the power of the whole series; of short series it is too
    low (`fitted_ar1` corrects that).

    Args:
        x: (N,) in order; a pair with a value that is not finite is left out.
        lag: At least 1.

    Returns:
        The correlation; 0 for a series without variance, or shorter than lag + 2.
    """
    seen = np.isfinite(x)
    if seen.sum() < lag + 2:
        return 0.0
    centred = np.where(seen, x - np.mean(x[seen]), 0.0)
    power = float(centred @ centred)
    pairs = int(np.sum(seen[lag:] & seen[:-lag]))
    full = int(seen.sum()) - lag  # pairs of a series without gaps
    if power <= 1e-24 * float(np.sum(np.square(x[seen]))) or not pairs:
        return 0.0
    rho = float(centred[lag:] @ centred[:-lag]) / power * full / pairs
    return min(max(rho, -1.0), 1.0)


def fitted_ar1(x: FloatArray, detrended: bool = False) -> float:
    """The rho of the AR(1) process that a series looks like, corrected for its length.

    The estimate lies too low by (1 + 3 rho) / n (Marriott and Pope 1954; Kendall 1954), and by
    (2 + 4 rho) / n where a line was taken out as well (Shaman and Stine 1988).

    Args:
        x: (N,) in order.
        detrended: Whether a fitted line was taken out of the series.

    Returns:
        rho in [-.99, .99].
    """
    n = int(np.isfinite(x).sum())
    return float(corrected_ar1(np.array(autocorrelation(x)), n, detrended))


def corrected_ar1(rho: FloatArray, n: int, detrended: bool = False) -> FloatArray:
    """(...) the correction of `fitted_ar1` for autocorrelations of series of n values."""
    constant, slope = (2, 4) if detrended else (1, 3)
    if n <= slope + 1:
        return np.zeros_like(rho)
    return np.asarray(np.clip((n * rho + constant) / (n - slope), -MOST, MOST))


def effective_sd_factor(rho: float) -> float:
    """By how much the sd of a mean grows over that of independent values: sqrt((1+rho)/(1-rho)).

    Args:
        rho: Of an AR(1) process, in [-1, 1).

    Example:
        >>> round(effective_sd_factor(0.9), 2), round(effective_sd_factor(0.95), 2)
        (4.36, 6.24)
    """
    return math.sqrt((1 + rho) / (1 - rho)) if rho < 1 else math.inf
