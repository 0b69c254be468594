"""Swapping a few of D's targets (catalogue 6.10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, without_labels
from gan_doctor.tricks._plan import Plan

__all__ = ["LabelFlipping"]

_SOFT = "The flipped reals pull D below the smoothed target too; tune one of the two first."


class LabelFlipping(Trick):
    """Swaps the targets of a few reals and fakes in the D step.

    What it does:
        D is told the wrong side of a sample now and then, so that it pays to be less sure. On
        average this is label smoothing on both sides, with more noise in the gradient.

    When to use it:
        D is overconfident, and smoothing on the real side was not enough.

    When not to:
        With losses without labels (Wasserstein, hinge, relativistic). In the G step. It shares the
        objection to smoothing the label of the fakes: it rewards G for staying where it is
        (Salimans 2016, section 3.4).

    Values:
        p .05 (Chintala 2016, "occasionally"; the number is ours). D's loss then cannot fall below
        .397, which is twice the entropy of p.

    Cost:
        None. Limits on the raw D loss no longer hold.

    How to see that it worked:
        D's loss leaves 0 and its AUROC falls below 1 within 500 steps.

    References:
        Chintala 2016, ganhacks.
    """

    title = "Label flipping"
    category = "tuning"
    items = ("6.10",)
    treats = {
        "discriminator-overpowering": 8,
    }
    check = "D's loss leaves 0 and its AUROC falls below 1 within 500 steps."
    avoid_when = "Not with losses without labels, and never in the G step."
    references = ("Chintala et al. 2016, ganhacks",)
    settings = {"p": 0.05}
    sets = ("flip",)
    with_care = {"noisy-labels": _SOFT, "one-sided-labels": _SOFT}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The usual share."""
        action = "Swap the targets of 5% of the reals and fakes in the D step, never in the G step."
        return Prescription(action, {"p": 0.05})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether the objective says so, or it was declared."""
        flip = setup.objective.flip
        return declared(setup, self.slug) if flip is None else flip > 0

    def avoid(self, setup: Setup) -> str | None:
        """It needs labels."""
        return without_labels(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Swaps D's targets, by random numbers of its own."""
        from gan_doctor.nn import flipped

        p = settings["p"]
        if p >= 0.5:
            raise ConfigError(f"label-flipping.p must lie in [0, 0.5), got {p}")
        random = plan.generator(self.slug)
        plan.flip = p
        if p:
            plan.d_targets.append(lambda real, fake: flipped(real, fake, p, random))
