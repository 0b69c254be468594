"""Lower learning rates, from scratch (catalogue 1.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import ROLES, USUAL_BETA1, beta1, by_adam, changes, rates, shown
from gan_doctor.tricks._plan import Plan

__all__ = ["LearningRate"]

_DCGAN = 2e-4

# By what rates are cut that are not above the usual one.
_CUT = {
    "non-finite": 3,
    "exploding-gradient": 3,
    "divergence": 3,
    "stalled-at-chance": 1,
    "non-convergence": 2,
    "mode-collapse": 2,
    "mode-dropping": 2,
    "mode-hopping": 2,
    "quality-regression": 2,
}
_START = {"quality-regression": "go on from the best checkpoint"}


class LearningRate(Trick):
    """Sets the learning rates of G and D to values that are known to work, and starts again.

    What it does:
        Scales the steps of both optimizers. Of all settings this one decides most: a factor of 2
        can separate a collapse from a good run.

    When to use it:
        First, on values and gradients that run away, collapse, dropped modes and losses that circle
        (rates too high), on noise with a G that hardly moves (rate too low), and where a schedule
        has taken the rate to nothing before the samples were good.

    When not to:
        On weights that have collapsed: they seldom recover, so start from scratch. Lowering the
        rate of one player alone changes the balance: see ttur. All losses look smoother afterwards,
        which is not convergence.

    Values:
        2e-4 for both with Adam (Radford 2016); on trouble 1/2, 1/3 or 1/10 of what you have. Small
        networks bear more: this package's 8x8 digits train best at 1e-3.

    Cost:
        Nothing per step; proportionally more steps.

    How to see that it worked:
        The losses stop jumping and coverage rises within the first tenth of the budget.

    References:
        Radford 2016, DCGAN, section 4.
    """

    title = "Learning rates"
    category = "tuning"
    items = ("1.1.3",)
    treats = {
        "non-finite": 1,
        "exploding-gradient": 1,
        "divergence": 1,
        "learning-rate-exhausted": 2,
        "stalled-at-chance": 2,
        "non-convergence": 2,
        "mode-collapse": 1,
        "mode-dropping": 1,
        "mode-hopping": 3,
        "noise-output": 2,
        "quality-regression": 3,
    }
    cost_note = "Needs proportionally more steps, from scratch."
    check = "Within a tenth of the budget the losses stop jumping and sample coverage rises."
    avoid_when = "Not on collapsed weights: they seldom recover, so start from scratch."
    references = ("Radford et al. 2016, DCGAN, section 4",)
    settings = {"lr_g": _DCGAN, "lr_d": _DCGAN}
    sets = ("lr_g", "lr_d")

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Lowers what is high for this fault; for noise also raises what is far too low."""
        now = rates(run.setup, finding.player)
        if finding.slug == "learning-rate-exhausted":
            return _restored(now) if by_adam(run.setup) else None
        if not now and finding.slug in ("stalled-at-chance", "noise-output"):
            return None
        if not now or not by_adam(run.setup):
            factor = _CUT.get(finding.slug, 1)
            text = f"Divide both learning rates by {factor} and {_start(finding.slug)}."
            return Prescription(text) if factor > 1 else None
        high = max(now.values()) > _DCGAN
        if finding.slug in _CUT and not high and (beta1(run.setup) or 0) > USUAL_BETA1:
            return None  # the momentum is the likelier fault
        then = {name: _fitted(lr, finding.slug, high) for name, lr in now.items()}
        then = {name: lr for name, lr in then.items() if lr != now[name]}
        if not then:
            return None
        text = changes(now, then).rstrip(".")
        return Prescription(f"{text}, and {_start(finding.slug)}.", then)

    def in_use(self, setup: Setup) -> bool | None:
        """Every run has a rate; whether it needs another is for `prescribe` to say."""
        return False

    def avoid(self, setup: Setup) -> str | None:
        """Nothing speaks against it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets both rates."""
        plan.lr_g, plan.lr_d = settings["lr_g"], settings["lr_d"]


def _start(finding: str) -> str:
    return _START.get(finding, "start again from scratch")


def _restored(first: Mapping[str, float]) -> Prescription:
    """The rates that training began with, where they are of the usual size, else the usual ones."""
    then = {f"lr_{role}": first.get(f"lr_{role}", _DCGAN) for role in ROLES}
    then = {name: lr if lr >= _DCGAN / 10 else _DCGAN for name, lr in then.items()}
    said = " and ".join(f"{name} {shown(lr)}" for name, lr in then.items())
    return Prescription(f"End the schedule and go on with {said}.", then)


def _fitted(lr: float, finding: str, high: bool) -> float:
    if lr < _DCGAN / 10:
        return _DCGAN if finding == "noise-output" else lr
    # What is above the usual rate comes down to it first; only where nothing is, the rates are cut.
    return min(lr, _DCGAN) if high else float(f"{lr / _CUT.get(finding, 1):.2g}")
