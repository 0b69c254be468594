"""The standard deviation of a group of samples as an input of D (catalogue 7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import SMALL_BATCH, declared, layers
from gan_doctor.tricks._plan import Plan

__all__ = ["MinibatchStdDev"]

_GROUP = 4


class MinibatchStdDev(Trick):
    """Gives D one more channel: how much the samples of a small group differ from each other.

    What it does:
        The standard deviation of D's last map over groups of 4 samples, averaged to one number and
        appended as a channel. Fakes that are all alike show in that one number, and G gets a
        gradient against it. It has no weights of its own.

    When to use it:
        Collapse and dropped modes, as the cheap form of minibatch discrimination.

    When not to:
        In batches of fewer than 8, or where D is asked about single samples. A gradient penalty
        then also measures how samples of a group act on each other, which works in practice.
        Beside packing or minibatch discrimination it is redundant.

    Values:
        Groups of 4 (Karras 2018); the batch should be a multiple of that.

    Cost:
        1.01 times. D's last layer has one more input channel.

    How to see that it worked:
        The share of duplicates falls and coverage rises within the first quarter of the budget.

    References:
        Karras 2018, ProGAN, section 3.
    """

    title = "Minibatch standard deviation"
    category = "architecture"
    items = ("7.5",)
    treats = {
        "mode-collapse": 2,
        "mode-dropping": 2,
        "intra-class-collapse": 3,
    }
    cost = 1.01
    cost_note = "D's last layer changes: train D afresh."
    check = "Duplicates become fewer and coverage rises within the first quarter of the budget."
    avoid_when = "Not in batches of fewer than 8, nor where D must judge single samples."
    references = ("Karras et al. 2018, ProGAN, section 3",)
    settings = {"group": _GROUP}
    with_care = {
        "minibatch-discrimination": "both tell D how alike a batch is: one of them is redundant",
        "packing": "a pack shows D several samples already, so that one of them is redundant",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Groups of 4, or of what divides the batch."""
        batch = run.setup.batch_size
        if batch is not None and batch < SMALL_BATCH:
            return None
        group = next((g for g in (_GROUP, 3, 2) if batch is not None and batch % g == 0), _GROUP)
        action = (
            f"Append the standard deviation over groups of {group} samples to D's last map as one "
            "more channel, and train D afresh."
        )
        return Prescription(action, {"group": group})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D has such a layer, under this name or StyleGAN's, or it was declared."""
        found = any(name.startswith("MinibatchStd") for name in layers(setup, "d"))
        return True if found else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It needs something to compare with."""
        return "a batch of one has no standard deviation" if setup.batch_size == 1 else ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Puts the layer at the end of D's trunk."""
        from gan_doctor.nn import MinibatchStdDev as Layer

        group = settings["group"]
        if group < 2:
            raise ConfigError(f"{self.slug}.group must be at least 2, got {group}")
        plan.d_layers.append(lambda shape: Layer(shape, group=group))
