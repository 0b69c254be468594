"""What answers a finding: the decision table of the catalogue, which the cards carry.

What no card carries stands in `corrections`.
"""

from __future__ import annotations

from gan_doctor.core import Finding, Remedy, Run
from gan_doctor.diagnosis.corrections import corrections
from gan_doctor.tricks import CATEGORIES, Trick, conflict, known

AT_MOST = 3


def tricks_for(slug: str) -> tuple[Trick, ...]:
    """The cards that answer a signature: tuning before loss before architecture, then by rank."""
    cards = [card for card in known().values() if slug in card.treats]
    return tuple(
        sorted(cards, key=lambda card: (CATEGORIES.index(card.category), card.treats[slug]))
    )


def remedies(run: Run, finding: Finding) -> tuple[Remedy, ...]:
    """At most three remedies for a finding, with the values for this run.

    What corrects the fault itself comes before any trick. Of the rest, the first of each category
    comes before the second of any: change one thing, restart, and only then go on to the next kind.
    A trick in use is left out, and so is one that something in this run speaks against.
    """
    found = corrections(run, finding)
    first = [correction.remedy for correction in found if correction.category is None]
    ranked = [(CATEGORIES.index(c.category), c.rank, c.remedy) for c in found if c.category]
    for card in tricks_for(finding.slug):
        remedy = _fitted(card, run, finding)
        if remedy is not None:
            ranked.append((CATEGORIES.index(card.category), card.treats[finding.slug], remedy))
    offers: list[tuple[int, int, Remedy]] = []
    for category, _, remedy in sorted(ranked, key=lambda offer: offer[:2]):
        before = sum(kind == category for _, kind, _ in offers)
        offers.append((before, category, remedy))
    chosen = sorted(offers, key=lambda offer: offer[:2])[: max(0, AT_MOST - len(first))]
    rest = [remedy for _, _, remedy in sorted(chosen, key=lambda offer: offer[1::-1])]
    return tuple((first + rest)[:AT_MOST])


def wanted_by(*findings: Finding) -> list[Remedy]:
    """The remedies that a cause and its consequences ask for, each once."""
    wanted: dict[str, Remedy] = {}
    for remedy in (r for finding in findings for r in finding.remedies):
        wanted.setdefault(remedy.slug, remedy)
    return list(wanted.values())


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
