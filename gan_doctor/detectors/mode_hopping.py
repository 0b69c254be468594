"""GD303: at each moment G makes few kinds of sample, and soon others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Missing, Run, Series
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import measured
from gan_doctor.detectors._signals import NO_SAMPLES, at_steps, only_where
from gan_doctor.stats import Alarm

__all__ = ["ModeHopping"]

_WINDOW = 6  # checks that are compared
_SHARES = "sample/mode_share"


class ModeHopping(Detector):
    """Finds a G that jumps between the modes of the data instead of making all of them.

    What it does:
        Follows how the fakes fill the clusters of the real data from check to check, and compares
        what they fill at each with what they fill over several.

    Why this is a problem:
        Where D finds G, G goes elsewhere, and comes back when D has forgotten (Metz et al. 2017,
        figure 2). A single look shows mode dropping, and more training only turns the wheel.

    How it is measured:
        Over six checks: the entropy of the mean histogram less the mean entropy of the histograms,
        which is the Jensen-Shannon divergence over time, and the mean total variation between one
        check and the next. What as many samples of an unchanging G give by chance is taken off
        both. A G that drifts as it learns has little of the second, one that has all modes at all
        times little of the first. No alarm sounds in the first tenth of the budget.

    Limits:
        hop .15 nats and jump .35 of the samples (proposals). Healthy digits jump by .31 early on.

    Known false alarms:
        Real data that comes class by class makes G follow it: see data-not-shuffled. Batches of one
        label on purpose; too few samples a check are allowed for.

    Remedies:
        A replay buffer, a lower learning rate, unrolling, R1.

    References:
        Catalogue S4; Metz et al. 2017 (1611.02163).
    """

    code = "GD303"
    title = "Mode hopping"
    limits = {
        "hop": Limit(0.15, "nats between the modes at one time and over time", "proposal"),
        "jump": Limit(0.35, "share of the samples in other modes at the next check", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The mean jump where the modes also spread over time, else 0, at each check."""
        steps, shares, n = _histograms(run, player)
        if n == 0:
            return NO_SAMPLES
        hop, jump = _hop(shares, n), _jump(shares, n)
        values = np.where(np.isnan(hop), np.nan, only_where(hop >= self._limit["hop"], jump))
        earliest = share_of_budget(run, self._limit["earliest"])
        return [Score("warning", steps, values, self._limit["jump"], THREE_CHECKS, earliest)]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how many of the samples change their mode from check to check."""
        steps, shares, n = _histograms(run, player)
        evidence = (
            *measured(
                run, alarm, _SHARES, "samples in other modes at the next check, beyond chance",
                steps, _jump(shares, n), self._limit["jump"], important=True,
            ),
            *measured(
                run, alarm, _SHARES, "Jensen-Shannon divergence over time, nats, beyond chance",
                steps, _hop(shares, n), self._limit["hop"],
            ),
        )  # fmt: skip
        message = (
            f"Since step {alarm.onset:g} G has jumped between modes: from one check to the next "
            f"{evidence[0].value:.0%} of the samples move to other clusters of the data."
        )
        return self._report(score, alarm, player, message, evidence)


def _histograms(run: Run, player: str) -> tuple[FloatArray, FloatArray, int]:
    """The checks (C,), how the fakes filled the clusters at each (C, K), and of how many fakes."""
    found = list(run.by_label(_SHARES, player).values())
    found = [series for series in found if series.key.features == found[0].key.features]
    if not found:
        return np.zeros(0), np.zeros((0, 0)), 0
    # The first cluster is always there; there are more once more reals have been seen.
    steps = found[0].steps
    shares = np.stack([np.nan_to_num(at_steps(series, steps)) for series in found], 1)
    return steps, shares, _number(run, found[0])


def _number(run: Run, series: Series) -> int:
    band = run.band(series.key, series.steps[0])
    return 0 if band is None else band.n


def _hop(shares: FloatArray, n: int) -> FloatArray:
    """(C,) Jensen-Shannon divergence of the last checks, less what chance gives (Miller 1955)."""
    windows = _trailing(shares)  # (C', W, K)
    width, pooled = windows.shape[1], windows.mean(1)
    chance = (np.sum(pooled > 0, 1) - 1) * (width - 1) / (2 * n * width)
    return _padded(_entropy(pooled) - _entropy(windows).mean(1) - chance, len(shares))


def _jump(shares: FloatArray, n: int) -> FloatArray:
    """(C,) mean total variation from check to check, less what chance gives."""
    windows = _trailing(shares)
    moved = np.abs(np.diff(windows, axis=1)).sum(2).mean(1) / 2
    pooled = windows.mean(1)
    # The mean distance of two normals of the variance of a share, over all clusters.
    chance = np.sqrt(4 * pooled * (1 - pooled) / (np.pi * n)).sum(1) / 2
    return _padded(moved - chance, len(shares))


def _trailing(shares: FloatArray) -> FloatArray:
    """(C', W, K) each run of W successive checks, C' = C - W + 1 of them or none."""
    starts = np.arange(max(0, len(shares) - _WINDOW + 1))
    return np.asarray(shares[starts[:, None] + np.arange(_WINDOW)])


def _padded(values: FloatArray, n: int) -> FloatArray:
    return np.concatenate([np.full(n - len(values), np.nan), values])


def _entropy(p: FloatArray) -> FloatArray:
    """Over the last axis, in nats."""
    return np.asarray(-np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1))
