"""Adaptive augmentation, ADA (catalogue 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, images, not_images
from gan_doctor.tricks._plan import Plan, Training

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ADA"]

_TARGET, _INTERVAL, _KIMG = 0.6, 4, 500.0


class ADA(Trick):
    """Augments all that D sees, as strongly as D's overfitting asks for.

    What it does:
        r_t, the mean sign of D's logits on the reals, rises as D learns the data by heart. Above
        the target the probability of each change (flips, turns, shifts, scales, colours) goes up,
        below it down.

    When to use it:
        Few images: D tells its training reals from held-out ones, or fakes copy reals.

    When not to:
        With losses whose logits are not centred on 0 (Wasserstein, relativistic, least squares with
        targets 0 and 1): r_t means nothing there. With plenty of data. Beyond a probability of .8
        the changes show in the fakes. On points and tables.

    Values:
        target .6, a look every 4 D steps, and 500 thousand reals for the probability to go from 0
        to 1 (Karras 2020). A short training needs fewer: a fifth of its reals at most, which is our
        rule.

    Cost:
        1.15 times. On a GPU each look waits for one number.

    How to see that it worked:
        r_t settles at the target, and held-out reals score like the training ones.

    References:
        Karras 2020, StyleGAN2-ADA, section 3.
    """

    title = "Adaptive augmentation (ADA)"
    category = "tuning"
    items = ("7.6",)
    treats = {
        "discriminator-overfitting": 1,
        "memorization": 1,
    }
    cost = 1.15
    cost_note = "On a GPU each look at r_t waits for one number."
    check = "r_t settles at the target, and held-out reals score like the training ones."
    avoid_when = "Not where D's logits are not centred on 0, nor with plenty of data."
    references = ("Karras et al. 2020, StyleGAN2-ADA, section 3",)
    settings = {"target": _TARGET, "interval": _INTERVAL, "kimg": _KIMG}
    with_care = {
        "diff-augment": "both change the images, and together they may hide too much of them",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The paper's values, with a speed that fits the budget."""
        if not images(run.setup):
            return None
        kimg = _KIMG
        if run.budget and run.setup.batch_size:
            reals = run.budget * run.setup.batch_size
            kimg = min(_KIMG, float(f"{reals / 5000:.2g}"))
        action = (
            "Augment every image that D sees, real and fake, in both steps, with a probability "
            f"that follows the mean sign of D's logits on reals towards {_TARGET} and can go from "
            f"0 to 1 within {kimg:g} thousand reals."
        )
        return Prescription(action, {"target": _TARGET, "interval": _INTERVAL, "kimg": kimg})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared; no hook can see it."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It is for images, and for logits that rest at 0."""
        if reason := not_images(setup):
            return reason
        objective = setup.objective
        if objective.family is None:
            return None
        uncentred = objective.family == "wasserstein" or objective.family.startswith("relativistic")
        if objective.family == "least-squares":
            fake, real, _ = objective.coding or (0, 1, 1)
            uncentred = fake * real >= 0
        if uncentred:
            return f"the logits of the {objective.family} loss are not centred on 0"
        return not_images(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Changes D's input, and looks at D's logits on reals."""
        from gan_doctor.nn import AdaptiveAugment

        target, interval, kimg = settings["target"], settings["interval"], settings["kimg"]
        if target > 1:
            raise ConfigError(f"{self.slug}.target must lie in [0, 1], got {target}")
        if interval < 1:
            raise ConfigError(f"{self.slug}.interval must be at least 1, got {interval}")
        if not kimg:
            raise ConfigError(f"{self.slug}.kimg must be above 0, got {kimg}")
        random = plan.generator(self.slug)
        augment = AdaptiveAugment(plan.batch_size, target, interval, kimg, random)

        def changed(x: Tensor, now: Training) -> Tensor:
            return augment(x)

        def watch(on_real: Tensor, on_fake: Tensor) -> None:
            augment.watch(on_real)

        plan.d_inputs.append(changed)
        plan.d_watchers.append(watch)
        plan.kept[self.slug] = augment
