"""Clipping the norm of the gradient (catalogue 7.10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import ROLES, declared, shown
from gan_doctor.tricks._plan import Plan

if TYPE_CHECKING:
    from torch import nn

__all__ = ["GradientClipping"]

_NORM = 1.0
_HEADROOM = 3.0  # over the usual norm; our choice


class GradientClipping(Trick):
    """Shortens the gradient of a player to a largest norm before its optimizer steps.

    What it does:
        One batch with a huge gradient can throw a network far off, and Adam's memory of it lasts
        for many steps. Clipping keeps the direction and limits the length.

    When to use it:
        Single spikes of the gradient norm, losses that run away after one.

    When not to:
        As a cure for gradients that are not finite: a norm of infinity leaves NaN behind. For a
        gradient that is cut at every step: that is a learning rate too high. With mixed precision,
        unscale first.

    Values:
        Norms from 1 to 10 are in use; 1 is our default. Where the norms before the fault are in
        the log, three times their median, which leaves ordinary steps alone.

    Cost:
        None worth naming.

    How to see that it worked:
        The norm after clipping stays at the limit in few steps, and the losses stop jumping.

    References:
        Pascanu 2013.
    """

    title = "Gradient clipping"
    category = "tuning"
    items = ("7.10",)
    treats = {
        "non-finite": 3,
        "exploding-gradient": 2,
        "divergence": 2,
    }
    check = "The limit is met in few steps, and the losses no longer jump."
    avoid_when = "Not where every step is cut: lower the learning rate there."
    references = ("Pascanu et al. 2013",)
    settings = {"norm": _NORM}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Three times the larger median norm from before the fault, else the default."""
        usual = [_usual(run, role, finding) for role in ROLES]
        known = [norm for norm in usual if norm]
        norm = float(f"{_HEADROOM * max(known):.2g}") if known else _NORM
        why = f", three times what was usual before step {finding.onset:g}" if known else ""
        action = f"Clip the gradient of G and of D to a norm of {shown(norm)}{why}."
        return Prescription(action, {"norm": norm})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Clips each player between its backward pass and its step."""
        norm = settings["norm"]
        if not norm:
            raise ConfigError(f"{self.slug}.norm must be above 0, got {norm}")

        def clip(player: nn.Module) -> None:
            from torch.nn.utils import clip_grad_norm_

            clip_grad_norm_(player.parameters(), norm)

        plan.before_update.append(clip)


def _usual(run: Run, role: str, finding: Finding) -> float | None:
    """The median norm of a player's gradient before the fault, None where none was recorded."""
    series = run.get(f"gradient/{role}", finding.player)
    if series is None:
        return None
    before = series.values[(series.steps < finding.onset) & np.isfinite(series.values)]
    return float(np.median(before)) if len(before) else None
