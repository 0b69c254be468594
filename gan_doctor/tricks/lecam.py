"""LeCam regularisation (catalogue 7.15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

__all__ = ["LeCamRegularization"]

_DIFFERENCES = "It anchors logits themselves, of which this loss knows only differences."


class LeCamRegularization(Trick):
    """Keeps D's logits on each side near their past mean on the other.

    What it does:
        Two running means of D's logits serve as anchors. A D that pulls the two sides ever further
        apart, as it does when it learns a small data set by heart, pays for it.

    When to use it:
        D overfits a small data set, beside augmentation. D grows ever surer.

    When not to:
        With much data: there it only slows D. Under relativistic losses logits have no place of
        their own to be held at.

    Values:
        Weight .3; the means are taken over about the last 100 D steps (decay .99).

    Cost:
        None.

    How to see that it worked:
        The distance between D's mean logits on reals and fakes stops growing within 1,000 steps.

    References:
        Tseng 2021, section 3.
    """

    title = "LeCam regularisation"
    category = "loss"
    items = ("7.15",)
    treats = {
        "discriminator-overpowering": 8,
        "discriminator-overfitting": 2,
        "memorization": 2,
    }
    check = "The distance between D's mean logits stops growing within 1,000 steps."
    avoid_when = "Not with much data, nor under a relativistic loss."
    references = ("Tseng et al. 2021, section 3",)
    settings = {"weight": 0.3}
    with_care = {
        "relativistic-average-loss": _DIFFERENCES,
        "relativistic-paired-loss": _DIFFERENCES,
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The usual weight, unless the loss knows only differences of logits."""
        if (run.setup.objective.family or "").startswith("relativistic"):
            return None
        return Prescription(
            "Add LeCam regularisation with weight 0.3 to D's loss.", {"weight": 0.3}
        )

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the term to D's loss; a checkpoint keeps its anchors."""
        from gan_doctor.losses import LeCam

        if settings["weight"]:
            lecam = LeCam(weight=settings["weight"])
            plan.kept[self.slug] = lecam
            plan.d_losses.append(lambda at: lecam.penalty(at.on_real, at.on_fake))
