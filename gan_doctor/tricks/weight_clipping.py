"""Weight clipping, the first bound of a Wasserstein critic (catalogue 1.2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, penalised, shown, spectral_norm_in_d
from gan_doctor.tricks._plan import Plan

__all__ = ["WeightClipping"]

_PENALISED = "a penalty on D's gradient and clipped weights both bound its slope: use one"


class WeightClipping(Trick):
    """Cuts each weight of D to within a limit of 0 after each of its steps.

    What it does:
        Weights that cannot grow bound D's slope, which the Wasserstein loss needs. Both players are
        stepped by RMSProp, as the paper found training unstable with Adam's momentum.

    When to use it:
        To reproduce Arjovsky 2017. The gradient penalty and spectral normalisation are better
        bounds for the same loss.

    When not to:
        With another loss. Beside another bound on D. Most weights end at one of the two limits, so
        that D becomes a simple function, and its gradients grow or fade with its depth (Gulrajani
        2017, section 3).

    Values:
        Limit .01, RMSProp at 5e-5 (Arjovsky 2017, algorithm 1).

    Cost:
        None.

    How to see that it worked:
        D's logits stay bounded from the first hundred steps on, and samples improve.

    References:
        Arjovsky 2017, algorithm 1; Gulrajani 2017, section 3.
    """

    title = "Weight clipping"
    category = "loss"
    items = ("1.2.2",)
    treats = {}
    cost_note = "D uses less of its capacity."
    check = "D's logits stay bounded from the first hundred steps on, and samples improve."
    avoid_when = "Not with another loss than the Wasserstein loss, nor beside another bound on D."
    references = ("Arjovsky et al. 2017, algorithm 1", "Gulrajani et al. 2017, section 3")
    settings = {"limit": 0.01, "lr": 5e-5}
    sets = ("optimizer", "lr_g", "lr_d")
    excludes = {
        "dragan": _PENALISED,
        "gradient-penalty": _PENALISED,
        "r1-penalty": _PENALISED,
        "r2-penalty": _PENALISED,
        "spectral-norm": "clipped weights beside normalised ones bound D's slope twice: use one",
    }
    with_care = {"unrolled": "The look-ahead steps D without clipping it."}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The paper's values, for a Wasserstein critic that nothing bounds."""
        setup = run.setup
        if setup.objective.family != "wasserstein":
            return None
        if penalised(setup, "gradient-penalty") or spectral_norm_in_d(setup):
            return None
        limit, lr = self.settings["limit"], self.settings["lr"]
        action = (
            f"Clip D's weights to [-{limit}, {limit}] after each D step, and step both players "
            f"with RMSProp at {shown(lr)}."
        )
        return Prescription(action, {"limit": limit, "lr": lr})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared; no hook can see it."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It is a bound for the Wasserstein loss."""
        family = setup.objective.family
        if family is None:
            return None
        return "" if family == "wasserstein" else f"it is for the Wasserstein loss, not {family}"

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Steps both players with RMSProp, and clips D after each of its steps."""
        from gan_doctor.nn import clip_weights

        limit, lr = settings["limit"], settings["lr"]
        for name, value in (("limit", limit), ("lr", lr)):
            if value == 0:
                raise ConfigError(f"weight-clipping.{name} must lie above 0, got 0")
        plan.optimizer, plan.lr_g, plan.lr_d = "rmsprop", lr, lr
        plan.after_d_update.append(lambda training: clip_weights(training.D, limit))
