"""Path length regularisation of G (catalogue 7.17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import GStep, Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PathLengthRegularization"]


class PathLengthRegularization(Trick):
    """Trains G so that a step in z moves the sample equally far, wherever and whichever way.

    What it does:
        Takes the length of the gradient of a random projection of the sample in z, and adds its
        squared distance from the running mean to G's loss.

    When to use it:
        Samples are good, but change in jumps along a line in z. It answers no fault that is found
        here.

    When not to:
        On a run that is in trouble. With BatchNorm in G, where a sample depends on its whole batch,
        the lengths are only roughly per sample.

    Values:
        Weight 2 at every 4th G step, times 4 there; the running mean takes in 1% of each batch
        (Karras 2020, official code).

    Cost:
        1.2 times (our estimate): a second backward pass through G at every 4th step.

    How to see that it worked:
        The term falls, and samples change evenly along a line between two latents.

    References:
        Karras 2020, StyleGAN2, section 3.2.
    """

    title = "Path length regularisation"
    category = "loss"
    items = ("7.17",)
    treats = {}
    cost = 1.2
    cost_note = "A second backward pass through G at every 4th step."
    check = "Samples change evenly along a line between two latents."
    avoid_when = "Not on a run that is in trouble for another reason."
    references = ("Karras et al. 2020, StyleGAN2, section 3.2",)
    settings = {"weight": 2.0, "interval": 4}
    with_care = {
        "batch-norm": "BatchNorm mixes the samples of a batch, and the lengths are per sample.",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The authors' values."""
        action = "Add path length regularisation with weight 2 to G's loss at every 4th step."
        return Prescription(action, {"weight": 2.0, "interval": 4})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the term to G's loss; a checkpoint keeps the mean length."""
        from gan_doctor.losses import PathLength

        weight: float = settings["weight"]
        interval: int = settings["interval"]
        random = plan.generator(self.slug)
        if interval < 1:
            raise ConfigError("path-length.interval must be at least 1, got 0")
        if not weight:
            return
        lengths = PathLength(weight)
        plan.kept[self.slug] = lengths

        def unevenness(at: GStep) -> Tensor:
            if at.training.step % interval:
                return at.fake.new_zeros(())
            return interval * lengths.penalty(at.fake, at.z, random)

        plan.g_losses.append(unevenness)
