"""Orthogonal regularisation (catalogue 7.14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared
from gan_doctor.tricks._plan import Plan

__all__ = ["OrthogonalRegularization"]


class OrthogonalRegularization(Trick):
    """Keeps the filters of a layer apart from each other, in G and in D.

    What it does:
        Adds weight * |W W^T|^2 without the diagonal to both losses, for each layer. Filters that
        point the same way pay; how long each is stays free.

    When to use it:
        Large networks, whose samples lose detail when z is truncated. It answers no fault that is
        found here: it is for the ablation list.

    When not to:
        On a run that is in trouble: the tricks that answer its finding come first.

    Values:
        1e-4 on G (Brock 2019, BigGAN); that D gets it too is our choice.

    Cost:
        1.1 times (our estimate), more for wide layers.

    How to see that it worked:
        Samples from a truncated z (half its standard deviation) stay clean.

    References:
        Brock 2019, BigGAN, section 3.1.
    """

    title = "Orthogonal regularisation"
    category = "loss"
    items = ("7.14",)
    treats = {}
    cost = 1.1
    cost_note = "A product of each layer's weights with themselves."
    check = "Samples from a z of half its standard deviation stay clean."
    avoid_when = "Not on a run that is in trouble for another reason."
    references = ("Brock et al. 2019, BigGAN, section 3.1",)
    settings = {"weight": 1e-4}

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """The paper's weight."""
        action = "Add orthogonal regularisation with weight 1e-4 to both losses."
        return Prescription(action, {"weight": 1e-4})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Adds the term of each player's weights to its loss."""
        from gan_doctor.losses import orthogonal_penalty

        weight = settings["weight"]
        if weight:
            plan.d_losses.append(lambda at: orthogonal_penalty(at.training.D, weight))
            plan.g_losses.append(lambda at: orthogonal_penalty(at.training.G, weight))
