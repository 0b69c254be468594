"""The one thing that a person wants to know of several runs: which is better, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gan_doctor.core import SEVERITIES, Diagnosis, Finding, Key
from gan_doctor.diagnosis.better import Judged
from gan_doctor.diagnosis.comparison import Comparison
from gan_doctor.report.wording import at, count, harmless, listed, number

_ABBREVIATED = ("fid", "kid", "is")


def comparison_sentence(comparison: Comparison) -> str:
    """Which run is better and by what; else what speaks against one; else that nothing does."""
    parted = _parted(comparison)
    if len(comparison.groups) == 1:
        said = f"The same configuration {len(comparison.names)} times"
        return f"{said}{_range(comparison)}{_sick(comparison)}."
    won = [row for row in comparison.judged if row.winner is not None]
    if won:
        return f"{_better(comparison, won)}{_sick(comparison)}{parted}."
    ranks = [_rank(diagnosis) for diagnosis in comparison.diagnoses]
    least = [i for i, rank in enumerate(ranks) if rank == min(ranks)]
    if len(least) < len(ranks):
        healthier = listed([marked(comparison, i) for i in least])
        verb = "looks" if len(least) == 1 else "look"
        return f"{healthier} {verb} the healthier{_sick(comparison)}{parted}."
    why = (
        "differs beyond the noise" if comparison.judged else "can be compared: the logs share none"
    )
    return f"None is shown to be better: no FID or sample measure {why}{parted}."


def marked(comparison: Comparison, i: int) -> str:
    """The number and name of a run."""
    return f"[{i + 1}] {harmless(comparison.names[i])}"


def marks(indices: Sequence[int]) -> str:
    """The numbers of some runs: "[1, 2]"."""
    return f"[{', '.join(str(i + 1) for i in indices)}]"


def measure_name(text: str) -> str:
    """A measure in a sentence, by the text of its key: "FID", "kernel distance"."""
    short = Key.parse(text).name.partition("/")[2]
    return short.upper() if short in _ABBREVIATED else harmless(short.replace("_", " "))


def short(value: float) -> str:
    """Three digits that matter."""
    return number(float(f"{value:.3g}"))


def problems(diagnosis: Diagnosis) -> Iterator[Finding]:
    """What stands against a run, causes only."""
    return (f for f in diagnosis.findings if f.standing and f.severity != "info" and not f.cause)


def _better(comparison: Comparison, won: Sequence[Judged]) -> str:
    first = won[0]
    assert first.winner is not None  # what has no winner is not among them
    group = comparison.groups[first.winner]
    who = marked(comparison, group[0]) if len(group) == 1 else f"{marks(group)} (one configuration)"
    verb = "is" if len(group) == 1 else "are"
    others = [g for n, g in enumerate(comparison.groups) if n != first.winner]
    means = [mean for g in others if (mean := _mean(first, g)) is not None]
    next_best = min(means) if first.better == "lower" else max(means)
    gap = f"{short(_mean(first, group) or 0.0)} against {short(next_best)}"
    return f"{who} {verb} better: {measure_name(first.series)} {gap}{_but(comparison, first, won)}"


def _but(comparison: Comparison, first: Judged, won: Sequence[Judged]) -> str:
    """What speaks against the winner, and what more telling measure does not tell."""
    against = [measure_name(row.series) for row in won if row.winner != first.winner]
    before = comparison.judged[: comparison.judged.index(first)]
    undecided = [measure_name(row.series) for row in before]
    said = f", but worse by {listed(list(dict.fromkeys(against)))}" if against else ""
    if undecided:
        names = listed(list(dict.fromkeys(undecided)))
        verb = "shows" if len(set(undecided)) == 1 else "show"
        said += f" ({names} {verb} no difference beyond the noise)"
    return said


def _mean(row: Judged, group: Sequence[int]) -> float | None:
    known = [v for i in group if (v := row.reached[i].value) == v]  # NaN is unlike itself
    return sum(known) / len(known) if known else None


def _range(comparison: Comparison) -> str:
    if not comparison.judged:
        return ""
    row = comparison.judged[0]
    known = [v for reached in row.reached if (v := reached.value) == v]
    return f": {measure_name(row.series)} {short(min(known))} to {short(max(known))}"


def _sick(comparison: Comparison) -> str:
    """The first thing that stands against the sickest run."""
    ranks = [_rank(diagnosis) for diagnosis in comparison.diagnoses]
    if not any(ranks):
        return ""
    worst = ranks.index(max(ranks))
    diagnosis = comparison.diagnoses[worst]
    found = next(problems(diagnosis), None)
    if found is None:
        return ""
    alike = sum(rank == max(ranks) for rank in ranks) - 1
    more = f" (and {count(alike, 'other')} is as sick)" if alike == 1 else (
        f" (and {count(alike, 'other')} are as sick)" if alike else ""
    )  # fmt: skip
    since = f"since {at(diagnosis.run, found.onset)}"
    return f"; [{worst + 1}] has {harmless(found.slug)} ({found.severity}) {since}{more}"


def _rank(diagnosis: Diagnosis) -> int:
    """0 for a run that nothing stands against."""
    return max((SEVERITIES.index(f.severity) for f in problems(diagnosis)), default=0)


def _parted(comparison: Comparison) -> str:
    """Where two runs part, in a sentence about two."""
    if len(comparison.names) != 2 or not comparison.partings[0]:
        return ""
    first = comparison.partings[0][0]
    where = at(comparison.diagnoses[0].run, first.step)
    return (
        "; they differ from the first value on"
        if first.from_the_start
        else f"; they part at {where}"
    )
