"""Which series share a chart, and how each is called in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gan_doctor.core import Run
from gan_doctor.report.colours import BLUE, GREEN, ORANGE, PURPLE
from gan_doctor.report.wording import number


@dataclass(frozen=True)
class Curve:
    """How one series of the vocabulary is drawn."""

    name: str
    label: str
    colour: str
    line: str = "-"


@dataclass(frozen=True)
class Panel:
    """The curves that share an axis.

    Args:
        title: With the unit.
        curves: Those that the run lacks are left out.
        rest: Where the value rests when neither player is ahead, and what to call that.
    """

    title: str
    curves: Sequence[Curve]
    rest: Callable[[Run], tuple[float, str] | None] = lambda run: None


def _equilibrium(run: Run) -> tuple[float, str] | None:
    rest = run.setup.objective.equilibrium
    return None if rest is None else (rest, f"equilibrium, {number(rest)}")


def _chance(run: Run) -> tuple[float, str]:
    return 0.5, "chance"


LOSSES = (
    Panel(
        "D loss",
        (
            Curve("loss/d", "as reported", BLUE),
            Curve("loss/d/clean", "from D's logits, without penalties", GREEN, "--"),
        ),
        _equilibrium,
    ),
    Panel(
        "G loss",
        (
            Curve("loss/g", "as reported", ORANGE),
            Curve("loss/g/adversarial", "adversarial part", PURPLE, "--"),
        ),
    ),
)
SEPARATION = (
    Panel("AUROC of D between real and fake, per batch", (Curve("auroc", "AUROC", BLUE),), _chance),
    Panel(
        "D's logits, batch means",
        (
            Curve("logit/real", "on reals", GREEN),
            Curve("logit/fake", "on fakes", PURPLE, "--"),
        ),
    ),
)
GRADIENTS = (
    Panel(
        "Gradient norm before each optimizer step",
        (Curve("gradient/d", "D", BLUE), Curve("gradient/g", "G", ORANGE, "--")),
    ),
    Panel("Learning rate", (Curve("lr/d", "D", BLUE), Curve("lr/g", "G", ORANGE, "--"))),
)
