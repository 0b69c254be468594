"""One card per trick: what, when, with which values, at what cost; no torch here."""

from gan_doctor.tricks._base import CATEGORIES, Category, Prescription, Trick, known, trick
from gan_doctor.tricks._plan import Plan
from gan_doctor.tricks._switches import check_compatible, switch_on

__all__ = [
    "CATEGORIES",
    "Category",
    "Plan",
    "Prescription",
    "Trick",
    "check_compatible",
    "known",
    "switch_on",
    "trick",
]
