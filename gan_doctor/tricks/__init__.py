"""One card per trick: what it does, when to use it and when not, with which values, at what cost; no torch here."""

from gan_doctor.tricks._base import CATEGORIES, Category, Plan, Prescription, Trick, known, trick

__all__ = ["CATEGORIES", "Category", "Plan", "Prescription", "Trick", "known", "trick"]
