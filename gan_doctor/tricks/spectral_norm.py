"""Spectral normalisation of D (catalogue 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import batch_norm_in_d, penalised, spectral_norm_in_d
from gan_doctor.tricks._plan import Plan

__all__ = ["SpectralNorm"]


class SpectralNorm(Trick):
    """Divides each weight of D by its largest singular value.

    What it does:
        Bounds how steep D can be: logits and gradients cannot run away, whatever the learning rate.

    When to use it:
        Values or gradients that run away, a D that overpowers G, collapse, losses that circle; it
        goes well with the hinge loss.

    When not to:
        Beside a gradient penalty or weight clipping it is redundant. With BatchNorm in D the bound
        is lost. D may become too weak: then raise its learning rate.

    Values:
        One power iteration per step; Adam 2e-4 with betas (0, .9) or (.5, .999) (Miyato 2018).

    Cost:
        1.05 times. The singular vectors are part of D's state and must be saved with it.

    How to see that it worked:
        D's logits and gradient norm stay bounded from the first hundred steps on.

    References:
        Miyato 2018, section 2.1.
    """

    title = "Spectral normalisation"
    category = "architecture"
    items = ("7.1",)
    treats = {
        "non-finite": 1,
        "exploding-gradient": 1,
        "divergence": 1,
        "discriminator-overpowering": 1,
        "non-convergence": 1,
        "mode-collapse": 4,
        "mode-hopping": 1,
    }
    cost = 1.05
    cost_note = "D's state dict changes: an old checkpoint of D does not load."
    check = "D's logits and gradient norm stay bounded from the first hundred steps on."
    avoid_when = "Not beside a gradient penalty, nor with BatchNorm in D."
    references = ("Miyato et al. 2018, section 2.1",)
    sets = ("spectral_norm",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Every layer of D, unless D is held back already or BatchNorm would undo it."""
        if penalised(run.setup, "gradient-penalty") or batch_norm_in_d(run.setup):
            return None
        return Prescription("Put spectral normalisation on every layer of D, and train D afresh.")

    def in_use(self, setup: Setup) -> bool | None:
        """Whether a D has it."""
        return spectral_norm_in_d(setup)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Has D normalised when it is built."""
        plan.spectral_norm = True
