"""The relativistic loss of pairs, RpGAN (catalogue 7.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import (
    NOT_RELATIVISTIC,
    changed_labels,
    loss_swapped,
    mixed_samples,
    of_family,
    penalised,
)
from gan_doctor.tricks._plan import Plan

__all__ = ["RelativisticPairedLoss"]

_INSTEAD_OF = ("minimax", "non-saturating", "least-squares", "hinge")


class RelativisticPairedLoss(Trick):
    """Trains D to score each real above a fake, and G to score each fake above a real.

    What it does:
        The loss is softplus of the difference of two logits, of a real and a fake. A fake is always
        measured against a real, so G cannot stop at one region that D happens to accept. R3GAN is
        this loss with r1-penalty and r2-penalty, and no further tricks (Huang 2024).

    When to use it:
        Collapse, or a D that overpowers G, with both penalties on.

    When not to:
        Without a penalty on D. With smoothed or flipped labels: it has none. With what reads the
        sign of a logit (ADA, accuracy at 0): only differences of logits mean something.

    Values:
        No settings of its own. Gamma of R1 and R2 ranges from .05 to 150 by data set and falls
        tenfold during training, with Adam at 2e-4 and betas (0, 0) (Huang 2024, official code).

    Cost:
        1.3 times, as D sees reals in the G step too; with both penalties 1.6 to 2 times.

    How to see that it worked:
        D's loss stays between 0 and ln 2 = .693, its value at chance, and coverage rises.

    References:
        Jolicoeur-Martineau 2018; Huang 2024, R3GAN.
    """

    title = "Relativistic paired loss (RpGAN)"
    category = "loss"
    items = ("7.9",)
    treats = {
        "discriminator-overpowering": 6,
        "mode-collapse": 4,
    }
    cost = 1.3
    cost_note = "D also sees the reals in the G step."
    check = "D's loss stays between 0 and .693, and coverage rises within 1,000 steps."
    avoid_when = "Not with smoothed or flipped labels, nor with ADA."
    references = ("Jolicoeur-Martineau 2018", "Huang et al. 2024, R3GAN")
    sets = ("family",)
    excludes = NOT_RELATIVISTIC

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of a loss of single logits, with the penalties that it wants."""
        setup = run.setup
        if setup.objective.family not in (None, *_INSTEAD_OF) or mixed_samples(setup):
            return None
        missing = [name.upper() for name in ("r1", "r2") if not penalised(setup, name)]
        wanted = f", with {' and '.join(missing)} in D's loss" if missing else ""
        return Prescription(f"{loss_swapped(setup, 'relativistic paired loss')}{wanted}.")

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it is the objective."""
        return of_family(setup, "relativistic-paired")

    def avoid(self, setup: Setup) -> str | None:
        """It has no labels to smooth or flip."""
        return changed_labels(setup, "relativistic loss")

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the loss family."""
        plan.family = "relativistic-paired"
