"""DRAGAN's gradient penalty near the data (catalogue 1.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import PENALTY_CARE, declared, penalised, spectral_norm_in_d
from gan_doctor.tricks._plan import Plan

__all__ = ["Dragan"]


class Dragan(Trick):
    """Holds the norm of D's gradient near k at random points close to reals.

    What it does:
        Adds weight * (|gradient| - k)^2 at reals moved a little at random. D cannot rise to a sharp
        peak at each real, which is what draws many fakes to one place.

    When to use it:
        Collapse or circling losses under a cross-entropy loss.

    When not to:
        As the bound of a Wasserstein critic: near the reals is not everywhere. Beside another
        gradient penalty. With BatchNorm in D it is only roughly per sample.

    Values:
        Weight 10, k 1; a real is moved by up to half the standard deviation of its batch, in the
        direction of the positive axes (Kodali 2017, official code).

    Cost:
        1.5 to 2 times: another forward and a second backward pass through D.

    How to see that it worked:
        The mean gradient norm near reals settles at k, and coverage rises within 1,000 steps.

    References:
        Kodali 2017, section 2.3.
    """

    title = "DRAGAN gradient penalty"
    category = "loss"
    items = ("1.2.3", "6.7")
    treats = {
        "discriminator-overpowering": 5,
        "non-convergence": 3,
        "mode-collapse": 3,
    }
    cost = 1.7
    cost_note = "Another forward and a second backward pass through D."
    check = "The penalty falls and stays small; coverage rises within 1,000 steps."
    avoid_when = "Not beside another gradient penalty, nor as the bound of a Wasserstein critic."
    references = ("Kodali et al. 2017, section 2.3",)
    settings = {"weight": 10.0, "k": 1.0}
    with_care = {
        **PENALTY_CARE,
        "batch-norm": "BatchNorm in D mixes the samples of a batch, and the penalty is per sample.",
        "gradient-penalty": "Both hold D's gradient at a norm: one of them is enough.",
        "r1-penalty": "One holds D's gradient at a norm near reals, the other at 0.",
        "wasserstein-loss": "It bounds D near reals only, and the Wasserstein loss asks for more.",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The authors' values, unless D is held back already or is a Wasserstein critic."""
        setup = run.setup
        held = penalised(setup, "gradient-penalty") or penalised(setup, "r1")
        if held or spectral_norm_in_d(setup) or setup.objective.family == "wasserstein":
            return None
        action = "Add DRAGAN's gradient penalty around reals with weight 10 to D's loss."
        return Prescription(action, {"weight": 10.0, "k": 1.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D's loss has it, or it was declared."""
        told = penalised(setup, "dragan")
        return declared(setup, self.slug) if told is None else told

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the penalty to D's loss, at points from random numbers of its own."""
        from gan_doctor.losses import dragan_penalty

        weight, k, random = settings["weight"], settings["k"], plan.generator(self.slug)
        if weight:
            plan.penalties.append("dragan")
            plan.d_penalties.append(
                lambda at: dragan_penalty(at.judge_real, at.real, weight, k, random)
            )
