"""Feature matching (catalogue 1.1.4 and 1.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import GStep, Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FeatureMatching"]

_SMALL_BATCH = 32  # our choice: the noise of a mean falls with the root of the batch
_WITHOUT_VERDICT = "under feature matching D's verdict has no weight in G's loss"


class FeatureMatching(Trick):
    """Trains G to give fakes the mean features that reals have in D's last hidden layer.

    What it does:
        G no longer chases what fools the present D, but a statistic of the data that D found
        telling. It cannot be won by finding one spot where D is wrong.

    When to use it:
        Collapse, or losses that never settle. As an addition to the usual loss of G where modes are
        missing.

    When not to:
        With batches below 32 (our limit), whose mean is mostly noise. It matches means only: a
        single point with the mean features of the data satisfies it, so it does not rule out a
        collapse by itself.

    Values:
        Weight 1 as G's only loss (adversarial 0); adversarial 1 keeps G's usual loss beside it.

    Cost:
        1.1 times: one more forward pass of D over the reals.

    How to see that it worked:
        G's loss falls to a noise floor of about (1/B + 1/B) tr Cov(features); it has no value at
        chance. Coverage rises within 1,000 steps.

    References:
        Salimans 2016, section 3.1.
    """

    title = "Feature matching"
    category = "loss"
    items = ("1.1.4", "1.2.1")
    treats = {
        "mode-collapse": 8,
        "mode-dropping": 3,
    }
    cost = 1.1
    cost_note = "One more forward pass of D over the reals."
    check = "G's loss falls to its noise floor, and coverage rises within 1,000 steps."
    avoid_when = "Not with small batches, whose mean features are mostly noise."
    references = ("Salimans et al. 2016, section 3.1",)
    settings = {"weight": 1.0, "adversarial": 0.0}
    sets = ("adversarial_weight",)
    excludes = {"top-k": _WITHOUT_VERDICT, "unrolled": _WITHOUT_VERDICT}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of G's loss against collapse; beside it where modes are missing."""
        batch = run.setup.batch_size
        if batch is not None and batch < _SMALL_BATCH:
            return None
        if finding.slug == "mode-dropping":
            action = "Add feature matching on D's last hidden layer with weight 1 to G's loss."
            return Prescription(action, {"weight": 1.0, "adversarial": 1.0})
        action = "Train G to match the mean features of D's last hidden layer, not D's verdict."
        return Prescription(action, {"weight": 1.0, "adversarial": 0.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Weighs G's adversarial loss, and adds the distance of the mean features."""
        import torch

        from gan_doctor.losses import feature_matching

        weight: float = settings["weight"]
        adversarial: float = settings["adversarial"]
        if not weight and not adversarial:
            raise ConfigError(
                "feature-matching.weight must lie above 0 where adversarial is 0, got 0"
            )

        def distance(at: GStep) -> Tensor:
            features = at.training.D.features
            with torch.no_grad():
                of_real = features(at.real_seen)  # type: ignore[operator]
            return weight * feature_matching(of_real, features(at.seen))  # type: ignore[operator]

        plan.adversarial_weight = adversarial
        if weight:
            plan.g_losses.append(distance)
