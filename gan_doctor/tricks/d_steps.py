"""How many D steps a G step gets (catalogue 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import changes, rates
from gan_doctor.tricks._plan import Plan

__all__ = ["DSteps"]

_AT_MOST = 5  # n_critic of Gulrajani 2017


class DSteps(Trick):
    """Sets how many steps D makes for each step of G.

    What it does:
        Fewer D steps keep D from running away from G; more let a slow D catch up.

    When to use it:
        Fewer when D wins and makes several steps; more when D takes fakes for real.

    When not to:
        Fewer is wrong for Wasserstein critics, which should be near their optimum, and for a D that
        is held back by R1 or spectral norm. A different learning rate for D (ttur) is cheaper.

    Values:
        1 for most losses; 5 for the Wasserstein loss (Gulrajani 2017).

    Cost:
        Each additional D step costs a forward pass of G and a step of D.

    How to see that it worked:
        D's AUROC moves off its extreme within 500 steps.

    References:
        Goodfellow 2014, algorithm 1; Arjovsky and Bottou 2017, theorems 2.1 to 2.4.
    """

    title = "D steps per G step"
    category = "tuning"
    items = ("2.4",)
    treats = {
        "discriminator-overpowering": 2,
        "discriminator-failing": 2,
        "stalled-at-chance": 3,
    }
    cost_note = "Each additional D step takes about half as long as an iteration."
    check = "D's AUROC moves off its extreme within 500 steps."
    avoid_when = "Not fewer for a Wasserstein critic: it should be near its optimum."
    references = ("Goodfellow et al. 2014, algorithm 1", "Arjovsky & Bottou 2017")
    settings = {"d_steps": 1}
    sets = ("d_steps",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """One where D wins; twice as many, up to 5, where it falls behind."""
        measured = run.setup.d_steps
        if finding.slug == "discriminator-overpowering":
            if run.setup.objective.family == "wasserstein":
                return None
            if measured is None:
                return Prescription("Make one D step per G step, not more.", {"d_steps": 1})
            now = round(measured)
            return _from_to(now, 1) if now > 1 else None
        lr = rates(run.setup, finding.player)
        if finding.slug == "stalled-at-chance" and lr.get("lr_d", 0) >= lr.get("lr_g", 0):
            return None  # a D that is not the slower one has another reason to see nothing
        now = max(1, round(measured or 1))
        return _from_to(now, min(2 * now, _AT_MOST)) if now < _AT_MOST else None

    def in_use(self, setup: Setup) -> bool | None:
        """Every run makes some; None when the log does not tell how many."""
        return None if setup.d_steps is None else False

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up speaks against it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the number of D steps."""
        if settings["d_steps"] < 1:
            raise ConfigError("d-steps.d_steps must be at least 1, got 0")
        plan.d_steps = settings["d_steps"]


def _from_to(now: int, then: int) -> Prescription:
    return Prescription(changes({"d_steps": now}, {"d_steps": then}), {"d_steps": then})
