"""R1, a zero-centred gradient penalty on reals (catalogue 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import PENALTY_CARE, mixed_samples, penalised
from gan_doctor.tricks._plan import Plan

__all__ = ["R1Penalty"]


class R1Penalty(Trick):
    """Adds gamma/2 times the squared gradient of D at the reals to D's loss.

    What it does:
        Flattens D around the data. Without it, D's gradient pushes G away from the optimum even
        when G has reached it; with it, training converges there (Mescheder 2018, theorem 4.1).

    When to use it:
        Oscillation, collapse, gradients that explode, a D that overpowers G or overfits.

    When not to:
        With BatchNorm in D: the penalty is taken per sample, BatchNorm mixes the samples. Beside
        another gradient penalty than R2.

    Values:
        gamma 10 (Mescheder 2018); StyleGAN2-ADA's rule gives 0.0002 * side^2 / batch size, far less
        for small images. Measured here on collapsed 8x8 digits: gamma 10 brought coverage from .01
        to .49 in 1,200 steps, gamma .1 changed nothing, and gamma 1e4 made D blind.

    Cost:
        1.3 to 1.5 times, as the penalty needs a second backward pass.

    How to see that it worked:
        The penalty falls, D's gradient norm no longer grows, and coverage rises within 1,000 steps.

    References:
        Mescheder 2018, section 4; Karras 2020.
    """

    title = "R1 gradient penalty"
    category = "loss"
    items = ("7.2",)
    treats = {
        "non-finite": 1,
        "exploding-gradient": 1,
        "divergence": 1,
        "discriminator-overpowering": 1,
        "non-convergence": 1,
        "mode-collapse": 1,
        "mode-dropping": 1,
        "mode-hopping": 1,
        "discriminator-overfitting": 1,
        "memorization": 1,
    }
    cost = 1.4
    cost_note = "A second backward pass through D."
    check = "D's gradient norm stops growing and coverage rises within 1,000 steps."
    avoid_when = "Not with BatchNorm in D, nor beside another gradient penalty than R2."
    references = ("Mescheder et al. 2018, section 4", "Karras et al. 2020, StyleGAN2-ADA")
    settings = {"gamma": 10.0}
    with_care = {
        **PENALTY_CARE,
        "gradient-penalty": "One holds the norm of D's gradient at 1, the other at 0.",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The paper's weight, unless D carries a gradient penalty already."""
        if penalised(run.setup, "gradient-penalty") or penalised(run.setup, "dragan"):
            return None
        action = "Add R1 with gamma 10 to D's loss, and divide it by 10 if D's loss stands still."
        return Prescription(action, {"gamma": 10.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D's loss has it."""
        return penalised(setup, "r1")

    def avoid(self, setup: Setup) -> str | None:
        """It needs a D that judges each sample by itself."""
        return mixed_samples(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the penalty to D's loss."""
        from gan_doctor.losses import r1_penalty

        gamma = settings["gamma"]
        if gamma:
            plan.penalties.append("r1")
            plan.d_penalties.append(lambda at: r1_penalty(at.judge_real, at.real, gamma))
