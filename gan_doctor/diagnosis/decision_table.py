"""Which tricks answer which signature: the decision table of the catalogue, section 4, as data."""

from __future__ import annotations

from collections.abc import Mapping

from gan_doctor.core import Finding, Remedy, Run
from gan_doctor.tricks import CATEGORIES, Trick, known, trick

AT_MOST = 3

# By the slug of the detector, in the order in which they are considered. Within the answer they
# stand in the order tuning > loss > architecture (catalogue 6.12).
DECISION_TABLE: Mapping[str, tuple[str, ...]] = {
    "non-finite": ("learning-rate", "spectral-norm", "r1-penalty"),
    "discriminator-overpowering": (
        "ttur",
        "d-steps",
        "instance-noise",
        "one-sided-labels",
        "r1-penalty",
        "gradient-penalty",
        "hinge-loss",
        "spectral-norm",
    ),
    "discriminator-failing": ("ttur", "d-steps"),
    "stalled-at-chance": ("ttur", "d-steps", "learning-rate"),
    "mode-collapse": (
        "learning-rate",
        "adam-beta1",
        "r1-penalty",
        "gradient-penalty",
        "packing",
    ),
    "mode-dropping": ("learning-rate", "packing", "r1-penalty", "gradient-penalty"),
    "noise-output": ("ttur", "learning-rate", "hinge-loss", "gradient-penalty"),
}


def remedies(run: Run, finding: Finding) -> tuple[Remedy, ...]:
    """At most three tricks for a finding, with the values for this run.

    The first of each category comes before the second of any: change one thing, restart, and only
    then go on to the next kind. A trick in use is left out, and so is one that something in this
    run speaks against.
    """
    offers: list[tuple[int, int, Remedy]] = []
    for slug in DECISION_TABLE.get(finding.slug, ()):
        card = trick(slug)
        remedy = _fitted(card, run, finding)
        if remedy is not None:
            category = CATEGORIES.index(card.category)
            before = sum(kind == category for _, kind, _ in offers)
            offers.append((before, category, remedy))
    chosen = sorted(offers, key=lambda offer: offer[:2])[:AT_MOST]
    return tuple(remedy for _, _, remedy in sorted(chosen, key=lambda offer: offer[1::-1]))


def _fitted(card: Trick, run: Run, finding: Finding) -> Remedy | None:
    in_use = card.in_use(run.setup)
    if in_use or card.avoid(run.setup):
        return None
    prescription = card.prescribe(run, finding)
    if prescription is None:
        return None
    return Remedy(
        slug=card.slug,
        title=card.title,
        action=prescription.action,
        values=prescription.values,
        cost=card.cost,
        cost_note=card.cost_note,
        check=card.check,
        avoid_when=card.avoid_when,
        references=card.references,
        if_not_already=in_use is None,
    )


def tricks_for(slug: str) -> tuple[str, ...]:
    """The slugs of the tricks that answer a signature, in order; empty where there are none."""
    return tuple(name for name in DECISION_TABLE.get(slug, ()) if name in known())
