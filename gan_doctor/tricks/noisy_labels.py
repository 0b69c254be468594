"""Noisy targets on reals (catalogue 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, without_labels
from gan_doctor.tricks._plan import Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["NoisyLabels"]


class NoisyLabels(Trick):
    """Trains D towards a random target below 1 for each real, and still towards 0 on fakes.

    What it does:
        As one-sided smoothing it keeps D from ever larger logits on reals. The target also differs
        from step to step, so that D cannot settle on it or learn single reals by heart.

    When to use it:
        D is overconfident, or overfits, and one fixed soft label was not enough.

    When not to:
        With losses without labels (Wasserstein, hinge, relativistic). Not on fakes, nor in the G
        step. Beside one-sided-labels: both set D's target on reals.

    Values:
        Uniform between low .8 and high 1. Draws above 1 count as 1: a target above 1 would leave
        the loss without a floor. The floor of D's loss follows from the mean target.

    Cost:
        None. Limits on the raw D loss no longer hold.

    How to see that it worked:
        D's logits on reals stay below 2.2, the logit of .9, on average.

    References:
        Salimans 2016, section 3.4; Chintala 2016, ganhacks.
    """

    title = "Noisy labels"
    category = "tuning"
    items = ("3.3", "4.3")
    treats = {
        "discriminator-overpowering": 6,
        "discriminator-overfitting": 5,
    }
    check = "D's mean logit on reals stays below 2.2, the logit of .9, within 500 steps."
    avoid_when = "Not with losses without labels, and never on fakes or in the G step."
    references = ("Salimans et al. 2016, section 3.4", "Chintala et al. 2016, ganhacks")
    settings = {"low": 0.8, "high": 1.0}
    sets = ("real_label",)
    excludes = {"one-sided-labels": "soft and noisy labels both set D's target on reals"}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The usual range."""
        action = "Draw D's targets on reals from U[0.8, 1]; leave 0 on fakes and 1 in the G step."
        return Prescription(action, {"low": 0.8, "high": 1.0})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It needs labels."""
        return without_labels(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Draws D's targets on reals, from random numbers of its own."""
        from gan_doctor.nn import noisy_labels

        low, high = settings["low"], settings["high"]
        if not 0 < low <= 1:
            raise ConfigError(f"noisy-labels.low must lie in (0, 1], got {low}")
        if high < low:
            raise ConfigError(f"noisy-labels.high must not lie below low {low}, got {high}")
        random = plan.generator(self.slug)

        def noisy(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
            return noisy_labels(len(real), low, high, random, real.device), fake

        plan.real_label = _mean_target(low, high)
        if low < min(high, 1):
            plan.d_targets.insert(0, noisy)  # first: a flip is to swap these targets


def _mean_target(low: float, high: float) -> float:
    """Of U[low, high], where what lies above 1 counts as 1."""
    if high <= 1:
        return (low + high) / 2
    return ((1 - low**2) / 2 + (high - 1)) / (high - low)
