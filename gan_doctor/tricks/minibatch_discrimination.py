"""Minibatch discrimination (catalogue 1.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import SMALL_BATCH, declared, layers
from gan_doctor.tricks._plan import Plan

__all__ = ["MinibatchDiscrimination"]


class MinibatchDiscrimination(Trick):
    """Tells D, beside each sample, how close the other samples of its batch are to it.

    What it does:
        A D that sees one sample at a time lets all of G's gradients point at the same place. Here D
        learns a space in which it compares the samples of a batch, and a fake that has many close
        neighbours gives itself away.

    When to use it:
        Collapse and dropped modes, after packing and the cheaper minibatch-stddev.

    When not to:
        In batches of fewer than 8. D's output depends on the batch then: do not change its size, do
        not ask D about single samples, never mix reals and fakes in one batch. A gradient penalty
        per sample becomes one across samples. Beside packing or minibatch-stddev it is redundant.

    Values:
        100 kernels of 5 dimensions, the weights from N(0, .05), as in the authors' code. Where D is
        narrow, fewer kernels keep it from looking at nothing else (our advice).

    Cost:
        1.1 times; memory grows with the square of the batch. D's last layer has more inputs.

    How to see that it worked:
        The share of duplicates falls and coverage rises within the first quarter of the budget.

    References:
        Salimans 2016, section 3.2.
    """

    title = "Minibatch discrimination"
    category = "architecture"
    items = ("1.1.1",)
    treats = {
        "mode-collapse": 3,
        "mode-dropping": 3,
    }
    cost = 1.1
    cost_note = "D's last layer changes: train D afresh. Memory grows with the batch squared."
    check = "Duplicates become fewer and coverage rises within the first quarter of the budget."
    avoid_when = "Not in batches of fewer than 8, nor where D must judge single samples."
    references = ("Salimans et al. 2016, section 3.2",)
    settings = {"kernels": 100, "dims": 5}
    with_care = {
        "minibatch-stddev": "both tell D how alike a batch is, so that one of them is redundant",
        "packing": "a pack shows D several samples already, so that one of them is redundant",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The authors' size, where the batch has enough samples to compare."""
        batch = run.setup.batch_size
        if batch is not None and batch < SMALL_BATCH:
            return None
        of = f"{batch} samples" if batch else "samples"
        action = (
            f"Let D compare the {of} of a batch before its last layer, with 100 kernels of 5 "
            "dimensions, reals and fakes in batches of their own, and train D afresh."
        )
        return Prescription(action, {"kernels": 100, "dims": 5})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D has such a layer, or it was declared."""
        found = "MinibatchDiscrimination" in layers(setup, "d")
        return True if found else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It needs something to compare with."""
        return "a batch of one has nothing to compare" if setup.batch_size == 1 else ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Puts the layer at the end of D's trunk."""
        from gan_doctor.nn import MinibatchDiscrimination as Layer

        kernels, dims = settings["kernels"], settings["dims"]
        for name, value in settings.items():
            if value < 1:
                raise ConfigError(f"{self.slug}.{name} must be at least 1, got {value}")
        plan.d_layers.append(lambda shape: Layer(shape, kernels=kernels, dims=dims))
