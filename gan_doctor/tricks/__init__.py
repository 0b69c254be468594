"""One card per trick: what, when, with which values, at what cost; no torch here."""

from gan_doctor.tricks._base import CATEGORIES, Category, Prescription, Trick, known, trick
from gan_doctor.tricks._plan import DStep, GStep, LookAhead, Plan, Stateful, Training
from gan_doctor.tricks._switches import cautions, check_compatible, conflict, switch_on

__all__ = [
    "CATEGORIES",
    "Category",
    "DStep",
    "GStep",
    "LookAhead",
    "Plan",
    "Prescription",
    "Stateful",
    "Training",
    "Trick",
    "cautions",
    "check_compatible",
    "conflict",
    "known",
    "switch_on",
    "trick",
]
