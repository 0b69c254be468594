"""Less momentum in Adam (catalogue 6.2 and 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import USUAL_BETA1, beta1, by_adam, changes
from gan_doctor.tricks._plan import Plan

__all__ = ["AdamBeta1"]


class AdamBeta1(Trick):
    """Lowers Adam's beta1, the memory of past gradients, in both optimizers.

    What it does:
        With beta1 .9 a step is an average of about ten gradients. The other player has moved on
        since, so the two overshoot and circle each other; .5 halves the memory to two gradients.

    When to use it:
        Whenever a GAN trains with Adam's default .9 and is in trouble.

    When not to:
        With clipped Wasserstein critics, where RMSProp is the tested choice.

    Values:
        .5 with beta2 .999 (Radford 2016); 0 with beta2 .9 to .99 beside gradient penalties,
        self-attention and in StyleGAN; (0, 0) in R3GAN.

    Cost:
        None.

    How to see that it worked:
        Both losses jump less, and samples improve within 1,000 steps from scratch.

    References:
        Radford 2016, DCGAN, section 4; Gulrajani 2017, algorithm 1.
    """

    title = "Adam's beta1"
    category = "tuning"
    items = ("6.2", "2.3")
    treats = {
        "non-finite": 2,
        "exploding-gradient": 3,
        "discriminator-overpowering": 5,
        "stalled-at-chance": 4,
        "non-convergence": 3,
        "mode-collapse": 2,
        "mode-dropping": 2,
        "mode-hopping": 4,
        "noise-output": 3,
    }
    check = "Both losses jump less, and samples improve within 1,000 steps from scratch."
    avoid_when = "Not with another optimizer than Adam."
    references = ("Radford et al. 2016, DCGAN, section 4", "Gulrajani et al. 2017, algorithm 1")
    settings = {"beta1": USUAL_BETA1}
    sets = ("betas",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """From what it is to .5."""
        now = beta1(run.setup)
        if now is None:
            return Prescription(
                "Set Adam's beta1 to 0.5 in both optimizers.", {"beta1": USUAL_BETA1}
            )
        if now <= USUAL_BETA1:
            return None
        return Prescription(changes({"beta1": now}, {"beta1": USUAL_BETA1}), {"beta1": USUAL_BETA1})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether both betas are at most .5."""
        now = beta1(setup)
        return None if now is None else now <= USUAL_BETA1

    def avoid(self, setup: Setup) -> str | None:
        """It is a setting of Adam."""
        if not by_adam(setup):
            return "an optimizer of this run is not Adam"
        return "" if setup.optimizers else None

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets beta1 of both optimizers."""
        if settings["beta1"] >= 1:
            raise ConfigError(f"adam-beta1.beta1 must lie below 1, got {settings['beta1']}")
        plan.betas = (settings["beta1"], plan.betas[1])
