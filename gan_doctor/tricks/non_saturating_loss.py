"""The non-saturating loss of G (catalogue 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import loss_swapped, of_family
from gan_doctor.tricks._plan import Plan

__all__ = ["NonSaturatingLoss"]


class NonSaturatingLoss(Trick):
    """Trains D with the cross-entropy on logits, and G to raise log D(G(z)).

    What it does:
        The minimax G lowers log(1 - D(G(z))), whose slope in the logit is D(G(z)): about 0 when D
        wins. That of -log D(G(z)) is D(G(z)) - 1: about -1 when D wins. Taken on logits, as
        softplus, no sigmoid stands between loss and gradient.

    When to use it:
        Always in place of the minimax loss. In place of least squares when samples stay blurry.

    When not to:
        With a sigmoid at the end of D as well: on logits the loss has one already, and with two D's
        loss cannot fall below 1.006. When D is perfect the gradient is large and says little: then
        a penalty on D helps more.

    Values:
        No settings. At chance D's loss is 1.386 (the sum of both halves), and G's .693.

    Cost:
        None.

    How to see that it worked:
        G's gradient no longer fades when D gets ahead; G's loss rises instead.

    References:
        Goodfellow 2014, section 3.
    """

    title = "Non-saturating loss"
    category = "loss"
    items = ("2.2",)
    treats = {
        "vanishing-generator-gradient": 1,
        "discriminator-overpowering": 4,
        "noise-output": 3,
        "blurry-output": 2,
    }
    check = "G's gradient no longer fades when D gets ahead; G's loss rises instead."
    avoid_when = "Not with a sigmoid at the end of D as well as one in the loss."
    references = ("Goodfellow et al. 2014, section 3",)
    sets = ("family",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of the minimax loss; against blur, in place of least squares."""
        family = run.setup.objective.family
        if finding.slug == "blurry-output":
            if family != "least-squares":
                return None
            return Prescription(f"{loss_swapped(run.setup, 'non-saturating loss')}.")
        if family not in (None, "minimax"):
            return None
        return Prescription("Train G to raise log D(G(z)) instead of lowering log(1 - D(G(z))).")

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it is the objective."""
        return of_family(setup, "non-saturating")

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the loss family."""
        plan.family = "non-saturating"
