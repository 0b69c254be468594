"""One file per failure signature; no torch here."""

from gan_doctor.detectors._base import Detector, Limit, Score, known, share_of_budget
from gan_doctor.detectors._fid import BROKEN_FID, sound_fid
from gan_doctor.detectors._signals import NOTICEABLE, SampleState, sample_state

__all__ = [
    "BROKEN_FID",
    "NOTICEABLE",
    "Detector",
    "Limit",
    "SampleState",
    "Score",
    "known",
    "sample_state",
    "share_of_budget",
    "sound_fid",
]
