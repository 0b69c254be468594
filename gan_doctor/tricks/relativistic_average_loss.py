"""The relativistic average loss, RaGAN (catalogue 7.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import NOT_RELATIVISTIC, changed_labels, loss_swapped, of_family
from gan_doctor.tricks._plan import Plan

__all__ = ["RelativisticAverageLoss"]

_INSTEAD_OF = ("minimax", "non-saturating", "least-squares", "hinge")


class RelativisticAverageLoss(Trick):
    """Trains D to score reals above the mean fake and fakes below the mean real, and G the reverse.

    What it does:
        As fakes get more real, reals are to seem less so: the loss compares the two sides, and G is
        also trained by the reals. Both players keep a gradient when the other is ahead.

    When to use it:
        Losses that circle or run away, under a loss that judges each side by itself.

    When not to:
        With smoothed or flipped labels: it has none. With what reads the sign of a logit (ADA,
        accuracy at 0). With small batches, whose mean logit is uncertain.

    Values:
        No settings. D's loss at chance is 1.386, and so is G's.

    Cost:
        1.3 times, as D sees reals in the G step too.

    How to see that it worked:
        Both losses move around 1.386 and swing less within 1,000 steps.

    References:
        Jolicoeur-Martineau 2018.
    """

    title = "Relativistic average loss (RaGAN)"
    category = "loss"
    items = ("7.9",)
    treats = {
        "non-convergence": 5,
    }
    cost = 1.3
    cost_note = "D also sees the reals in the G step."
    check = "Both losses move around 1.386 and swing less within 1,000 steps."
    avoid_when = "Not with smoothed or flipped labels, nor with ADA."
    references = ("Jolicoeur-Martineau 2018",)
    sets = ("family",)
    excludes = NOT_RELATIVISTIC

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of a loss that judges each side by itself."""
        if run.setup.objective.family not in (None, *_INSTEAD_OF):
            return None
        return Prescription(f"{loss_swapped(run.setup, 'relativistic average loss')}.")

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it is the objective."""
        return of_family(setup, "relativistic-average")

    def avoid(self, setup: Setup) -> str | None:
        """It has no labels to smooth or flip."""
        return changed_labels(setup, "relativistic loss")

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the loss family."""
        plan.family = "relativistic-average"
