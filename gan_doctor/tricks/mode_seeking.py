"""A reward for samples that differ where their latents do (catalogue 1.2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import GStep, Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ModeSeeking"]


class ModeSeeking(Trick):
    """Adds weight / (distance of two samples / distance of their latents) to G's loss.

    What it does:
        A G that gives the same sample for different z pays for it: the term grows without bound as
        the two samples meet. Both are made under the same condition.

    When to use it:
        Collapse, and conditional models that ignore z.

    When not to:
        With a weight that drowns D's verdict: noise and saturated pixels are differences too, and
        then precision falls while diversity rises.

    Values:
        Weight 1 (Mao 2019). Each latent is paired with the one before it in the batch.

    Cost:
        1.3 to 2 times: a second forward pass of G and its backward pass.

    How to see that it worked:
        Coverage rises within 1,000 steps, and precision does not fall.

    References:
        Mao 2019, MSGAN, section 3.
    """

    title = "Mode-seeking regularisation (MSGAN)"
    category = "loss"
    items = ("1.2.5",)
    treats = {
        "mode-collapse": 6,
        "mode-dropping": 4,
        "intra-class-collapse": 1,
        "latent-ignored": 1,
    }
    cost = 1.5
    cost_note = "G makes each batch of its own step twice."
    check = "Coverage rises within 1,000 steps, and precision does not fall."
    avoid_when = "Not with a weight at which noise pays: watch precision."
    references = ("Mao et al. 2019, MSGAN, section 3",)
    settings = {"weight": 1.0}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The paper's weight."""
        told = bool(run.setup.labelled or run.setup.paired)
        under = " under the same condition" if told else ""
        action = f"Add the mode-seeking term of two latents{under} with weight 1 to G's loss."
        return Prescription(action, {"weight": 1.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the term to G's loss."""
        from gan_doctor.losses import mode_seeking_loss

        weight: float = settings["weight"]

        def alike(at: GStep) -> Tensor:
            # The latents of the batch are independent, so the neighbour is as good as a new draw,
            # whatever their law.
            z = at.z.detach()
            others = z.roll(1, 0)
            return weight * mode_seeking_loss(at.fake, at.remake(others), z, others)

        if weight:
            plan.g_losses.append(alike)
