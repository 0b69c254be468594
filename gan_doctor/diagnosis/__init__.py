"""diagnose(run): detectors, causes, remedies, outlook and progress; no torch here."""

from gan_doctor.diagnosis.decision_table import tricks_for, wanted_by
from gan_doctor.diagnosis.diagnose import diagnose

__all__ = ["diagnose", "tricks_for", "wanted_by"]
