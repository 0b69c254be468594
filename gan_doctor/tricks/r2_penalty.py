"""R2, a zero-centred gradient penalty on fakes (catalogue 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import PENALTY_CARE, mixed_samples, penalised
from gan_doctor.tricks._plan import Plan

__all__ = ["R2Penalty"]


class R2Penalty(Trick):
    """Adds gamma/2 times the squared gradient of D at the fakes to D's loss.

    What it does:
        Flattens D around what G makes, as R1 does around the data. Both together keep D flat where
        either player is, also while the two are far apart.

    When to use it:
        Beside r1-penalty under the relativistic paired loss: that is R3GAN (Huang 2024). Alone it
        has R1's guarantee near the optimum (Mescheder 2018, section 4), but R1 is the usual choice.

    When not to:
        With BatchNorm in D: the penalty is taken per sample, BatchNorm mixes the samples.

    Values:
        The gamma of R1, 10 unless tuned. In R3GAN both have the same gamma, from .05 to 150 by data
        set (official code).

    Cost:
        1.3 to 1.5 times, as the penalty needs a second backward pass.

    How to see that it worked:
        D's gradient norm on fakes stops growing within 1,000 steps.

    References:
        Mescheder 2018, section 4; Huang 2024, R3GAN.
    """

    title = "R2 gradient penalty"
    category = "loss"
    items = ("7.2", "7.9")
    treats = {}
    cost = 1.4
    cost_note = "A second backward pass through D."
    check = "D's gradient norm on fakes stops growing within 1,000 steps."
    avoid_when = "Not with BatchNorm in D."
    references = ("Mescheder et al. 2018, section 4", "Huang et al. 2024, R3GAN")
    settings = {"gamma": 10.0}
    with_care = PENALTY_CARE

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Beside R1 under the relativistic paired loss."""
        family = run.setup.objective.family
        if family != "relativistic-paired" or not penalised(run.setup, "r1"):
            return None
        return Prescription("Add R2 to D's loss, with the gamma of R1.")

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D's loss has it."""
        return penalised(setup, "r2")

    def avoid(self, setup: Setup) -> str | None:
        """It needs a D that judges each sample by itself."""
        return mixed_samples(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the penalty to D's loss."""
        from gan_doctor.losses import r2_penalty

        gamma = settings["gamma"]
        if gamma:
            plan.penalties.append("r2")
            plan.d_penalties.append(lambda at: r2_penalty(at.judge_fake, at.fake, gamma))
