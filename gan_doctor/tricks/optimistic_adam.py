"""Adam with an optimistic step (catalogue 7.16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import by_adam, declared
from gan_doctor.tricks._plan import Plan

__all__ = ["OptimisticAdam"]


class OptimisticAdam(Trick):
    """Steps both players by twice the present step of Adam less the one before.

    What it does:
        The last step stands for what the other player is about to do. In a game whose players run
        in circles around the solution, plain gradient steps spiral away from it and optimistic
        ones spiral in.

    When to use it:
        Rotation: losses and samples that come round again and again, with rates and beta1 low
        already.

    When not to:
        Against collapse or a D that wins. With unrolled steps of D, which do not know its rule.

    Values:
        The rates and betas that you have; halve the rates if the losses grow rough (our advice), as
        a step can be up to three times as long as Adam's. No settings.

    Cost:
        None, but for one more buffer of the size of the weights.

    How to see that it worked:
        The swings of the losses and of the cluster counts shrink within a quarter of the budget.

    References:
        Daskalakis 2018, algorithm 1.
    """

    title = "Optimistic Adam"
    category = "tuning"
    items = ("7.16",)
    treats = {
        "non-convergence": 7,
        "mode-hopping": 6,
    }
    cost_note = "The optimizer keeps one more buffer of the size of the weights."
    check = "The swings of the losses and of the cluster counts shrink in a quarter of the budget."
    avoid_when = "Not against collapse, nor with unrolled steps of D."
    references = ("Daskalakis et al. 2018, algorithm 1",)
    sets = ("optimizer",)
    excludes = {
        "unrolled": "it cannot foresee the steps of this optimizer",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of Adam."""
        if not by_adam(run.setup):
            return None
        return Prescription(
            "Step G and D with optimistic Adam instead of Adam, with the same rates and betas."
        )

    def in_use(self, setup: Setup) -> bool | None:
        """Whether an optimizer is called so; where none is known, whether it was declared."""
        kinds = [o.kind for o in setup.optimizers if o.kind]
        return any("Optimistic" in k for k in kinds) if kinds else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the kind of both optimizers."""
        plan.optimizer = "optimistic-adam"
