"""The hinge loss (catalogue 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import changed_labels, loss_swapped, of_family
from gan_doctor.tricks._plan import Plan

__all__ = ["HingeLoss"]

_INSTEAD_OF = ("minimax", "non-saturating", "least-squares")


class HingeLoss(Trick):
    """Trains D with margins, relu(1 - D(x)) + relu(1 + D(G(z))), and G with -D(G(z)).

    What it does:
        D stops pushing a sample that it already calls right by a margin of 1, so that it does not
        grow ever surer; G's gradient does not depend on how sure D is.

    When to use it:
        D wins under a cross-entropy loss, or samples stay noise or a blur; it is the usual partner
        of spectral normalisation.

    When not to:
        With smoothed or flipped labels: it has none. With ADA, which reads how sure D is from the
        sign of its logits: these are not centred on 0. A D loss of exactly 0 means that D's
        gradient is 0 too; for more than a few steps that is a D that has won.

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
    items = ("7.3",)
    treats = {
        "non-finite": 2,
        "discriminator-overpowering": 3,
        "noise-output": 1,
        "blurry-output": 1,
    }
    check = "The D loss stays between 0 and 2 and does not rest on 0."
    avoid_when = "Not with smoothed or flipped labels."
    references = ("Lim & Ye 2017", "Miyato et al. 2018", "Zhang et al. 2019")
    sets = ("family",)
    with_care = {
        "ada": "Hinge logits are not centred on 0, so that their signs say less of how sure D is."
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of a loss with labels."""
        if run.setup.objective.family not in (None, *_INSTEAD_OF):
            return None
        return Prescription(f"{loss_swapped(run.setup, 'hinge loss')}.")

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it is the objective."""
        return of_family(setup, "hinge")

    def avoid(self, setup: Setup) -> str | None:
        """It has no labels to smooth or flip."""
        return changed_labels(setup, "hinge loss")

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the loss family."""
        plan.family = "hinge"
