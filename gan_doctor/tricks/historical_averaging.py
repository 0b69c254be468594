"""Historical averaging (catalogue 7.13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan, Training

__all__ = ["HistoricalAveraging"]


class HistoricalAveraging(Trick):
    """Draws the weights of both players to the mean of all the values they have had.

    What it does:
        Two players that circle each other pass the middle of the circle in no step, but on average
        they are there. The term weight * |theta - mean of theta|^2 pulls each towards it.

    When to use it:
        Losses that circle, samples that hop between modes, after a lower learning rate and ema.

    When not to:
        Early in a training that still improves: the mean is of the untrained weights then and holds
        both back. A running average of G that is only sampled from (ema) has no such cost.

    Values:
        Weight 1 is ours: the paper names none.

    Cost:
        None in time; a second copy of both players' weights.

    How to see that it worked:
        Both losses swing less within a tenth of the budget.

    References:
        Salimans 2016, section 3.3.
    """

    title = "Historical averaging"
    category = "loss"
    items = ("7.13",)
    treats = {
        "non-convergence": 4,
        "mode-hopping": 3,
    }
    cost_note = "A second copy of both players' weights."
    check = "Both losses swing less within a tenth of the budget."
    avoid_when = "Not early in a training that still improves."
    references = ("Salimans et al. 2016, section 3.3",)
    settings = {"weight": 1.0}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Weight 1."""
        action = (
            "Add 1 times the squared distance of the weights to their past mean to both losses."
        )
        return Prescription(action, {"weight": 1.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the term to both losses; a checkpoint keeps the means."""
        from gan_doctor.losses import HistoricalAverage

        weight, means = settings["weight"], dict[str, HistoricalAverage]()
        if not weight:
            return

        def begin(training: Training) -> None:
            means.update(g=HistoricalAverage(training.G), d=HistoricalAverage(training.D))
            plan.kept.update({f"{self.slug} {player}": mean for player, mean in means.items()})

        def take_in(training: Training) -> None:
            for mean in means.values():
                mean.update()

        plan.at_start.append(begin)
        plan.after_step.append(take_in)
        plan.d_losses.append(lambda at: means["d"].penalty(weight))
        plan.g_losses.append(lambda at: means["g"].penalty(weight))
