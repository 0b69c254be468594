"""Dropout in D (catalogue 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

__all__ = ["Dropout"]

_P = 0.25


class Dropout(Trick):
    """Switches off a random part of D's hidden units at each step.

    What it does:
        D cannot rest on a few features or learn single images by heart, as the units that do so are
        away in a part of the steps.

    When to use it:
        D overfits a small data set, or wins, and augmentation and R1 have been tried.

    When not to:
        On a D that is too weak as it is. After BatchNorm it changes the statistics that BatchNorm
        has learned. Reals and fakes meet other masks, so that D's separation looks lower than it
        is: put D in evaluation mode to measure how much it overfits.

    Values:
        p between .2 and .5 is in use; .25 is our default. 0 is none.

    Cost:
        None. D learns more slowly.

    How to see that it worked:
        D's logits on training reals and on held-out reals come closer within a tenth of the budget.

    References:
        Srivastava 2014.
    """

    title = "Dropout in D"
    category = "architecture"
    items = ("4.2",)
    treats = {
        "discriminator-overpowering": 2,
        "discriminator-overfitting": 1,
        "memorization": 1,
    }
    cost_note = "D learns more slowly."
    check = "D's logits on training reals and on held-out ones come closer."
    avoid_when = "Not on a D that is too weak, nor right after BatchNorm."
    references = ("Srivastava et al. 2014",)
    settings = {"p": _P}
    sets = ("dropout",)
    with_care = {
        "batch-norm": "dropout changes the statistics that BatchNorm in D has learned",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The default."""
        action = f"Put dropout with p {_P} behind each hidden layer of D."
        return Prescription(action, {"p": _P})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether a D has dropout, or it was declared."""
        found = any(n.dropout for n in setup.networks if n.role == "d")
        return True if found else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the probability."""
        if settings["p"] >= 1:
            raise ConfigError(f"dropout.p must lie in [0, 1), got {settings['p']}")
        plan.dropout = settings["p"]
