"""A running average of G's weights to sample from (catalogue 7.4)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, shown
from gan_doctor.tricks._plan import Plan, Training

__all__ = ["EMA"]

_DECAY, _RAMP = 0.999, 0.05
_LEAST, _MOST = 0.99, 0.9999


class EMA(Trick):
    """Keeps a running average of G's weights, from which samples are drawn.

    What it does:
        A G that circles the solution passes it again and again; the average of its weights lies
        nearer to it than any point of the way. Training itself stays as it is, bit for bit.

    When to use it:
        Oscillation, samples that are good at one step and bad at the next, quality that was better
        before.

    When not to:
        To judge the training: the average hides what the live G is going through, so watch the live
        one for its dynamics and the average for quality. It cures no collapse.

    Values:
        decay .999 at each G step, a half-life of 693 steps; .9999 for long trainings (Yazici 2019).
        The half-life is at most ramp times the steps done, StyleGAN's rule, so that the start is
        forgotten; 0 is without. Buffers are copied, not averaged.

    Cost:
        1.01 times, and a second G in memory.

    How to see that it worked:
        The sample measures of the average lie above those of the live G and move less.

    References:
        Yazici 2019; Karras 2018, ProGAN.
    """

    title = "Averaged generator (EMA)"
    category = "tuning"
    items = ("7.4",)
    treats = {
        "non-convergence": 1,
        "mode-hopping": 2,
        "quality-regression": 1,
    }
    cost = 1.01
    cost_note = "A second G in memory, to be saved with the others."
    check = "The sample measures of the average lie above the live G's and move less."
    avoid_when = "Not to judge how training goes: the average hides it."
    references = ("Yazici et al. 2019", "Karras et al. 2018, ProGAN")
    settings = {"decay": _DECAY, "ramp": _RAMP}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """A half-life of a twentieth of the budget, within what is in use."""
        decay = _DECAY
        if run.budget:
            half_life = max(1.0, run.budget / 20)
            decay = min(_MOST, max(_LEAST, float(f"{0.5 ** (1 / half_life):.4f}")))
        half = round(math.log(0.5) / math.log(decay))
        action = (
            f"Keep a running average of G's weights with decay {shown(decay)}, a half-life of "
            f"{half} steps, and sample from it."
        )
        return Prescription(action, {"decay": decay, "ramp": _RAMP})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether an average of a G was seen, or it was declared."""
        return True if setup.ema else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Copies G at the start, and lets the copy follow it."""
        from gan_doctor.nn import ExponentialAverage, stylegan_decay

        decay, ramp = settings["decay"], settings["ramp"]
        if decay >= 1:
            raise ConfigError(f"{self.slug}.decay must lie in [0, 1), got {decay}")

        def start(now: Training) -> None:
            average = ExponentialAverage(now.G, decay)
            plan.kept[self.slug] = average
            now.average = average.module

            def follow(now: Training) -> None:
                # In steps instead of images, and no longer than the decay asks for.
                ramped = stylegan_decay(1, now.step, math.inf, ramp) if ramp else 1.0
                average.update(now.G, min(decay, ramped))

            plan.after_step.append(follow)

        plan.at_start.append(start)
