"""The results of the treatments as files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from gan_doctor.clinic import markdown as md
from gan_doctor.clinic.cases import Split
from gan_doctor.clinic.grading import Rate
from gan_doctor.clinic.trials import ARMS, PRESCRIBED, TRIES, Treated, Trial

WORSE = 0.1  # of quality, by which a treatment may not be worse than none


@dataclass(frozen=True)
class Arm:
    """How one way of trying did, on the failures of one kind.

    Args:
        arm: Of `ARMS`.
        first: How often its first try succeeds.
        any: How often one of its tries does.
        only: Failures that what is prescribed alone cures, and this arm alone.
        p: Of McNemar's exact test of these two.
    """

    arm: str
    first: Rate
    any: Rate
    only: tuple[int, int]
    p: float


def arms(treated: Sequence[Treated]) -> list[Arm]:
    """Each way of trying, the prescribed one first."""
    rows = []
    for arm in ARMS:
        ours = sum(one.recovers(PRESCRIBED) and not one.recovers(arm) for one in treated)
        theirs = sum(one.recovers(arm) and not one.recovers(PRESCRIBED) for one in treated)
        rows.append(
            Arm(
                arm,
                Rate.of("the first", treated, partial(Treated.recovers, arm=arm, tries=1)),
                Rate.of(f"any of {TRIES}", treated, partial(Treated.recovers, arm=arm)),
                (ours, theirs),
                float(binomtest(ours, ours + theirs).pvalue) if ours + theirs else 1.0,
            )
        )
    return rows


def by_remedy(treated: Sequence[Treated]) -> list[tuple[str, Rate]]:
    """Each remedy that was tried, and how often it cured; those tried most come first."""
    tries: dict[str, list[bool]] = {}
    for one in treated:
        for trial in one.of(PRESCRIBED):
            tries.setdefault(trial.what, []).append(trial.outcome == "succeeded")
    found = [(what, Rate("cured", len(cured), sum(cured))) for what, cured in tries.items()]
    return sorted(found, key=lambda pair: (-pair[1].n, pair[0]))


def harmed(treated: Sequence[Treated]) -> Rate:
    """How often a prescribed training ends clearly worse than the failure that it answers."""
    pairs = [(one, trial) for one in treated for trial in one.of(PRESCRIBED)]
    worse = [pair for pair in pairs if _is_worse(*pair)]
    names = tuple(f"{one.case.name} ({trial.what})" for one, trial in worse)
    return Rate(f"worse than untreated by more than {WORSE:g}", len(pairs), len(worse), names)


def _is_worse(one: Treated, trial: Trial) -> bool:
    """No numbers count as the quality of an untrained G."""
    before, after = (0.0 if math.isnan(q) else q for q in (one.quality, trial.quality))
    return after < before - WORSE


def save(treated: Sequence[Treated], split: Split, folder: Path, facts: Mapping[str, Any]) -> Path:
    """Writes `clinic-treatment-SPLIT.md` and `.json`.

    Args:
        treated: The failures of a split.
        split: Its name.
        folder: Where they go.
        facts: How they were made.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page, whole = (folder / f"clinic-treatment-{split}.{end}" for end in ("md", "json"))
    table = {**facts, "cases": [_plain(one) for one in treated]}
    whole.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    page.write_text(_written(treated, split, facts), encoding="utf-8")
    return page


def _plain(one: Treated) -> dict[str, Any]:
    plain = asdict(one) | {"case": one.case.name}
    for part in (plain, *plain["trials"]):
        part["quality"] = None if math.isnan(part["quality"]) else float(f"{part['quality']:.4g}")
    return plain


def _written(treated: Sequence[Treated], split: Split, facts: Mapping[str, Any]) -> str:
    kinds = {
        "Dynamics": [one for one in treated if not one.wiring],
        "Faults that are built in, and of fact": [one for one in treated if one.wiring],
    }
    worst = harmed(treated)
    return "\n".join(
        [
            f"# The clinic: treatment of failures, {split}", "",
            "Each failure is trained again, from other seeds and with the same budget: with the "
            "first remedy that the doctor prescribes, where that fails with the next, and so on; "
            f"and in as many tries, {TRIES} at most, in ways that need no doctor. A success is as "
            "in the grading. Where the doctor prescribes nothing, it has not cured.", "",
            *(f"- {name}: {value}" for name, value in facts.items()),
            *(line for title, some in kinds.items() if some
              for line in ("", f"## {title}", "", *_arms(some))),
            "", "## By remedy", "",
            *md.head("remedy", "cured", ""),
            *(md.row(what, *md.share(rate)) for what, rate in by_remedy(treated)),
            "", "## Harm", "", f"Of the trainings with a remedy, {worst.what}: "
            f"{' '.join(md.share(worst))}{'; ' * bool(worst.cases)}{', '.join(worst.cases)}.", "",
            "## Not cured by any", "", ", ".join(_not_cured(treated)) or "None.", "",
        ]
    )  # fmt: skip


def _arms(treated: Sequence[Treated]) -> list[str]:
    return [
        "Only: failures that the prescription alone cures, and this alone; with McNemar's p.", "",
        *md.head("", "the first", "", f"any of {TRIES}", "", "only", "p"),
        *(md.row(a.arm, *md.share(a.first), *md.share(a.any), "{}, {}".format(*a.only),
                 f"{a.p:.2g}") for a in arms(treated)),
    ]  # fmt: skip


def _not_cured(treated: Sequence[Treated]) -> list[str]:
    left = [one for one in treated if not one.recovers(PRESCRIBED)]
    return [f"{one.case.name} ({one.headline or 'nothing found'})" for one in left]
