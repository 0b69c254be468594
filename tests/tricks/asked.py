"""What a card answers for a made-up run, and what it does to a plan."""

from __future__ import annotations

from typing import Any

from gan_doctor.core import Finding, Run, Series, Setup
from gan_doctor.tricks import Plan, Prescription, trick


def offer(
    slug: str, finding: Finding, series: tuple[Series, ...] = (), **facts: Any
) -> Prescription | None:
    """What a card prescribes for a finding, with facts of the set-up."""
    return trick(slug).prescribe(Run("run", series=series, setup=Setup(**facts)), finding)


def offered(slug: str, finding: Finding, **facts: Any) -> Prescription:
    """The same, where it must prescribe something."""
    found = offer(slug, finding, **facts)
    assert found is not None
    return found


def applied(slug: str, plan: Plan | None = None, **settings: Any) -> Plan:
    """A plan, the default one unless given, with a card switched on in it."""
    plan = plan or Plan()
    trick(slug).apply(plan, trick(slug).configured(settings))
    return plan
