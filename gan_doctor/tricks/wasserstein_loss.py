"""The Wasserstein loss (catalogue 1.2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import (
    changed_labels,
    loss_swapped,
    mixed_samples,
    of_family,
    penalised,
    spectral_norm_in_d,
)
from gan_doctor.tricks._plan import Plan

__all__ = ["WassersteinLoss"]

_INSTEAD_OF = ("minimax", "non-saturating", "least-squares", "hinge")
_NO_LABELS = "the Wasserstein loss has no labels to change"


class WassersteinLoss(Trick):
    """Trains D to score reals above fakes by as much as its slope allows, and G to score high.

    What it does:
        D's loss is the mean logit on fakes minus that on reals. Where D's slope is at most 1, the
        difference is how far the fakes have to be moved, and it grows with the distance. So G has a
        gradient even where no fake looks real.

    When to use it:
        D wins under a cross-entropy loss and G's gradient is gone, or the samples collapse.

    When not to:
        Without something that bounds D's slope: it needs weight-clipping, gradient-penalty or
        spectral-norm, and diverges with none. With a sigmoid at the end of D. With smoothed or
        flipped labels: it has none. With ADA: the sign of a logit means nothing here.

    Values:
        5 D steps for each G step (Arjovsky 2017, algorithm 1; Gulrajani 2017, algorithm 1). With
        the gradient penalty Adam at 1e-4 and betas (0, .9); with clipping RMSProp at 5e-5.

    Cost:
        3 to 5 times for each G step, as D makes 5.

    How to see that it worked:
        The difference of the mean logits falls steadily while samples improve. D's loss has neither
        a floor nor a unit: a value near 0 says nothing.

    References:
        Arjovsky 2017, section 3; Gulrajani 2017, section 4.
    """

    title = "Wasserstein loss"
    category = "loss"
    items = ("1.2.2",)
    treats = {
        "vanishing-generator-gradient": 3,
        "discriminator-overpowering": 7,
        "mode-collapse": 5,
    }
    cost = 3.0
    cost_note = "D makes 5 steps for each step of G."
    check = "D's mean logit on reals comes down to that on fakes as samples improve."
    avoid_when = "Not without weight clipping, a gradient penalty or spectral normalisation in D."
    references = ("Arjovsky et al. 2017, section 3", "Gulrajani et al. 2017, section 4")
    settings = {"d_steps": 5}
    sets = ("family", "d_steps")
    excludes = {
        "ada": "the sign of a Wasserstein logit says nothing of how sure D is",
        "label-flipping": _NO_LABELS,
        "noisy-labels": _NO_LABELS,
        "one-sided-labels": _NO_LABELS,
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """In place of a loss that D can win, with the bound on D's slope that it needs."""
        setup = run.setup
        if setup.objective.family not in (None, *_INSTEAD_OF) or mixed_samples(setup):
            return None
        bounded = penalised(setup, "gradient-penalty") or spectral_norm_in_d(setup)
        bound = "" if bounded else ", and the gradient penalty of WGAN-GP in D's loss"
        swap = loss_swapped(setup, "Wasserstein loss")
        return Prescription(f"{swap}, with 5 D steps per G step{bound}.", {"d_steps": 5})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it is the objective."""
        return of_family(setup, "wasserstein")

    def avoid(self, setup: Setup) -> str | None:
        """It has no labels to smooth or flip."""
        return changed_labels(setup, "Wasserstein loss")

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the loss family and the number of D steps."""
        if settings["d_steps"] < 1:
            raise ConfigError("wasserstein-loss.d_steps must be at least 1, got 0")
        plan.family, plan.d_steps = "wasserstein", settings["d_steps"]
