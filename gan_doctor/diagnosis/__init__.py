"""diagnose(run): detectors, causes, remedies, outlook and progress; no torch here."""

from gan_doctor.diagnosis.decision_table import DECISION_TABLE, tricks_for
from gan_doctor.diagnosis.diagnose import diagnose

__all__ = ["DECISION_TABLE", "diagnose", "tricks_for"]
