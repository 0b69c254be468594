"""Learning rates that fall linearly towards the end (catalogue 7.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan, Training

__all__ = ["LRDecay"]

_START, _FLOOR = 0.5, 0.0
_KEPT = 0.1  # of a rate that has run out: our choice


class LRDecay(Trick):
    """Lets both learning rates fall in a straight line over the last part of the training.

    What it does:
        With a constant rate the players keep circling at a distance that the rate sets. A falling
        rate lets them settle.

    When to use it:
        Oscillation and hopping in a training that is otherwise good, losses that run away late, and
        quality that was better before. A schedule that ended too early is replaced by one that ends
        with the training.

    When not to:
        On a collapse or a D that has won: slower, they stay what they are. Curves after the start
        of the fall look calmer, which is not convergence. With an end that is not known.

    Values:
        From half of the training on (as CycleGAN does), down to 0 at the declared end. floor is the
        share of the rate that is left at the end; 1 is a constant rate.

    Cost:
        None; less is learned per step towards the end.

    How to see that it worked:
        From the start of the fall on, the sample measures move less from check to check and rise.

    References:
        Zhu 2017, CycleGAN; Gulrajani 2017; Miyato 2018.
    """

    title = "Falling learning rates"
    category = "tuning"
    items = ("7.11",)
    treats = {
        "divergence": 3,
        "learning-rate-exhausted": 1,
        "non-convergence": 5,
        "mode-hopping": 5,
        "quality-regression": 2,
    }
    check = "Once the rates fall, the sample measures move less from check to check and rise."
    avoid_when = "Not on a collapse, nor without a declared end."
    references = ("Zhu et al. 2017, CycleGAN", "Gulrajani et al. 2017", "Miyato et al. 2018")
    settings = {"start": _START, "floor": _FLOOR}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Over the second half of the declared budget."""
        budget = run.budget
        start = f"step {round(budget * _START)}" if budget else "half of the training is done"
        end = f"the end, step {budget}" if budget else "its end"
        if finding.slug == "learning-rate-exhausted":
            verb, floor, low = "Replace the schedule: keep", _KEPT, "a tenth"
        else:
            verb, floor, low = "Keep", _FLOOR, "0"
        action = (
            f"{verb} both learning rates until {start}, then lower them in a line to {low} at "
            f"{end}."
        )
        return Prescription(action, {"start": _START, "floor": floor})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared; the rates of the set-up are those of the first step."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the rates of all groups before each step, from those at the first one."""
        start, floor = settings["start"], settings["floor"]
        if start >= 1:
            raise ConfigError(f"{self.slug}.start must lie in [0, 1), got {start}")
        if floor > 1:
            raise ConfigError(f"{self.slug}.floor must lie in [0, 1], got {floor}")

        def remember(now: Training) -> None:
            for group in now.param_groups:
                group["initial_lr"] = group["lr"]

        def lower(now: Training) -> None:
            left = 1 - (1 - floor) * max(0.0, (now.done - start) / (1 - start))
            for group in now.param_groups:
                group["lr"] = left * group["initial_lr"]

        plan.at_start.append(remember)
        plan.before_step.append(lower)
