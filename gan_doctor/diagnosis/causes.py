"""One cause, one headline: findings that follow from another stand under it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gan_doctor.core import SEVERITIES, Finding, Verdict

# What each signature can follow from, the strongest cause first.
_FOLLOWS_FROM: Mapping[str, tuple[str, ...]] = {
    "discriminator-overpowering": ("non-finite",),
    "discriminator-failing": ("non-finite",),
    "stalled-at-chance": ("non-finite", "discriminator-failing"),
    "mode-collapse": (
        "non-finite",
        "discriminator-overpowering",
        "discriminator-failing",
        "stalled-at-chance",
    ),
    "mode-dropping": (
        "non-finite",
        "discriminator-overpowering",
        "discriminator-failing",
        "mode-collapse",
    ),
    "noise-output": (
        "non-finite",
        "discriminator-overpowering",
        "discriminator-failing",
        "stalled-at-chance",
        "mode-collapse",
    ),
}


def grouped(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts with each consequence pointing at its cause.

    A finding follows from another of the same player that can cause it, began before the finding
    could be known, lasted as long and is as bad: what outlives or outweighs its cause stands for
    itself.
    """
    found = [finding for verdict in verdicts for finding in verdict.findings]
    return tuple(
        replace(v, findings=tuple(replace(f, cause=_cause(f, found)) for f in v.findings))
        for v in verdicts
    )


def _cause(finding: Finding, found: Sequence[Finding]) -> str:
    for slug in _FOLLOWS_FROM.get(finding.slug, ()):
        for other in found:
            mine = other.slug == slug and other.player == finding.player
            as_bad = SEVERITIES.index(other.severity) >= SEVERITIES.index(finding.severity)
            if mine and as_bad and other.onset <= finding.alarm and _end(other) >= _end(finding):
                # The last of a chain is named, so that all of it stands under one headline.
                return _cause(other, found) or other.slug
    return ""


def _end(finding: Finding) -> float:
    return math.inf if finding.cleared is None else finding.cleared
