"""One cause, one headline: findings that follow from another stand under it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gan_doctor.core import SEVERITIES, Finding, Verdict
from gan_doctor.detectors import known

# A fault of the wiring explains whatever a training does after it.
_WIRING = (
    "player-not-updated",
    "labels-swapped",
    "double-sigmoid",
    "loss-not-backpropagated",
    "train-eval-mismatch",
    "data-not-shuffled",
    "incompatible-pair",
)
_WRONG = _WIRING[:-1]  # an unwise pair explains no more than it is bad
_ANYTHING = ("non-finite", "divergence", "exploding-gradient", *_WIRING)
_OF_THE_GAME = ("discriminator-overpowering", "discriminator-failing", "stalled-at-chance")

# What each signature can follow from, the strongest cause first.
_FOLLOWS_FROM: Mapping[str, tuple[str, ...]] = {
    "non-finite": ("divergence", "exploding-gradient", *_WIRING),
    "exploding-gradient": ("divergence", *_WIRING),
    "divergence": _WIRING,
    "player-not-updated": ("learning-rate-exhausted", "labels-swapped"),
    "vanishing-generator-gradient": (
        *_ANYTHING,
        "learning-rate-exhausted",
        "discriminator-overpowering",
    ),
    "discriminator-overpowering": (*_ANYTHING, "value-range-mismatch", "discriminator-overfitting"),
    "discriminator-failing": (*_ANYTHING, "learning-rate-exhausted"),
    "stalled-at-chance": (*_ANYTHING, "learning-rate-exhausted", "discriminator-failing"),
    "non-convergence": (*_ANYTHING, "mode-collapse", "mode-hopping"),
    "mode-collapse": (*_ANYTHING, *_OF_THE_GAME, "latent-ignored"),
    "mode-dropping": (
        *_ANYTHING,
        *_OF_THE_GAME,
        "latent-ignored",
        "condition-ignored",
        "mode-collapse",
        "mode-hopping",
        "intra-class-collapse",
        "memorization",
    ),
    "mode-hopping": (
        *_ANYTHING,
        *_OF_THE_GAME,
        "latent-ignored",
        "mode-collapse",
        "intra-class-collapse",
    ),
    "intra-class-collapse": (*_ANYTHING, *_OF_THE_GAME, "latent-ignored", "mode-collapse"),
    "latent-ignored": _ANYTHING,
    "condition-ignored": (*_ANYTHING, *_OF_THE_GAME, "mode-collapse"),
    "noise-output": (
        *_ANYTHING,
        "learning-rate-exhausted",
        *_OF_THE_GAME,
        "vanishing-generator-gradient",
        "mode-collapse",
    ),
    "blurry-output": (*_ANYTHING, "auxiliary-loss-dominates", *_OF_THE_GAME, "mode-collapse"),
    "checkerboard": (*_ANYTHING, "mode-collapse"),
    "quality-regression": (
        *_ANYTHING,
        *_OF_THE_GAME,
        "discriminator-overfitting",
        "latent-ignored",
        "condition-ignored",
        "mode-collapse",
        "non-convergence",
    ),
    "value-range-mismatch": ("non-finite",),
    "augmentation-leak": ("non-finite", "mode-collapse"),
    "memorization": ("mode-collapse", "intra-class-collapse"),
}


def related(code: str, other: str) -> bool:
    """Whether the signature of one code can follow from that of the other, either way.

    Args:
        code: Such as `GD401`.
        other: Another.
    """
    slugs = {kind.code: slug for slug, kind in known().items()}
    one, two = slugs[code], slugs[other]
    return two in _FOLLOWS_FROM.get(one, ()) or one in _FOLLOWS_FROM.get(two, ())


def grouped(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts with each consequence pointing at its cause.

    A finding follows from another of the same player that can cause it, began before the finding
    could be known, lasted as long and is as bad: what outlives or outweighs its cause stands for
    itself. Wiring that is wrong outranks everything, also where it only warns.
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
            as_bad |= slug in _WRONG
            if mine and as_bad and other.onset <= finding.alarm and _end(other) >= _end(finding):
                # The last of a chain is named, so that all of it stands under one headline.
                return _cause(other, found) or other.slug
    return ""


def _end(finding: Finding) -> float:
    return math.inf if finding.cleared is None else finding.cleared
