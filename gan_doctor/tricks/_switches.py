"""Switching tricks on in a plan, and refusing those that exclude each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gan_doctor.core import ConfigError
from gan_doctor.tricks._base import trick
from gan_doctor.tricks._plan import Plan


def switch_on(plan: Plan, tricks: Mapping[str, Mapping[str, Any]]) -> None:
    """Applies tricks to a plan, in the order of their names.

    Args:
        plan: Is changed.
        tricks: The settings of each trick, by slug; what is left out has its default.

    Raises:
        UnknownNameError: No trick or setting has that name.
        ConfigError: A setting has a wrong value, or the combination is refused.
    """
    for slug in sorted(tricks):
        card = trick(slug)
        card.apply(plan, card.configured(tricks[slug]))
    check_compatible(tricks, plan)


def check_compatible(slugs: Iterable[str], plan: Plan) -> None:
    """Refuses tricks that exclude each other, or the rest of the plan.

    Args:
        slugs: The tricks that are on.
        plan: The plan with all of them applied.

    Raises:
        ConfigError: Names the trick and the reason.
    """
    slugs = tuple(sorted(slugs))
    setup = plan.setup(slugs)
    set_by: dict[str, str] = {}
    for slug in slugs:
        card = trick(slug)
        for name in card.sets:
            if name in set_by:
                raise ConfigError(f"{set_by[name]} and {slug} both set {name}: use one of them")
            set_by[name] = slug
        if reason := card.avoid(setup):
            raise ConfigError(f"{slug} cannot be used here: {reason}")
