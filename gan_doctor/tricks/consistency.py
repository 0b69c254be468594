"""Consistency regularisation, CR-GAN and bCR (catalogue 7.12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, images, not_images
from gan_doctor.tricks._plan import DStep, Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Consistency"]


class Consistency(Trick):
    """Trains D to say the same of an image and of that image shifted a little.

    What it does:
        Adds weight * (D(x) - D(T(x)))^2 to D's loss, T a random shift. D cannot tell an image by
        where its pixels lie to the digit, so that it is harder to learn by heart.

    When to use it:
        D overfits a small data set.

    When not to:
        With BatchNorm or dropout in D: an image and its shift then differ for another reason. On
        other data than images. Strong changes on the fakes can show up in the samples.

    Values:
        Weight 10 on reals (Zhang 2020), and 10 on fakes as well (bCR); fakes 0 is plain CR-GAN. T
        moves an image by up to 1/8 of its side; the paper's flips are left out, as not every data
        set bears them.

    Cost:
        1.3 times: D also sees the shifted batches.

    How to see that it worked:
        D's logits on training data no longer run away from those on data held out.

    References:
        Zhang 2020, CR-GAN; Zhao 2021, bCR.
    """

    title = "Consistency regularisation (bCR)"
    category = "loss"
    items = ("7.12",)
    treats = {
        "discriminator-overfitting": 3,
        "memorization": 3,
    }
    cost = 1.3
    cost_note = "D also sees the shifted batches."
    check = "D's logits on training data no longer run away from those on data held out."
    avoid_when = "Not with BatchNorm or dropout in D."
    references = ("Zhang et al. 2020, CR-GAN", "Zhao et al. 2021, bCR")
    settings = {"weight": 10.0, "fakes": 10.0}
    with_care = {
        "batch-norm": "BatchNorm ties a sample to its batch, so that its shift differs anyway.",
        "dropout": "Two forwards drop other units, so that a sample and its shift differ anyway.",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The papers' weights, for images."""
        if images(run.setup) is False:
            return None
        action = (
            "Add 10 times the squared difference of D's logits on an image and on its shift by up "
            "to 1/8 of its side to D's loss, for reals and fakes."
        )
        return Prescription(action, {"weight": 10.0, "fakes": 10.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It shifts images."""
        return not_images(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the difference to D's loss, of shifts from random numbers of its own."""
        from gan_doctor.losses import consistency_penalty
        from gan_doctor.nn import diff_augment, pack, unpack

        weight, fakes, random = settings["weight"], settings["fakes"], plan.generator(self.slug)

        def shifted(x: Tensor) -> Tensor:
            return pack(diff_augment(unpack(x, plan.group), ["translation"], random), plan.group)

        def of_reals(at: DStep) -> Tensor:
            return consistency_penalty(at.on_real, at.judge_real(shifted(at.real)), weight)

        def of_fakes(at: DStep) -> Tensor:
            return consistency_penalty(at.on_fake, at.judge_fake(shifted(at.fake)), fakes)

        plan.d_losses += [of_reals] * (weight > 0) + [of_fakes] * (fakes > 0)
