"""Weight decay and an L1 penalty on D's weights (catalogue 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import DStep, Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["WeightDecay"]

_DECAY = 0.01  # AdamW's


class WeightDecay(Trick):
    """Lets D's weights shrink a little at each step, so that only what is needed stays large.

    What it does:
        L2 as decoupled decay (AdamW): each weight loses lr * decay of itself, apart from Adam's
        moments. L1 adds l1 times the sum of the absolute weights to D's loss, which sets small ones
        to 0. Biases and normalisation layers are left alone.

    When to use it:
        D overfits a small data set and augmentation does not fit the data.

    When not to:
        With BatchNorm or spectral norm in D the scale of a weight has no meaning, and decay only
        changes the learning rate. Too much leaves D at chance.

    Values:
        decay .01, AdamW's default, and l1 0. With a learning rate of 2e-4 that halves a weight in
        350,000 steps: raise it for short trainings. The 1e-5 to 1e-4 that are often named belong to
        a penalty in the loss, as l1 is.

    Cost:
        None.

    How to see that it worked:
        D's weight norm stops growing within a tenth of the budget.

    References:
        Loshchilov and Hutter 2019.
    """

    title = "Weight decay of D"
    category = "tuning"
    items = ("4.1",)
    treats = {
        "discriminator-overfitting": 3,
        "memorization": 3,
    }
    check = "D's weight norm stops growing within a tenth of the budget."
    avoid_when = "Not with BatchNorm or spectral norm in D, where it only changes the rate."
    references = ("Loshchilov & Hutter 2019, AdamW",)
    settings = {"decay": _DECAY, "l1": 0.0}
    sets = ("weight_decay",)
    excludes = {
        "optimistic-adam": "that optimizer decays no weights",
    }
    with_care = {
        "spectral-norm": "a normalised weight has no scale, so that decay only changes the rate",
        "batch-norm": "before BatchNorm a weight has no scale, so that decay only changes the rate",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The default."""
        action = (
            f"Step D with AdamW and a weight decay of {_DECAY}, without biases and normalisation "
            "layers; raise it tenfold if D still overfits."
        )
        return Prescription(action, {"decay": _DECAY, "l1": 0.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D's optimizer decays weights, or it was declared; False where it does not."""
        of_d = [o for o in setup.optimizers if o.role == "d"]
        said = declared(setup, self.slug)
        if said or any(o.weight_decay for o in of_d):
            return True
        return False if of_d else said

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the decay, and adds the L1 term where one is wanted."""
        from gan_doctor.nn import l1_penalty

        l1 = settings["l1"]
        plan.weight_decay = settings["decay"]

        def sum_of_weights(at: DStep) -> Tensor:
            return l1_penalty(at.training.D, l1)

        if l1:
            plan.d_losses.append(sum_of_weights)
