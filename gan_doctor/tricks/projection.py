"""A conditional GAN with a projection discriminator (Miyato and Koyama 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

__all__ = ["Projection"]


class Projection(Trick):
    """Tells G and D the class of each sample; D weighs its features by what it knows of the class.

    What it does:
        D's output is a plain logit plus the product of its features with a learned vector of the
        class. A fake that ignores its class, or a class whose fakes are all alike, is then visible
        to D within that class.

    When to use it:
        A G that ignores its condition, and variety that is missing within classes.

    When not to:
        Without labels, or with fewer than about 32 samples of a class, which D learns by heart.
        Beside packing, and beside a D that classifies by itself.

    Values:
        One vector of the size of D's features for each class; G gets 16 learned numbers for its
        class beside z (ours). No settings.

    Cost:
        1.02 times. G and D take the class as a second argument.

    How to see that it worked:
        A classifier agrees with the class that was asked for, and each class spreads as its reals
        do.

    References:
        Miyato and Koyama 2018, section 3.
    """

    title = "Projection discriminator"
    category = "architecture"
    items = ("S3c",)
    treats = {
        "intra-class-collapse": 1,
        "condition-ignored": 1,
    }
    cost = 1.02
    cost_note = "G and D take the class as well: train both afresh."
    check = "A classifier agrees with the classes asked for, and each class spreads like its reals."
    avoid_when = "Not without labels, nor with fewer than 32 samples of a class."
    references = ("Miyato & Koyama 2018, section 3",)
    sets = ("conditional",)
    excludes = {
        "packing": "a pack would mix classes",
        "class-softmax": "D tells the classes apart by itself already",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """For labelled data, or where nobody said that there are no labels."""
        if run.setup.labelled is False:
            return None
        return Prescription(
            "Tell G and D the class of each sample, and add the product of D's features with a "
            "learned vector of the class to D's logit."
        )

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D is such a network, or it was declared."""
        found = any(n.kind == "ProjectionDiscriminator" for n in setup.networks if n.role == "d")
        return True if found else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It needs classes."""
        if setup.labelled is None:
            return None
        return "" if setup.labelled else "the data has no classes to tell"

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Makes G and D conditional."""
        plan.conditional = True
