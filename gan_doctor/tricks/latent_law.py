"""The law of the latents (catalogue 6.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

__all__ = ["LatentLaw"]


class LatentLaw(Trick):
    """Draws z from a normal law rather than a uniform one.

    What it does:
        Normal latents of many dimensions lie near a sphere and none of them near a corner, so that
        a path along the sphere between two of them stays among what G was trained on.

    When to use it:
        When setting up a training; it answers no fault by itself.

    When not to:
        On a G that was trained on the other law. Good results were had with uniform latents too
        (DCGAN, MGAN): do not expect much of the change.

    Values:
        "normal" is N(0, 1) for each number of z, "uniform" is U[-1, 1]. Interpolate normal latents
        along the sphere, not along the chord (White 2016).

    Cost:
        None.

    How to see that it worked:
        Images halfway between two latents look like the others.

    References:
        White 2016; Radford 2016, DCGAN.
    """

    title = "Normal latents"
    category = "tuning"
    items = ("6.6",)
    treats = {}
    check = "Images halfway between two latents look like the others."
    avoid_when = "Not on a G that was trained on another law."
    references = ("White 2016", "Radford et al. 2016, DCGAN")
    settings = {"law": "normal"}
    choices = {"law": ("normal", "uniform")}
    sets = ("latent_law",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Nothing: no fault comes from the law alone."""
        return None

    def in_use(self, setup: Setup) -> bool | None:
        """Whether normal latents were seen; without any, whether it was declared."""
        if setup.latent is None or setup.latent.law is None:
            return declared(setup, self.slug)
        return setup.latent.law == "normal"

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the law."""
        plan.latent_law = settings["law"]
