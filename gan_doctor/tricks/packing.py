"""Packing, PacGAN (catalogue 1.1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

__all__ = ["Packing"]

_LARGEST = 4  # pack of the paper
_FEWEST_PACKS = 8  # in a batch; our choice (catalogue section 4)


class Packing(Trick):
    """Shows D several samples at once, all real or all fake, as one input.

    What it does:
        A pack of m fakes lacks variety in plain sight where a single fake looks perfect: D sees a
        collapse, and G gets a gradient against it.

    When to use it:
        Collapse and dropped modes, of the whole data or within a class. Of all tricks it has the
        strongest published evidence on points of the plane: 23.8 instead of 17.3 of 25 modes (Lin
        2018, table 1).

    When not to:
        With a D that was trained without it: its first layer has m times as many input channels.
        With fewer than 8 packs in a batch. Samples of a pack must be drawn independently; with
        labels, pack within one label.

    Values:
        m = 2 gets most of the gain; 3 and 4 are published. Only D's first layer changes.

    Cost:
        1.5 times with m = 2, as G makes m times as many samples.

    How to see that it worked:
        Coverage and the modes reached rise within the first quarter of the budget. D's AUROC is
        over packs then, and rightly higher.

    References:
        Lin 2018, PacGAN, section 2.
    """

    title = "Packing (PacGAN)"
    category = "architecture"
    items = ("1.1.5",)
    treats = {
        "mode-collapse": 1,
        "mode-dropping": 1,
        "intra-class-collapse": 2,
    }
    cost = 1.5
    cost_note = "D's first layer changes: train D afresh."
    check = "Coverage and the modes reached rise within the first quarter of the budget."
    avoid_when = "Not with a D trained without it, nor with fewer than 8 packs in a batch."
    references = ("Lin et al. 2018, PacGAN, section 2",)
    settings = {"m": 2}
    sets = ("group",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Pairs, in batches of as many packs as there were samples."""
        batch = run.setup.batch_size
        if batch is not None and batch < _FEWEST_PACKS:
            return None
        packs = f"batches of {batch} pairs" if batch else "pairs"
        samples = "samples of one class" if finding.slug == "intra-class-collapse" else "samples"
        action = f"Show D {packs} of {samples}, stacked on the channels, and train it afresh."
        return Prescription(action, {"m": 2})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether D takes a multiple of what G gives, or it was declared."""
        g, d = setup.network("g"), setup.network("d")
        given, taken = g and g.output_channels, d and d.input_channels
        if not given or not taken:
            return declared(setup, self.slug)
        ratio, rest = divmod(taken, given)
        if ratio == 1 and rest == 0:
            return False
        return True if rest == 0 and ratio <= _LARGEST else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """A pack has no one input that it is the true output for."""
        return "the data is paired, and a pack has more than one input" if setup.paired else ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the size of a pack."""
        if settings["m"] < 1:
            raise ConfigError("packing.m must be at least 1, got 0")
        plan.group = settings["m"]
