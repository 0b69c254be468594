"""The results of a grading as files: a page to read, a table to compute with, and all of it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_doctor.clinic.cases import CAUSES, EXAMINED_ONLY, Split
from gan_doctor.clinic.grading import Graded, Rate, by_code, rates
from gan_doctor.clinic.oracles import ORACLES

_MOST_NAMED = 40  # cases under a row


def save(graded: Sequence[Graded], split: Split, folder: Path, facts: Mapping[str, Any]) -> Path:
    """Writes `clinic-SPLIT.md`, `.csv` and `.json`.

    Args:
        graded: All cases of a split.
        split: Its name.
        folder: Where they go.
        facts: How they were made: the command, the commit, CPU hours.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, found = [case.to_json() for case in graded], rates(graded)
    table = {**facts, "rates": [_rate(rate) for rate in found], "cases": rows}
    page, whole, flat = (folder / f"clinic-{split}.{end}" for end in ("md", "json", "csv"))
    whole.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    flat.write_text(_csv(rows), encoding="utf-8")
    page.write_text(_written(graded, found, split, facts), encoding="utf-8")
    return page


def _written(
    graded: Sequence[Graded], found: Sequence[Rate], split: Split, facts: Mapping[str, Any]
) -> str:
    """The page in Markdown."""
    made = [f"- {name}: {value}" for name, value in facts.items()]
    outcomes = Counter(case.truth.outcome for case in graded)
    ended = ", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items()))
    return "\n".join(
        [
            f"# The clinic: {split}", "", _ABOUT[split], "", *made,
            f"- cases: {len(graded)}, of which {ended}", "",
            "## In short", "", *_table(found), "",
            "## By code", "",
            "Found: a finding of the code stood at the end where the oracle said so. Elsewhere: "
            "where neither it nor a related code was true.", "",
            *_codes(graded), "",
            *(["## What design has never seen", "", *_unseen(graded, found), ""]
              if split == "examination" else []),
            "## Which ones", "", *_named(found), "",
            "## The oracles", "", "| code | instrument | limit |", "|---|---|---|",
            *(f"| {code} | {o.instrument} | {o.limit} |" for code, o in ORACLES.items()), "",
        ]
    )  # fmt: skip


_ABOUT = {
    "design": (
        "The trainings that limits are set on: these numbers say how well they fit, and are no "
        "examination."
    ),
    "examination": "Trainings that no limit was set on.",
}


def _table(found: Sequence[Rate]) -> list[str]:
    rows = [f"| {rate.what} | {_share(rate)} |" for rate in found]
    return ["| | of n | share, 95% interval |", "|---|---|---|", *rows]


def _share(rate: Rate) -> str:
    if not rate.n:
        return "0 of 0 | "
    low, high = rate.interval
    return f"{rate.k} of {rate.n} | {rate.k / rate.n:.1%} [{low:.1%}, {high:.1%}]"


def _codes(graded: Sequence[Graded]) -> list[str]:
    head = ["| code | found | | elsewhere | |", "|---|---|---|---|---|"]
    return [
        *head, *(f"| {code} | {_share(true)} | {_share(other)} |"
                 for code, true, other in by_code(graded)),
    ]  # fmt: skip


def _unseen(graded: Sequence[Graded], found: Sequence[Rate]) -> list[str]:
    """The same rates of those parts of the examination alone."""
    rows = ["| only here | " + " | ".join(rate.what for rate in found) + " |"]
    rows.append("|---" * (1 + len(found)) + "|")
    for part, only in EXAMINED_ONLY.items():
        for value in only:
            mine = [
                case
                for case in graded
                if value in (getattr(case.case, part, ""), CAUSES[case.case.cause].family)
            ]
            cells = (f"{rate.k} of {rate.n}" for rate in rates(mine))
            rows.append(f"| {value} | " + " | ".join(cells) + " |")
    return rows


def _named(found: Sequence[Rate]) -> list[str]:
    """The cases that are not as they should be, row by row."""
    lines = []
    for rate in found:
        if rate.cases:
            some = ", ".join(rate.cases[:_MOST_NAMED])
            more = f", and {len(rate.cases) - _MOST_NAMED} more" * (len(rate.cases) > _MOST_NAMED)
            lines += [f"- **{rate.what}**, not as it should be: {some}{more}"]
    return lines or ["None."]


def _rate(rate: Rate) -> dict[str, Any]:
    low, high = rate.interval if rate.n else (None, None)
    return {
        "what": rate.what, "n": rate.n, "k": rate.k, "low": low, "high": high,
        "cases": list(rate.cases),
    }  # fmt: skip


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line a case; lists and tables as JSON."""
    out = io.StringIO()
    names = [name for name in rows[0] if name != "critical_at"] if rows else []
    table = csv.writer(out, lineterminator="\n")
    table.writerow(names)
    for row in rows:
        cells = (row[name] for name in names)
        table.writerow([json.dumps(c) if isinstance(c, dict | list | tuple) else c for c in cells])
    return out.getvalue()
