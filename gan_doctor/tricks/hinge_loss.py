"""The hinge loss (catalogue 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._plan import Plan

__all__ = ["HingeLoss"]

_INSTEAD_OF = ("minimax", "non-saturating", "least-squares")


class HingeLoss(Trick):
    """Trains D with margins, relu(1 - D(x)) + relu(1 + D(G(z))), and G with -D(G(z)).

    What it does:
        D stops pushing a sample that it already calls right by a margin of 1, so that it does not
        grow ever surer; G's gradient does not depend on how sure D is.

    When to use it:
        D wins under a cross-entropy loss; it is the usual partner of spectral normalisation.

    When not to:
        With smoothed or flipped labels: it has none. A D loss of exactly 0 means that D's gradient
        is 0 too; for more than a few steps that is a D that has won.

    Values:
        Margin 1, no settings. The D loss of a D at chance is 2, as it is of a dead D.

    Cost:
        None.

    How to see that it worked:
        The D loss stays between 0 and 2 and does not rest on 0.

    References:
        Lim and Ye 2017; Miyato 2018; Zhang 2019.
    """

    title = "Hinge loss"
    category = "loss"
    item = "7.3"
    treats = {
        "discriminator-overpowering": 3,
        "noise-output": 1,
    }
    check = "The D loss stays between 0 and 2 and does not rest on 0."
    avoid_when = "Not with smoothed or flipped labels."
    references = ("Lim & Ye 2017", "Miyato et al. 2018", "Zhang et al. 2019")
    sets = ("family",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of a loss with labels."""
        family = run.setup.objective.family
        if family is not None and family not in _INSTEAD_OF:
            return None
        was = f"the {family} loss" if family else "the loss you have"
        return Prescription(f"Train both players with the hinge loss instead of {was}.")

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it is the objective."""
        family = setup.objective.family
        return None if family is None else family == "hinge"

    def avoid(self, setup: Setup) -> str | None:
        """It has no labels to smooth or flip."""
        objective = setup.objective
        if objective.smoothing is None and objective.flip is None:
            return None
        if (objective.smoothing or 1) < 1 or objective.flip:
            return "the labels are smoothed or flipped, and the hinge loss has none"
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the loss family."""
        plan.family = "hinge"
