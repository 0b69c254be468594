"""What a trick's card says."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal

from gan_doctor.core import ConfigError, Finding, Run, Setup, UnknownNameError, discover
from gan_doctor.tricks._plan import Plan

Category = Literal["tuning", "loss", "architecture"]
CATEGORIES: tuple[Category, ...] = ("tuning", "loss", "architecture")  # the order in which to try


@dataclass(frozen=True)
class Prescription:
    """A trick fitted to one run.

    Args:
        action: One sentence with this run's numbers: "Lower lr_d from 0.002 to 0.0002."
        values: The settings to use, by their names in `Trick.settings`; empty where the run does
            not tell enough to name a number.
    """

    action: str
    values: Mapping[str, Any] = field(default_factory=dict)


class Trick(ABC):
    """One card. Its docstring is the trick's page, in the sections that `docs` lists.

    Class attributes:
        title: Name for people.
        category: Where it stands in the order tuning > loss > architecture.
        items: Its numbers in the catalogue.
        treats: The signatures that it answers, by slug, each with its rank among the tricks of its
            category there (the decision table of the catalogue, section 4).
        cost: Factor on the time of one G and D iteration.
        cost_note: What else it costs, "" for nothing.
        check: How to see that it worked, and after how many steps.
        avoid_when: When not to use it, in one sentence.
        references: Where it comes from.
        settings: Its settings and their defaults: numbers of 0 or more, or words.
        choices: What a setting that is a word can be.
        sets: Fields of the plan that it sets; no two switches may set the same one.
        excludes: Tricks that it must not be used with, by slug, each with the reason, as the end of
            "X is in use, and ...". It is enough that one of the two says so.
        with_care: Tricks that it works with at a loss, each with a sentence that says which.
    """

    title: ClassVar[str]
    category: ClassVar[Category]
    items: ClassVar[tuple[str, ...]]
    treats: ClassVar[Mapping[str, int]]
    cost: ClassVar[float] = 1.0
    cost_note: ClassVar[str] = ""
    check: ClassVar[str]
    avoid_when: ClassVar[str]
    references: ClassVar[tuple[str, ...]]
    settings: ClassVar[Mapping[str, Any]] = {}
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    sets: ClassVar[tuple[str, ...]] = ()
    excludes: ClassVar[Mapping[str, str]] = {}
    with_care: ClassVar[Mapping[str, str]] = {}

    @property
    def slug(self) -> str:
        """Its name on the command line: the file name with hyphens."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @property
    def page(self) -> str:
        """Its documentation, from the docstring."""
        return inspect.cleandoc(type(self).__doc__ or "")

    def prescribe(self, run: Run, finding: Finding) -> Prescription | None:
        """The trick with the values for this run, None when it has nothing to offer it."""
        return self.fit(run, finding) if finding.slug in self.treats else None

    @abstractmethod
    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """What `prescribe` says of a finding that the trick treats."""

    @abstractmethod
    def in_use(self, setup: Setup) -> bool | None:
        """Whether the run already uses it; None when the log does not tell."""

    @abstractmethod
    def avoid(self, setup: Setup) -> str | None:
        """Why it must not be used with the rest of the set-up.

        Returns:
            A sentence, "" when nothing speaks against it, None when the log does not tell.
        """

    @abstractmethod
    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Switches it on in a plan.

        Args:
            plan: Is changed.
            settings: All of the card's settings, as `configured` gives them.

        Raises:
            ConfigError: A setting is out of range.
        """

    def configured(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults with the given settings over them.

        Raises:
            UnknownNameError: There is no such setting, or a word that it cannot be.
            ConfigError: A value is no number, is not whole where it must be, or is below 0.
        """
        configured = dict(self.settings)
        for name, value in given.items():
            if name not in configured:
                raise UnknownNameError(f"setting of {self.slug}", name, configured)
            configured[name] = self._checked(name, value)
        return configured

    def _checked(self, name: str, value: Any) -> Any:
        if name in self.choices:
            if value not in self.choices[name]:
                raise UnknownNameError(f"{self.slug}.{name}", str(value), self.choices[name])
            return value
        kind = type(self.settings[name])
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < math.inf or kind(value) != value:
            wanted = "whole number" if kind is int else "number"
            raise ConfigError(f"{self.slug}.{name} must be a {wanted} >= 0, got {value!r}")
        return kind(value)


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
