"""A pixel loss for paired data (catalogue 1.2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import GStep, Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PixelLoss"]


class PixelLoss(Trick):
    """Adds the mean absolute difference between each fake and its true output to G's loss.

    What it does:
        Where G is told an input whose true output is known, the difference is a direct target: it
        puts layout and colour right long before D's verdict could.

    When to use it:
        Image-to-image tasks and others with pairs, on noise and on losses that do not settle.

    When not to:
        Without pairs. A random real is no target for a random z: all fakes are then drawn to the
        mean of the data, which is a blur and a collapse. A large weight makes G ignore z.

    Values:
        Weight 100 with p 1 (Isola 2017, pix2pix); p 2 blurs more. With `until`, the weight falls
        linearly to 0 at that share of training, which is a schedule of ours; 0 keeps it.

    Cost:
        None.

    How to see that it worked:
        Samples take the layout of their targets within 1,000 steps.

    References:
        Isola 2017, pix2pix, section 3.1.
    """

    title = "Pixel loss"
    category = "loss"
    items = ("1.2.4",)
    treats = {
        "noise-output": 4,
    }
    check = "Samples take the layout of their targets within 1,000 steps."
    avoid_when = "Not without paired data."
    references = ("Isola et al. 2017, pix2pix, section 3.1",)
    settings = {"weight": 100.0, "p": 1, "until": 0.0}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """For data that is known to be paired."""
        if not run.setup.paired:
            return None
        action = "Add the mean absolute difference to the true output with weight 100 to G's loss."
        return Prescription(action, {"weight": 100.0, "p": 1})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It needs a true output for each fake."""
        if setup.paired is None:
            return None
        return "" if setup.paired else "the data is not paired, so that no fake has a true output"

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the difference to G's loss."""
        from gan_doctor.losses import pixel_loss
        from gan_doctor.nn import annealed

        weight, p, until = settings["weight"], settings["p"], settings["until"]
        if p not in (1, 2):
            raise ConfigError(f"pixel-loss.p must be 1 or 2, got {p}")
        if until > 1:
            raise ConfigError(f"pixel-loss.until must lie in [0, 1], got {until}")

        def difference(at: GStep) -> Tensor:
            now = annealed(weight, at.training.done, until) if until else weight
            return now * pixel_loss(at.fake, at.real, p)

        if weight:
            plan.g_losses.append(difference)
