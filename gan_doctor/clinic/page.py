"""The results of a grading as files: a page to read, a table to compute with, and all of it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gan_doctor.clinic import markdown as md
from gan_doctor.clinic.breakdown import (
    FEWEST,
    Code,
    by_code,
    confusion,
    early,
    reliability,
)
from gan_doctor.clinic.cases import CAUSES, EXAMINED_ONLY, Split
from gan_doctor.clinic.comparators import Compared
from gan_doctor.clinic.grading import Graded, Rate, rates
from gan_doctor.clinic.oracles import ORACLES

_MOST_NAMED = 40  # cases under a row


def save(
    graded: Sequence[Graded],
    comparison: Sequence[Compared],
    split: Split,
    folder: Path,
    facts: Mapping[str, Any],
    commit: str = "",
) -> Path:
    """Writes `clinic-SPLIT.md`, `.csv` and `.json`, with the commit in their names if there is one.

    Args:
        graded: All cases of a split.
        comparison: With what a person would do without the doctor; none where there is none.
        split: Its name.
        folder: Where they go.
        facts: How they were made: the command, CPU hours.
        commit: That has drawn the seeds, "" for those of all cases.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, found = [case.to_json() for case in graded], rates(graded)
    table = {
        **facts,
        "rates": [_rate(rate) for rate in found],
        "comparison": [asdict(row) for row in comparison],
        "cases": rows,
    }
    name = f"clinic-{split}-{commit[:7]}" if commit else f"clinic-{split}"
    page, whole, flat = (folder / f"{name}.{end}" for end in ("md", "json", "csv"))
    whole.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    flat.write_text(_csv(rows), encoding="utf-8")
    page.write_text(_written(graded, comparison, found, split, facts), encoding="utf-8")
    return page


def _written(
    graded: Sequence[Graded],
    comparison: Sequence[Compared],
    found: Sequence[Rate],
    split: Split,
    facts: Mapping[str, Any],
) -> str:
    """The page in Markdown."""
    made = [f"- {name}: {value}" for name, value in facts.items()]
    outcomes = Counter(case.truth.outcome for case in graded)
    ended = ", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items()))
    parts = {
        "In short": _table(found),
        "By code": _codes(graded),
        "What was said in place of what": _confused(graded),
        "How early": _early(graded),
        "How sure": _sure(graded),
        "Without the doctor": _compared(comparison),
        "What design has never seen": _unseen(graded, found) if split == "examination" else [],
        "Which ones": _named(found),
        "The oracles": [
            *md.head("code", "instrument", "limit"),
            *(md.row(code, o.instrument, o.limit) for code, o in ORACLES.items()),
        ],
    }
    return "\n".join(
        [
            f"# The clinic: {split}", "", _ABOUT[split], "", *made,
            f"- cases: {len(graded)}, of which {ended}",
            *(line for title, lines in parts.items() if lines
              for line in ("", f"## {title}", "", *lines)),
            "",
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
    return [
        *md.head("", "of n", "share, 95% interval"),
        *(md.row(rate.what, *md.share(rate)) for rate in found),
    ]


def _codes(graded: Sequence[Graded]) -> list[str]:
    rows = by_code(graded)
    few = ", ".join(f"{row.code} ({row.found.n})" for row in rows if not row.enough)
    return [
        "Found: a finding of the code stood at the end where the oracle said so. Elsewhere: where "
        "neither it nor a related code was true. Delay: from the onset until it, or a related "
        "code, was critical; median and quartiles, in shares of the budget.", "",
        *md.head("code", "found", "", "elsewhere", "", "delay"),
        *(md.row(row.code, *md.share(row.found), *md.share(row.elsewhere), _delay(row))
          for row in rows if row.enough), "",
        f"Not graded, with fewer than {FEWEST} cases: {few or 'none'}.",
    ]  # fmt: skip


def _delay(row: Code) -> str:
    if not row.delays:
        return ""
    low, middle, high = np.quantile(row.delays, (0.25, 0.5, 0.75))
    return f"{middle:.0%} [{low:.0%}, {high:.0%}]"


def _confused(graded: Sequence[Graded]) -> list[str]:
    true, said, counts = confusion(graded)
    if not true:
        return []
    return [
        "Failures, by what was true of them first, and the headline at their end.", "",
        *md.head("true", *said),
        *(md.row(code, *(n or "" for n in row)) for code, row in zip(true, counts, strict=True)),
    ]  # fmt: skip


def _early(graded: Sequence[Graded]) -> list[str]:
    return [
        "Something critical heard by then, of the failures that had begun by then and of all "
        "successes; and the share of the steps of all failures that are saved by stopping there.",
        "",
        *md.head("budget", "failures", "", "successes", "", "saved"),
        *(md.row(f"{row.share:.0%}", *md.share(row.failing), *md.share(row.succeeding),
               f"{row.saved:.0%}") for row in early(graded)),
    ]  # fmt: skip


def _sure(graded: Sequence[Graded]) -> list[str]:
    return [
        "By the confidence that the critical headline at the end states: how often it, or a "
        "related code, was true.", "",
        *md.head("confidence", "right", ""),
        *(md.row(f"{low:g} to {high:g}", *md.share(rate))
          for low, high, rate in reliability(graded)),
    ]  # fmt: skip


def _compared(comparison: Sequence[Compared]) -> list[str]:
    if not comparison:
        return []
    return [
        "Each with its limits and weights from design cases. More: by how much the doctor's "
        "Youden's J is larger, with 95% of paired bootstraps. Equal: failures found where it may "
        "give as many false alarms as the doctor does. Only: failures that then the doctor alone "
        "finds, and it alone, with McNemar's exact p.", "",
        *md.head("", "failures found", "false alarms", "J", "more", "AUC", "equal", "only", "p"),
        *(md.row(row.name, f"{row.sensitivity:.1%}", f"{row.false_alarms:.1%}", f"{row.youden:.2f}",
               "{:+.2f} [{:+.2f}, {:+.2f}]".format(*row.more), f"{row.auc:.3f}",
               f"{row.equal:.1%}", "{}, {}".format(*row.only), f"{row.p:.2g}")
          for row in comparison),
    ]  # fmt: skip


def _unseen(graded: Sequence[Graded], found: Sequence[Rate]) -> list[str]:
    """The same rates of those parts of the examination alone."""
    rows = md.head("only here", *(rate.what for rate in found))
    for part, only in EXAMINED_ONLY.items():
        for value in only:
            mine = [
                case
                for case in graded
                if value in (getattr(case.case, part, ""), CAUSES[case.case.cause].family)
            ]
            cells = (f"{rate.k} of {rate.n}" for rate in rates(mine))
            rows.append(md.row(value, *cells))
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
