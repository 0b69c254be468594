"""Convolutions in place of fully connected layers, DCGAN (catalogue 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import ROLES, convolutional, declared, images, not_images
from gan_doctor.tricks._plan import Plan

__all__ = ["Convolutional"]


class Convolutional(Trick):
    """Builds G and D for images from strided convolutions, without fully connected hidden layers.

    What it does:
        Neighbouring pixels belong together, which a convolution knows and a fully connected layer
        has to learn from noise. Strides take the place of pooling; one linear layer remains at G's
        input and one at D's output.

    When to use it:
        Images that stay noise while G or D is made of fully connected layers.

    When not to:
        On points and tables, where an MLP is right.

    Values:
        DCGAN's layout: kernels of 4, stride 2, channels doubling as the side halves.

    Cost:
        None on images: fewer weights for the same side.

    How to see that it worked:
        Neighbouring pixels of the fakes correlate like those of the reals within a tenth of the
        budget.

    References:
        Radford 2016, DCGAN, section 3.
    """

    title = "Convolutional networks (DCGAN)"
    category = "architecture"
    items = ("2.5",)
    treats = {
        "noise-output": 1,
    }
    cost_note = "G and D are other networks: train both afresh."
    check = "Within a tenth of the budget the neighbour correlation of the fakes nears the reals'."
    avoid_when = "Not on points and tables."
    references = ("Radford et al. 2016, DCGAN, section 3",)
    sets = ("network",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Where a network for images is known to have no convolutions."""
        setup = run.setup
        flat = [role.upper() for role in ROLES if convolutional(setup, role) is False]
        if not images(setup) or not flat:
            return None
        return Prescription(
            f"Build {' and '.join(flat)} from strided convolutions instead of fully connected "
            "layers, as DCGAN does, and train both afresh."
        )

    def in_use(self, setup: Setup) -> bool | None:
        """Whether both networks have convolutions, else whether it was declared."""
        found = [convolutional(setup, role) for role in ROLES]
        if None not in found:
            return all(found)
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Convolutions are made for images."""
        return not_images(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the kind of both networks."""
        plan.network = "dcgan"
