"""Penalties at every k-th D step alone (catalogue 7.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

__all__ = ["LazyRegularization"]


class LazyRegularization(Trick):
    """Takes the gradient penalty of D at every 16th step only, 16 times as strong.

    What it does:
        A gradient penalty changes slowly, so that it need not be computed at each step. Its weight
        is multiplied by the interval, and D's learning rate and betas are corrected for the steps
        without it: lr and both betas to k / (k + 1), as a factor and as an exponent.

    When to use it:
        To save time beside R1, R2 or another penalty; it answers no fault by itself.

    When not to:
        Without a penalty. While a training is unstable: the strong steps are spikes in D's gradient
        at every 16th step, which monitors of its norm have to know.

    Values:
        16 for D (Karras 2020). 1 is every step.

    Cost:
        None: it takes most of the penalty's own time away (R1 falls from 1.4 to 1.07 times).

    How to see that it worked:
        Steps take less time, and the curves of samples and D stay as they were.

    References:
        Karras 2020, StyleGAN2, section 3.1.
    """

    title = "Lazy regularisation"
    category = "tuning"
    items = ("7.8",)
    treats = {}
    cost_note = "D's gradient norm has a spike at each step with the penalty."
    check = "Steps take less time, and the sample measures stay as they were."
    avoid_when = "Not without a penalty on D."
    references = ("Karras et al. 2020, StyleGAN2, section 3.1",)
    settings = {"interval": 16}
    sets = ("lazy",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Nothing: it saves time and cures no fault."""
        return None

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """There must be a penalty to take less often."""
        penalties = setup.objective.penalties
        if penalties is None:
            return None
        return "" if penalties else "D's loss has no penalty to take less often"

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the interval."""
        if settings["interval"] < 1:
            raise ConfigError(f"{self.slug}.interval must be at least 1, got 0")
        plan.lazy = settings["interval"]
