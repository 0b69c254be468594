"""What a trick's card says, and the plan of a training that its switch changes."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from gan_doctor.core import ConfigError, Finding, Run, Setup, UnknownNameError, discover

if TYPE_CHECKING:
    import torch
    from torch import nn

Category = Literal["tuning", "loss", "architecture"]
CATEGORIES: tuple[Category, ...] = (
    "tuning",
    "loss",
    "architecture",
)  # the order in which to try (catalogue 6.12)


@dataclass
class Plan:
    """What a training is about to do: numbers, and the named places where tricks plug in.

    The reference loop builds itself from a plan and knows no trick by name; a card's `apply` changes the plan.

    Args:
        family: Loss family.
        lr_g: Learning rate of G.
        lr_d: Learning rate of D.
        betas: Adam's betas, of both.
        d_steps: D steps per G step.
        real_label: Target of the real label, for the families with labels.
        penalties: Names of the penalties on D, told to the monitor.
        group: Samples that D sees as one input.
        d_wrappers: Each takes D as built and returns the D to train.
        d_inputs: Each takes what D is about to see, real or fake, and the share of the training done, and returns
            what D sees instead.
        d_losses: Each takes (D, real, fake) as D sees them and returns a term to add to D's loss.
    """

    family: str = "non-saturating"
    lr_g: float = 2e-4
    lr_d: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    d_steps: int = 1
    real_label: float = 1.0
    penalties: list[str] = field(default_factory=list)
    group: int = 1
    d_wrappers: list[Callable[[nn.Module], nn.Module]] = field(default_factory=list)
    d_inputs: list[Callable[[torch.Tensor, float], torch.Tensor]] = field(default_factory=list)
    d_losses: list[Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]] = field(
        default_factory=list
    )


@dataclass(frozen=True)
class Prescription:
    """A trick fitted to one run.

    Args:
        action: One sentence with this run's numbers: "Lower lr_d from 0.002 to 0.0002."
        values: The settings to use, by their names in `Trick.settings`.
    """

    action: str
    values: Mapping[str, Any] = field(default_factory=dict)


class Trick(ABC):
    """One card. Its docstring is the trick's page, in the sections that `docs` lists.

    Class attributes:
        title: Name for people.
        category: Where it stands in the order tuning > loss > architecture.
        item: Its number in the catalogue.
        cost: Factor on the time of one G and D iteration.
        cost_note: What else it costs, "" for nothing.
        check: How to see that it worked, and after how many steps.
        avoid_when: When not to use it, in one sentence.
        references: Where it comes from.
        settings: Its settings and their defaults.
    """

    title: ClassVar[str]
    category: ClassVar[Category]
    item: ClassVar[str]
    cost: ClassVar[float] = 1.0
    cost_note: ClassVar[str] = ""
    check: ClassVar[str]
    avoid_when: ClassVar[str]
    references: ClassVar[tuple[str, ...]]
    settings: ClassVar[Mapping[str, Any]] = {}

    @property
    def slug(self) -> str:
        """Its name on the command line: the file name with hyphens."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @property
    def page(self) -> str:
        """Its documentation, from the docstring."""
        return inspect.cleandoc(type(self).__doc__ or "")

    @abstractmethod
    def prescribe(self, run: Run, finding: Finding) -> Prescription | None:
        """The trick with the values for this run, None when it has nothing to offer it."""

    @abstractmethod
    def in_use(self, setup: Setup) -> bool | None:
        """Whether the run already uses it; None when the log does not tell."""

    @abstractmethod
    def avoid(self, setup: Setup) -> str | None:
        """Why it must not be used in this run, "" when nothing speaks against it, None when the log does not tell."""

    @abstractmethod
    def apply(self, plan: Plan, **settings: Any) -> None:
        """Switches it on in a plan."""

    def configured(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults with the given settings over them.

        Raises:
            UnknownNameError: There is no such setting.
            ConfigError: A value has the wrong type.
        """
        for name, value in given.items():
            if name not in self.settings:
                raise UnknownNameError(f"setting of {self.slug}", name, self.settings)
            default = self.settings[name]
            number = isinstance(default, int | float) and not isinstance(default, bool)
            if number and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise ConfigError(f"{self.slug}.{name} must be a number, got {value!r}")
        return {**self.settings, **given}


@cache
def known() -> Mapping[str, Trick]:
    """All cards, by slug."""
    from gan_doctor import tricks

    return {slug: kind() for slug, kind in discover(tricks).items()}


def trick(slug: str) -> Trick:
    """The card of that name.

    Raises:
        UnknownNameError: There is none.
    """
    if slug not in known():
        raise UnknownNameError("trick", slug, known())
    return known()[slug]
