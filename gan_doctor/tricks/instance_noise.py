"""Noise on all that D sees (catalogue 3.2 and 6.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan, Training

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["InstanceNoise"]

_SD, _UNTIL = 0.1, 0.5


class InstanceNoise(Trick):
    """Adds Gaussian noise to D's input, reals and fakes alike, that fades as training goes on.

    What it does:
        Real and fake images each fill a thin sheet of pixel space, which D can tell apart without
        fault and without a useful gradient. Noise makes the sheets thick, so that they overlap.

    When to use it:
        D wins early, its loss is near 0 and the samples stand still, or G's gradient has gone.
        Losses that circle.

    When not to:
        On one side only: D then learns the noise. On vectors with narrow modes: noise wider than a
        mode hides it. Beside R1, which smooths too, it adds little.

    Values:
        sd .1 for data in [-1, 1] (Sonderby 2017), falling linearly to 0 over the first half of
        training (30 to 100% are in use). Measured here: a fixed sd of 3 blinds D for good.

    Cost:
        None. Fine detail comes late, after the noise has faded.

    How to see that it worked:
        D's AUROC falls below 1 within 500 steps and coverage rises before the noise has gone.

    References:
        Sonderby 2017, section 3; Arjovsky and Bottou 2017, section 3; Roth 2017.
    """

    title = "Instance noise"
    category = "tuning"
    items = ("3.2", "6.5")
    treats = {
        "vanishing-generator-gradient": 2,
        "discriminator-overpowering": 3,
        "non-convergence": 8,
    }
    cost_note = "Fine detail comes only after the noise has faded."
    check = "D's AUROC falls below 1 within 500 steps, and coverage rises before the noise is gone."
    avoid_when = "Not on reals or fakes alone, nor wider than the modes of the data."
    references = ("Sonderby et al. 2017, section 3", "Arjovsky & Bottou 2017, section 3")
    settings = {"sd": _SD, "until": _UNTIL}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The usual sd for images, fading over half of the declared budget."""
        shape = run.setup.sample_shape
        if shape is not None and len(shape) < 3:
            return None  # how wide the modes of vectors are is not known
        budget = run.budget
        end = f"at step {round(budget * _UNTIL)}" if budget else "half-way through training"
        action = (
            f"Add Gaussian noise of sd {_SD} to what D sees, real and fake, falling to 0 {end}."
        )
        return Prescription(action, {"sd": _SD, "until": _UNTIL})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared; no hook can see it."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds noise to D's input, from random numbers of its own."""
        from gan_doctor.nn import annealed, instance_noise

        sd, until = settings["sd"], settings["until"]
        if not 0 < until <= 1:
            raise ConfigError(f"instance-noise.until must lie in (0, 1], got {until}")
        random = plan.generator(self.slug)

        def noisy(x: Tensor, training: Training) -> Tensor:
            return instance_noise(x, annealed(sd, training.done, until), random)

        plan.d_inputs.append(noisy)
