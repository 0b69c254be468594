"""What a grading says beyond its headline numbers: by code, by time, and by how sure it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gan_doctor.clinic.grading import Graded, Rate

FEWEST = 20  # cases of a code, with fewer of which it is not graded
TIMES = (0.1, 0.15, 0.25, 0.5)  # shares of the budget at which one may want to know
SURE = (0.0, 0.5, 0.8, 0.95, 1.0)  # bounds of the stated confidence
NOTHING = "nothing"


@dataclass(frozen=True)
class Code:
    """How one code is found.

    Args:
        code: Which.
        found: How often it stood at the end where it was true.
        elsewhere: How often it stood where neither it nor a related code was true, now or before.
        delays: Shares of the budget between its onset and the first time at which it, or a related
            code, was heard as critical; below 0 where it was heard before.
    """

    code: str
    found: Rate
    elsewhere: Rate
    delays: tuple[float, ...]

    @property
    def enough(self) -> bool:
        """Whether there are cases enough to grade it."""
        return self.found.n >= FEWEST


def by_code(graded: Sequence[Graded]) -> list[Code]:
    """Each code that is true of any case."""
    return [_of_code(code, graded) for code in _codes(graded)]


def _codes(graded: Sequence[Graded]) -> list[str]:
    return sorted({code for case in graded for code in case.truth.onsets})


def _of_code(code: str, graded: Sequence[Graded]) -> Code:
    def stands(case: Graded) -> bool:
        return code in case.last.critical or code in case.last.warnings

    true = [case for case in graded if code in case.truth.onsets]
    others = [case for case in graded if not case.named(code) and code not in case.truth.passed]
    heard = [(case, _first_named(case)) for case in true]
    return Code(
        code,
        Rate.of("found", true, stands),
        Rate.of("elsewhere", others, stands, False),
        tuple((at - c.truth.onsets[code]) / c.steps for c, at in heard if at is not None),
    )


def _first_named(case: Graded) -> float | None:
    return next((said.step for said in case.said if any(map(case.named, said.critical))), None)


@dataclass(frozen=True)
class Early:
    """What is known at one time.

    Args:
        share: Of the budget.
        failing: How often something critical was heard by then, of failures that had begun.
        succeeding: The same of successes.
        saved: Share of the steps of all failures that one saves who stops there what is critical.
    """

    share: float
    failing: Rate
    succeeding: Rate
    saved: float


def early(graded: Sequence[Graded]) -> list[Early]:
    """At each of the times."""
    failed = [case for case in graded if case.truth.outcome == "failed"]
    fine = [case for case in graded if case.truth.outcome == "succeeded"]
    rows = []
    for share in TIMES:

        def heard(case: Graded, share: float = share) -> bool:
            return case.critical_by(share)

        begun = [case for case in failed if case.onset <= share * case.steps]
        spared = sum((1 - share) * case.steps for case in failed if heard(case))
        rows.append(
            Early(
                share,
                Rate.of("failing", begun, heard),
                Rate.of("succeeding", fine, heard, False),
                spared / max(1, sum(case.steps for case in failed)),
            )
        )
    return rows


def confusion(graded: Sequence[Graded]) -> tuple[list[str], list[str], np.ndarray]:
    """Failures by what was true of them first, and by the headline at their end.

    Returns:
        The true codes, the headlines, and (true, headlines) counts.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for case in graded:
        if case.truth.outcome == "failed":
            onsets = case.truth.onsets
            first = min(onsets, key=lambda code: onsets[code]) if onsets else NOTHING
            pairs[first, next(iter(case.last.headlines), NOTHING)] += 1
    true, said = (sorted({pair[i] for pair in pairs}) for i in (0, 1))
    return true, said, np.array([[pairs[t, s] for s in said] for t in true])


def reliability(graded: Sequence[Graded]) -> list[tuple[float, float, Rate]]:
    """By how sure the headline was at the end: from, to, and how often it was true or related."""
    rows = []
    for low, high in pairwise(SURE):
        mine = [
            case
            for case in graded
            if low <= case.last.confidence < high or (high == 1 == case.last.confidence)
        ]
        rows.append((low, high, Rate.of("right", mine, lambda c: c.named(c.last.headlines[0]))))
    return rows
