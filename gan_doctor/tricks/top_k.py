"""Training G on its best fakes alone (catalogue 7.18)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan, Training

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TopK"]


class TopK(Trick):
    """Leaves the fakes that D finds worst out of G's loss, more of them as training goes on.

    What it does:
        D's gradient at a fake that is far off may point away from the data. G learns from the fakes
        that D takes to be the most real, at first from all of them.

    When to use it:
        Quality in a training that is stable and varied; it answers no fault by itself.

    When not to:
        Where G collapses or drops modes: it learns from what D likes, and that makes a collapse
        more likely. With relativistic losses, which compare reals and fakes one to one.

    Values:
        From all fakes at the start down to half of them (Sinha 2020), least, half-way through the
        training, until. least 1 is all of them for good.

    Cost:
        None.

    How to see that it worked:
        Precision rises while coverage stays.

    References:
        Sinha 2020, section 3.
    """

    title = "Top-k training of G"
    category = "tuning"
    items = ("7.18",)
    treats = {}
    cost_note = "A collapse becomes more likely."
    check = "Precision rises while coverage stays."
    avoid_when = "Not where G collapses or drops modes, nor with relativistic losses."
    references = ("Sinha et al. 2020, section 3",)
    settings = {"least": 0.5, "until": 0.5}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Nothing: it raises quality at the cost of variety and cures no fault."""
        return None

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """The fakes must be judged apart from the reals."""
        family = setup.objective.family
        if family is None:
            return None
        paired = family.startswith("relativistic")
        return f"the {family} loss compares each fake with a real" if paired else ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Selects among D's logits in the G step."""
        from gan_doctor.nn import annealed_share, top_k

        least, until = settings["least"], settings["until"]
        if not 0 < least <= 1:
            raise ConfigError(f"{self.slug}.least must lie in (0, 1], got {least}")
        if not 0 < until <= 1:
            raise ConfigError(f"{self.slug}.until must lie in (0, 1], got {until}")

        def best(on_fake: Tensor, now: Training) -> Tensor:
            return top_k(on_fake, annealed_share(now.done, least, until))

        if least < 1:
            plan.g_logits.append(best)
