"""Self-attention in G and D, SAGAN (catalogue 1.3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, without_maps
from gan_doctor.tricks._plan import Plan

__all__ = ["SelfAttention"]

_LARGEST = 64  # side of the largest map in the paper


class SelfAttention(Trick):
    """Lets each place of a map look at all others, in G and in D.

    What it does:
        A convolution sees a small neighbourhood. With attention the parts of an image are matched
        over any distance, so that far ends of an object agree. It starts without effect (its factor
        gamma is 0) and is learned in.

    When to use it:
        Images of which the parts are fine and the whole is not, and blurred ones, once the loss has
        been looked at.

    When not to:
        As a cure for collapse: it is none. On points and tables, or on an MLP, there is no map. It
        is not Lipschitz, so that the value of a Wasserstein critic means less.

    Values:
        On maps of side 32 or 64 in SAGAN, with spectral norm, hinge loss and rates 1e-4 and 4e-4.
        side 0 takes half the side of the image, at most 64, which is our rule for small images.

    Cost:
        1.2 times; memory grows with the fourth power of the side.

    How to see that it worked:
        gamma leaves 0 within the first thousand steps, and quality rises above the run without it.

    References:
        Zhang 2019, SAGAN, section 3.
    """

    title = "Self-attention"
    category = "architecture"
    items = ("1.3.2",)
    treats = {
        "blurry-output": 1,
    }
    cost = 1.2
    cost_note = "G and D change: train both afresh. Memory grows with the side to the fourth."
    check = "gamma leaves 0 within 1,000 steps and the sample measures rise."
    avoid_when = "Not as a cure for collapse, nor without convolutions."
    references = ("Zhang et al. 2019, SAGAN, section 3",)
    settings = {"side": 0}
    sets = ("attention",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """On maps of half the side of the images."""
        shape = run.setup.sample_shape
        if shape is None or len(shape) != 3:
            return None
        side = _fitted(shape)
        action = (
            f"Put a self-attention layer after the maps of side {side} in G and in D, and train "
            "both afresh."
        )
        return Prescription(action, {"side": side})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared; a network's parts do not tell."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It needs maps."""
        return without_maps(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the side of the maps."""
        plan.attention = settings["side"] or _fitted(plan.sample_shape)


def _fitted(shape: tuple[int, ...]) -> int:
    return min(_LARGEST, shape[-1] // 2)
