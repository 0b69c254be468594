"""The least-squares loss, LSGAN (catalogue 1.2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import loss_swapped, of_family
from gan_doctor.tricks._plan import Plan

__all__ = ["LeastSquaresLoss"]

_INSTEAD_OF = ("minimax", "non-saturating")
_CODINGS = {"0,1,1": (0.0, 1.0, 1.0), "-1,1,0": (-1.0, 1.0, 0.0)}


class LeastSquaresLoss(Trick):
    """Trains D to give reals and fakes two numbers, and G to be given a third, by squared error.

    What it does:
        A fake that D already takes for real, but far from the target, still has a gradient that
        pulls it back. The gradient grows with the distance from the target; it never saturates.

    When to use it:
        G's gradient has gone under a cross-entropy loss, or the samples collapse.

    When not to:
        With a sigmoid at the end of D. The error has no bound, so a far outlier can make a large
        step: clip gradients then.

    Values:
        The coding gives the targets of fakes, of reals, and of fakes in G's loss. "0,1,1" is the
        usual one; "-1,1,0" makes G minimise the Pearson chi-square divergence (Mao 2017, section
        3). Smoothed and flipped labels apply, as shares of the way from fake to real.

    Cost:
        None.

    How to see that it worked:
        D's loss stays between 0 and its value at chance, .25 with "0,1,1" and 1 with "-1,1,0" (with
        the paper's factor 1/2), and G's gradient no longer fades.

    References:
        Mao 2017, section 3.
    """

    title = "Least-squares loss (LSGAN)"
    category = "loss"
    items = ("1.2.6",)
    treats = {
        "vanishing-generator-gradient": 2,
        "mode-collapse": 7,
    }
    check = "G's gradient no longer fades, and coverage rises within 1,000 steps."
    avoid_when = "Not with a sigmoid at the end of D."
    references = ("Mao et al. 2017, section 3",)
    settings = {"coding": "0,1,1"}
    choices = {"coding": tuple(_CODINGS)}
    sets = ("family", "coding")

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of a cross-entropy."""
        if run.setup.objective.family not in (None, *_INSTEAD_OF):
            return None
        swap = loss_swapped(run.setup, "least-squares loss")
        action = f"{swap}: targets 0 for fakes, 1 for reals, and 1 for fakes in G's loss."
        return Prescription(action, {"coding": "0,1,1"})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it is the objective."""
        return of_family(setup, "least-squares")

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the loss family and its targets."""
        plan.family, plan.coding = "least-squares", _CODINGS[settings["coding"]]
