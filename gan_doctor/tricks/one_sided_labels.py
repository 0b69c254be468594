"""One-sided label smoothing (catalogue 3.3 and 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, without_labels
from gan_doctor.tricks._plan import Plan

__all__ = ["OneSidedLabels"]


class OneSidedLabels(Trick):
    """Trains D towards .9 instead of 1 on reals, and still towards 0 on fakes.

    What it does:
        Keeps D from ever larger logits on reals: its loss has a floor above 0, and its gradient
        does not fade as it grows sure.

    When to use it:
        D is overconfident: its loss falls to 0 while the samples stand still, or it overfits.

    When not to:
        With losses without labels (Wasserstein, hinge, relativistic). Never smooth the label of the
        fakes (it rewards G for staying where it is) nor the target of the G step.

    Values:
        .9 (Salimans 2016). With cross-entropy the D loss then cannot fall below .3251.

    Cost:
        None. Limits on the raw D loss no longer hold.

    How to see that it worked:
        D's logits on reals stay below 2.2 (the logit of .9), and G's gradient no longer fades.

    References:
        Salimans 2016, section 3.4.
    """

    title = "One-sided label smoothing"
    category = "tuning"
    items = ("3.3", "4.3")
    treats = {
        "discriminator-overpowering": 4,
        "discriminator-overfitting": 4,
    }
    check = "D's mean logit on reals stays below 2.2, the logit of .9, within 500 steps."
    avoid_when = "Not with losses without labels, and never on fakes or in the G step."
    references = ("Salimans et al. 2016, section 3.4",)
    settings = {"real_label": 0.9}
    sets = ("real_label",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The paper's value."""
        action = "Train D towards 0.9 instead of 1 on reals; leave 0 on fakes and 1 in the G step."
        return Prescription(action, {"real_label": 0.9})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether the objective says so, or it was declared."""
        smoothing, told = setup.objective.smoothing, declared(setup, self.slug)
        if smoothing is None or told or declared(setup, "noisy-labels"):
            return told  # noisy labels have a mean below 1 too
        return smoothing < 1

    def avoid(self, setup: Setup) -> str | None:
        """It needs labels to smooth."""
        return without_labels(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets D's target on reals."""
        if not 0 < settings["real_label"] <= 1:
            came = settings["real_label"]
            raise ConfigError(f"one-sided-labels.real_label must lie in (0, 1], got {came}")
        plan.real_label = settings["real_label"]
