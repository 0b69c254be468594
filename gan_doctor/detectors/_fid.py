"""The FID that a log brings along, as far as it is a number that a FID can be."""

from __future__ import annotations

import numpy as np

from gan_doctor.core import Missing, Run, Series
from gan_doctor.detectors._signals import NO_SAMPLES

BROKEN_FID = 1e5  # beyond it the metric is at fault: 1e57 and -3e68 were seen in public logs


def sound_fid(run: Run, player: str = "") -> Series | Missing:
    """The FID at each check, NaN where the metric is broken; why there is none that is sound."""
    fid = run.get("metric/fid", player)
    if fid is None:
        return NO_SAMPLES
    with np.errstate(invalid="ignore"):
        sound = np.isfinite(fid.values) & (fid.values > 0) & (fid.values <= BROKEN_FID)
    if not sound.any():
        return Missing("degenerate data", "a FID that is a number", NO_SAMPLES.how)
    return Series(fid.key, fid.steps, np.where(sound, fid.values, np.nan))
