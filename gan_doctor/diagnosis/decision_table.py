"""Which tricks answer a finding: the decision table of the catalogue, which the cards carry."""

from __future__ import annotations

from gan_doctor.core import Finding, Remedy, Run
from gan_doctor.tricks import CATEGORIES, Trick, conflict, known

AT_MOST = 3


def tricks_for(slug: str) -> tuple[Trick, ...]:
    """The cards that answer a signature: tuning before loss before architecture, then by rank."""
    cards = [card for card in known().values() if slug in card.treats]
    return tuple(
        sorted(cards, key=lambda card: (CATEGORIES.index(card.category), card.treats[slug]))
    )


def remedies(run: Run, finding: Finding) -> tuple[Remedy, ...]:
    """At most three tricks for a finding, with the values for this run.

    The first of each category comes before the second of any: change one thing, restart, and only
    then go on to the next kind. A trick in use is left out, and so is one that something in this
    run speaks against.
    """
    offers: list[tuple[int, int, Remedy]] = []
    for card in tricks_for(finding.slug):
        remedy = _fitted(card, run, finding)
        if remedy is not None:
            category = CATEGORIES.index(card.category)
            before = sum(kind == category for _, kind, _ in offers)
            offers.append((before, category, remedy))
    chosen = sorted(offers, key=lambda offer: offer[:2])[:AT_MOST]
    return tuple(remedy for _, _, remedy in sorted(chosen, key=lambda offer: offer[1::-1]))


def _fitted(card: Trick, run: Run, finding: Finding) -> Remedy | None:
    in_use = card.in_use(run.setup)
    if in_use or conflict(card, run.setup):
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
