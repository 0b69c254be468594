"""Images in [-1, 1], which a tanh covers (catalogue 6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, not_images, shown
from gan_doctor.tricks._plan import Plan

__all__ = ["DataScaling"]

_SLACK = 0.05  # beyond [-1, 1]; our choice


class DataScaling(Trick):
    """Scales the real images to [-1, 1], the range of the tanh at G's end.

    What it does:
        Where reals and fakes live in different ranges, D tells them apart by brightness alone and
        G cannot reach the reals, whatever it learns.

    When to use it:
        Reals in [0, 1] or [0, 255] and a G that ends in tanh; z-scored images, whose ends a tanh
        cannot reach.

    When not to:
        On points and tables: there G's end is linear and the data is standardised. With a G that
        ends in a sigmoid the range is [0, 1], and with a linear one there is none to meet.

    Values:
        x / 127.5 - 1 for bytes, 2 x - 1 for [0, 1] (Radford 2016, section 4). No settings.

    Cost:
        None.

    How to see that it worked:
        The lowest and highest values of fakes and reals agree within the first 100 steps.

    References:
        Radford 2016, DCGAN, section 4.
    """

    title = "Data in [-1, 1]"
    category = "tuning"
    items = ("6.1",)
    treats = {
        "value-range-mismatch": 1,
        "noise-output": 4,
    }
    cost_note = "Train afresh: all weights have met the old range."
    check = "Lowest and highest values of fakes and reals agree within the first 100 steps."
    avoid_when = "Not on points and tables, nor with a G that ends in a sigmoid."
    references = ("Radford et al. 2016, DCGAN, section 4",)
    sets = ("data_range",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """With the formula for the range that was seen; against noise only where one was seen."""
        seen = run.setup.real_range
        if seen is None:
            generic = "Scale the real images to [-1, 1] and end G in a tanh."
            return Prescription(generic) if finding.slug == "value-range-mismatch" else None
        low, high = seen
        if _fits(low, high) or low == high:
            return None
        end = "which G's tanh covers" if _ends_in(run.setup) == "Tanh" else "and end G in a tanh"
        return Prescription(
            f"Scale the real images from [{shown(low)}, {shown(high)}] to [-1, 1], "
            f"by {_formula(low, high)}, {end}."
        )

    def in_use(self, setup: Setup) -> bool | None:
        """Whether the reals that were seen lie in [-1, 1]; without any, whether it was declared."""
        return _fits(*setup.real_range) if setup.real_range else declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """It is for images, and for a G that can reach both ends."""
        if _ends_in(setup) == "Sigmoid":
            return "G ends in a sigmoid, whose range is [0, 1]"
        return not_images(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the range."""
        plan.data_range = "tanh"


def _ends_in(setup: Setup) -> str:
    return next((n.output_activation for n in setup.networks if n.role == "g"), "")


def _fits(low: float, high: float) -> bool:
    """Whether a range lies in [-1, 1] and uses both sides of it."""
    return -1 - _SLACK <= low < 0 < high <= 1 + _SLACK


def _formula(low: float, high: float) -> str:
    """How to get from a range to [-1, 1]."""
    if low >= 0 and high <= 255:
        return "2 x - 1" if high <= 1 else "x / 127.5 - 1"
    return f"2 (x - {shown(low)}) / {shown(high - low)} - 1"
