"""Unrolled GAN: G faces the D that is to come (catalogue 1.1.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Called, Plan, Training

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Unrolled"]

_LARGE = 10_000_000  # parameters of D; our choice (catalogue section 4)
_KNOWN = ("Adam", "AdamW", "RMSprop", "SGD")
_PENALTY = "unrolling through a penalty on D's gradient asks for third derivatives"


class Unrolled(Trick):
    """Trains G against D as it will be after some more of its own steps.

    What it does:
        G sees how D will answer: a heap of fakes in one place, which the next D steps would punish,
        no longer pays. The unrolled D is thrown away, and D makes one ordinary step.

    When to use it:
        Collapse, modes that come and go, losses that circle, with small networks.

    When not to:
        With a D of more than 10 million parameters (our limit). Beside a penalty on D's gradient.
        With dropout or BatchNorm in D each unrolled step adds noise. 1 step can be worse than none:
        524 against 628 modes of stacked MNIST (Lin 2018, table 3).

    Values:
        5 steps; 10 gave more modes at twice the cost, 817 against 732 (Lin 2018, table 3). With
        exact "no" the steps count as constants, which costs less and leaves out how G's samples
        move D.

    Cost:
        6 to 12 times with 5 steps, and memory for 5 copies of D and of what its forwards keep.
        Measured here on 8x8 digits: 6.6 times, and 3 times with exact "no".

    How to see that it worked:
        Modes no longer come and go: the histogram of samples over clusters is steady after a
        quarter of the budget.

    References:
        Metz 2017, section 2.2.
    """

    title = "Unrolled GAN"
    category = "loss"
    items = ("1.1.6",)
    treats = {
        "non-convergence": 2,
        "mode-collapse": 9,
        "mode-dropping": 5,
        "mode-hopping": 2,
    }
    cost = 6.0
    cost_note = "Up to 12 times with exact derivatives; memory for 5 copies of D."
    check = "The clusters that samples reach no longer change after a quarter of the budget."
    avoid_when = "Not with a large D, nor beside a penalty on its gradient."
    references = ("Metz et al. 2017, section 2.2", "Lin et al. 2018, PacGAN, table 3")
    settings = {"steps": 5, "exact": "yes"}
    choices = {"exact": ("yes", "no")}
    excludes = {
        "dragan": _PENALTY,
        "gradient-penalty": _PENALTY,
        "r1-penalty": _PENALTY,
        "r2-penalty": _PENALTY,
    }
    with_care = {
        "batch-norm": "The unrolled steps have running statistics of their own, from few batches.",
        "dropout": "Each unrolled forward draws other masks, so that G meets another D each time.",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Five steps, unless D is large."""
        if any(n.parameters > _LARGE for n in run.setup.networks if n.role == "d"):
            return None
        action = "Train G against D as it will be after 5 more of its steps, and step D once."
        return Prescription(action, {"steps": 5, "exact": "yes"})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It differentiates through the steps of D's optimizer, so it must know them."""
        kinds = [o.kind for o in setup.optimizers if o.role == "d" and o.kind]
        unknown = [kind for kind in kinds if kind not in _KNOWN]
        if unknown:
            return f"D is stepped by {unknown[0]}, and only {', '.join(_KNOWN)} can be unrolled"
        return "" if kinds else None

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Shows G the D to come."""
        from gan_doctor.losses import unroll

        steps, exact = settings["steps"], settings["exact"] == "yes"

        def to_come(training: Training, loss: Callable[[Called], Tensor]) -> Called:
            return unroll(training.D, loss, training.opt_d, steps, exact)

        if steps:
            plan.look_ahead = to_come
