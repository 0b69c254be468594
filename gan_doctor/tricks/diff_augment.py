"""Differentiable augmentation of all that D sees, DiffAugment (catalogue 7.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, images, not_images
from gan_doctor.tricks._plan import Plan, Training

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["DiffAugment"]

_POLICY = "color,translation,cutout"


class DiffAugment(Trick):
    """Changes colour, place and parts of each image before D sees it, reals and fakes alike.

    What it does:
        D never sees the same real twice, so that it cannot learn the data by heart. The changes are
        differentiable, so that G's gradient passes through them, and since the fakes are changed by
        the same law G does not learn the changes.

    When to use it:
        Few images: D tells its training reals from held-out ones, or fakes copy reals.

    When not to:
        On reals alone, or in the D step alone: then G learns the changes. On points and tables.
        With plenty of data it only slows D down. Where colour or place is what matters, leave that
        part of the policy out.

    Values:
        All three: brightness, saturation and contrast; shifts of up to 1/8; a hole of half the side
        (Zhao 2020).

    Cost:
        1.05 times.

    How to see that it worked:
        D's logits on training reals and on held-out ones come closer, and coverage keeps rising.

    References:
        Zhao 2020, section 3.
    """

    title = "Differentiable augmentation"
    category = "tuning"
    items = ("7.7",)
    treats = {
        "discriminator-overfitting": 2,
        "memorization": 2,
    }
    cost = 1.05
    check = "D's logits on training reals and on held-out ones come closer."
    avoid_when = "Not on reals alone, and not without the same in the G step."
    references = ("Zhao et al. 2020, DiffAugment, section 3",)
    settings = {"policy": _POLICY}
    choices = {
        "policy": (
            _POLICY,
            "color,translation",
            "translation,cutout",
            "color,cutout",
            "color",
            "translation",
            "cutout",
        )
    }
    with_care = {
        "ada": "both change the images, and together they may hide too much of them",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The whole policy, for images."""
        if not images(run.setup):
            return None
        action = (
            "Change colour, place and a random rectangle of every image that D sees, real and "
            "fake, in the D step and in the G step."
        )
        return Prescription(action, {"policy": _POLICY})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared; no hook can see it."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It is for images."""
        return not_images(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Changes D's input, by random numbers of its own."""
        from gan_doctor.nn import diff_augment

        policy = settings["policy"].split(",")
        random = plan.generator(self.slug)

        def changed(x: Tensor, now: Training) -> Tensor:
            return diff_augment(x, policy, random)

        plan.d_inputs.append(changed)
