"""D skips its step while it is far ahead (catalogue 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["DGating"]

_THRESHOLD = 0.98


class DGating(Trick):
    """Lets D skip its step while it tells nearly every real from every fake.

    What it does:
        A running mean of D's AUROC decides: above the threshold D waits, and G catches up.

    When to use it:
        D wins under a cross-entropy loss without a gradient penalty, and its learning rate has been
        lowered already.

    When not to:
        With a Wasserstein critic, which should be near its optimum, or a D that R1, another penalty
        or spectral norm holds back. It biases all that is measured of D and can hide that D wins: D
        far ahead is no fault while the samples improve.

    Values:
        .98, a rule of ours. 1 never skips.

    Cost:
        Saves the skipped backward passes. On a GPU each D step waits for one number.

    How to see that it worked:
        D steps per G step fall below their number at first and come back within 1,000 steps.

    References:
        Arjovsky and Bottou 2017, theorems 2.1 to 2.4, for the reason.
    """

    title = "D waits while it is ahead"
    category = "tuning"
    items = ("2.4",)
    treats = {
        "discriminator-overpowering": 7,
    }
    cost_note = "On a GPU each D step waits for one number."
    check = "D steps per G step fall at first and come back within 1,000 steps."
    avoid_when = "Not with a Wasserstein critic, nor with a D that a penalty holds back."
    references = ("Arjovsky & Bottou 2017, theorems 2.1 to 2.4",)
    settings = {"threshold": _THRESHOLD}
    with_care = {
        "r1-penalty": "a D that R1 smooths can be far ahead and teach G all the same",
        "gradient-penalty": "a D that a penalty smooths can be far ahead and teach G all the same",
        "spectral-norm": "a D of bounded slope can be far ahead and teach G all the same",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Where no penalty is known to hold D back."""
        if run.setup.objective.penalties:
            return None
        action = f"Let D skip its step while the running mean of its AUROC is above {_THRESHOLD}."
        return Prescription(action, {"threshold": _THRESHOLD})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """A critic has to stay near its optimum."""
        if setup.objective.family is None:
            return None
        critic = setup.objective.family == "wasserstein"
        return "a Wasserstein critic should be near its optimum" if critic else ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the gate."""
        from gan_doctor.metrics import auroc
        from gan_doctor.nn import SeparationGate

        threshold = settings["threshold"]
        if not 0.5 <= threshold <= 1:
            raise ConfigError(f"{self.slug}.threshold must lie in [0.5, 1], got {threshold}")
        gate = SeparationGate(threshold)

        def skips(on_real: Tensor, on_fake: Tensor) -> bool:
            return gate(auroc(on_real, on_fake).item())

        plan.d_gates.append(skips)
        plan.kept[self.slug] = gate
