"""The gradient penalty of WGAN-GP (catalogue 1.2.3 and 6.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import PENALTY_CARE, mixed_samples, penalised, spectral_norm_in_d
from gan_doctor.tricks._plan import Plan

__all__ = ["GradientPenalty"]


class GradientPenalty(Trick):
    """Holds the norm of D's gradient near 1 between reals and fakes.

    What it does:
        Adds weight * (|gradient| - 1)^2 at random points between a real and a fake. It keeps a
        Wasserstein critic 1-Lipschitz, and gives G a gradient under the other losses too, where
        real and fake do not overlap.

    When to use it:
        With the Wasserstein loss, unless spectral norm bounds D; else when D wins and the samples
        stand still, on a collapse, and on gradients that explode or vanish.

    When not to:
        With BatchNorm in D: use layer normalisation or none. With weight clipping. With spectral
        normalisation it is redundant. In half precision the second backward pass needs care.

    Values:
        10 for images, with Adam 1e-4, betas (0, .9) and 5 critic steps (Gulrajani 2017); .1 for
        points of the plane (the authors' toy code).

    Cost:
        1.5 to 2 times: another forward and a second backward pass through D.

    How to see that it worked:
        The mean gradient norm settles near 1; far from it, the critic's loss means nothing.

    References:
        Gulrajani 2017, section 4.
    """

    title = "Gradient penalty (WGAN-GP)"
    category = "loss"
    items = ("1.2.3", "6.7")
    treats = {
        "exploding-gradient": 2,
        "vanishing-generator-gradient": 4,
        "divergence": 2,
        "discriminator-overpowering": 2,
        "mode-collapse": 2,
        "mode-dropping": 2,
        "noise-output": 2,
    }
    cost = 1.7
    cost_note = "Another forward and a second backward pass through D."
    check = "The penalty falls and stays small; coverage rises within 1,000 steps."
    avoid_when = "Not with BatchNorm in D, weight clipping or spectral normalisation."
    references = ("Gulrajani et al. 2017, section 4",)
    settings = {"weight": 10.0}
    with_care = PENALTY_CARE

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The paper's weight by kind of data, unless D is held back in another way already."""
        if penalised(run.setup, "r1") or spectral_norm_in_d(run.setup):
            return None
        shape = run.setup.sample_shape
        weight = 0.1 if shape is not None and len(shape) == 1 else 10.0
        action = f"Add the gradient penalty of WGAN-GP with weight {weight:g} to D's loss."
        return Prescription(action, {"weight": weight})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D's loss has it."""
        return penalised(setup, "gradient-penalty")

    def avoid(self, setup: Setup) -> str | None:
        """It needs a D that judges each sample by itself."""
        return mixed_samples(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the penalty to D's loss, at points from random numbers of its own."""
        from gan_doctor.losses import gradient_penalty

        weight, random = settings["weight"], plan.generator(self.slug)
        if weight:
            plan.penalties.append("gradient-penalty")
            # What lies between a real and a fake is judged as a real: both are told the same.
            plan.d_penalties.append(
                lambda at: gradient_penalty(at.judge_real, at.real, at.fake, weight, random)
            )
