"""Shuffling the data before each pass (catalogue 6.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

__all__ = ["Shuffle"]


class Shuffle(Trick):
    """Draws the real batches in a new order at each pass through the data.

    What it does:
        Data that comes class by class shows D a few classes for hundreds of steps. G follows, and
        hops from class to class with the data.

    When to use it:
        Batches that hold fewer classes than the data, samples that follow the order of the files.

    When not to:
        On sequences whose order is the data, or where batches are put together on purpose.

    Values:
        A new order for each pass, and no last batch of another size: with BatchNorm, packing or
        minibatch-stddev a short batch is another task. No settings.

    Cost:
        None.

    How to see that it worked:
        The class counts of single batches agree with those of the data.

    References:
        Bottou 2012.
    """

    title = "Shuffled data"
    category = "tuning"
    items = ("6.11",)
    treats = {
        "data-not-shuffled": 1,
        "mode-dropping": 5,
    }
    check = "The class counts of single batches agree with those of the data."
    avoid_when = "Not where the order of the data means something."
    references = ("Bottou 2012, Stochastic gradient descent tricks",)
    sets = ("shuffle",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Always: a loader's shuffle costs nothing."""
        return Prescription(
            "Shuffle the data before each pass, and drop the last batch where it is smaller."
        )

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared; no hook sees the loader."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets it."""
        plan.shuffle = True
