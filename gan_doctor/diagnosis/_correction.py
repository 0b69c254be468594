"""What a correction is, and what those of several kinds ask of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_doctor.core import Finding, Remedy, Run
from gan_doctor.diagnosis.answers import ANSWERS
from gan_doctor.tricks import Category

LAST = 9  # rank behind all cards of a category


@dataclass(frozen=True)
class Correction:
    """One remedy that no trick's card holds.

    Args:
        remedy: What to do.
        category: Where it stands in the order of tricks; None before all of them, since a fault in
            the wiring outranks every trick.
        rank: Its place in its category; cards have ranks from 1 on.
    """

    remedy: Remedy
    category: Category | None = None
    rank: int = 0


def fix(
    finding: Finding, title: str, action: str, check: str, values: Mapping[str, Any] | None = None
) -> Correction:
    """A correction of the fault itself, under the name of its signature."""
    return Correction(Remedy(finding.slug, title, action, values or {}, check=check))


def answer(
    slug: str,
    action: str,
    check: str,
    values: Mapping[str, Any] | None = None,
    rank: int = 0,
    cost_note: str = "",
    avoid_when: str = "",
) -> Correction:
    """One of `ANSWERS`, with what is to be done in this run."""
    said = ANSWERS[slug]
    remedy = Remedy(
        slug, said.title, action, values or {}, cost_note=cost_note, check=check,
        avoid_when=avoid_when,
    )  # fmt: skip
    return Correction(remedy, said.category, rank)


def mean_since(run: Run, finding: Finding, name: str) -> float | None:
    """The mean of a series while a finding stood, None without one."""
    series = run.get(name, finding.player)
    if series is None:
        return None
    end = math.inf if finding.cleared is None else finding.cleared
    inside = (series.steps >= finding.onset) & (series.steps <= end) & np.isfinite(series.values)
    return float(series.values[inside].mean()) if inside.any() else None


def shown_by(finding: Finding) -> str:
    """The name of the series that a finding rests on, without player and features."""
    series = next((e.series for e in finding.evidence if e.important), "")
    return series.partition("@")[0].partition("#")[0]
