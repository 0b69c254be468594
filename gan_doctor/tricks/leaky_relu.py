"""Leaky ReLU (catalogue 6.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, layers
from gan_doctor.tricks._plan import Plan

__all__ = ["LeakyReLU"]

_SLOPE = 0.2  # Radford 2016, DCGAN, section 3


class LeakyReLU(Trick):
    """Lets a part of the gradient through where a unit is below 0.

    What it does:
        A ReLU passes nothing back while its input is negative, and a unit that is always negative
        learns nothing any more. G learns through D: each dead unit of D takes from its gradient.

    When to use it:
        A gradient that fades on its way to G, with plain ReLUs in D; in G too if it is deep.

    When not to:
        On D layers that are leaky already. The initial weights must fit the slope.

    Values:
        .2 in D (Radford 2016); G keeps its ReLU, slope 0, as in DCGAN.

    Cost:
        None.

    How to see that it worked:
        The gradient norm of G's first layer no longer falls over the first tenth of the budget.

    References:
        Maas 2013; Radford 2016, DCGAN, section 3.
    """

    title = "Leaky ReLU"
    category = "architecture"
    items = ("6.8",)
    treats = {
        "vanishing-generator-gradient": 2,
    }
    check = "The gradient norm of G's first layer stays up over the first tenth of the budget."
    avoid_when = "Not where D's activations are leaky already."
    references = ("Maas et al. 2013", "Radford et al. 2016, DCGAN, section 3")
    settings = {"d": _SLOPE, "g": 0.0}
    sets = ("d_slope", "g_slope")

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """DCGAN's slope in D, where D is known or may be thought to have plain ReLUs."""
        known = layers(run.setup, "d")
        if known and "ReLU" not in known:
            return None
        return Prescription(
            f"Replace the ReLUs of D by leaky ones of slope {_SLOPE}.", {"d": _SLOPE, "g": 0.0}
        )

    def in_use(self, setup: Setup) -> bool | None:
        """Whether all of D's ReLUs are leaky; without any, whether it was declared."""
        slopes = [slope for n in setup.networks if n.role == "d" for slope in n.slopes or ()]
        if "ReLU" in layers(setup, "d"):
            return False
        return True if slopes and min(slopes) > 0 else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the slopes of both networks."""
        for name, slope in settings.items():
            if slope > 1:
                raise ConfigError(f"{self.slug}.{name} must lie in [0, 1], got {slope}")
        plan.d_slope, plan.g_slope = settings["d"], settings["g"]
