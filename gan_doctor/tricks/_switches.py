"""Switching tricks on in a plan, and refusing those that exclude each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gan_doctor.core import ConfigError, Setup
from gan_doctor.tricks._base import Trick, known, trick
from gan_doctor.tricks._plan import Plan


def switch_on(
    plan: Plan, tricks: Mapping[str, Mapping[str, Any]], allow_conflicts: bool = False
) -> None:
    """Applies tricks to a plan, in the order of their names.

    Args:
        plan: Is changed.
        tricks: The settings of each trick, by slug; what is left out has its default.
        allow_conflicts: Whether a combination that is known to fail is let through.

    Raises:
        UnknownNameError: No trick or setting has that name.
        ConfigError: A setting has a wrong value, or the combination is refused.
    """
    for slug in sorted(tricks):
        card = trick(slug)
        card.apply(plan, card.configured(tricks[slug]))
    if not allow_conflicts:
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
    for slug in slugs:
        if reason := conflict(trick(slug), setup):
            raise ConfigError(f"{slug} cannot be used here: {reason}")


def conflict(card: Trick, setup: Setup) -> str:
    """Why a trick must not join a set-up, "" where nothing is known against it.

    Asked of the card, and of every other trick in use that excludes it.
    """
    if reason := card.avoid(setup):
        return reason
    for slug, other in known().items():
        reason = card.excludes.get(slug) or other.excludes.get(card.slug)
        if reason and slug != card.slug and other.in_use(setup):
            return f"{slug} is in use, and {reason}"
    return ""


def cautions(slugs: Iterable[str], plan: Plan) -> tuple[str, ...]:
    """What to be careful with: pairs that work, but with a loss, a sentence each."""
    slugs = tuple(sorted(slugs))
    setup = plan.setup(slugs)
    return tuple(
        f"{slug} beside {other}: {reason}"
        for slug in slugs
        for other, reason in trick(slug).with_care.items()
        if trick(other).in_use(setup)
    )
