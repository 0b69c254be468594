"""What the doctor said of each case and when, against what was true of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import gan_doctor
from gan_doctor.clinic.cases import Case
from gan_doctor.clinic.oracles import FACTS, Truth, truth
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.running import LOG, Course
from gan_doctor.core import Diagnosis
from gan_doctor.diagnosis import diagnose
from gan_doctor.diagnosis.causes import related

_SOON, _EARLY = 0.1, 0.1  # shares of the budget
_HEARD = 0.05  # share of the budget between two times at which the doctor is heard


@dataclass(frozen=True)
class Said:
    """What stood at one time, in a run of which no more was known.

    Args:
        step: Of the run.
        critical: Codes of the critical findings, the headlines first.
        headlines: Those of them that follow from no other.
        warnings: Codes of the warnings that follow from nothing.
        action: Of the outlook.
        confidence: Of the first headline, NaN where there is none.
    """

    step: float
    critical: tuple[str, ...]
    headlines: tuple[str, ...]
    warnings: tuple[str, ...]
    action: str
    confidence: float = math.nan

    @property
    def alarm(self) -> float:
        """How loud: 0 for nothing, up to 1 for a warning, up to 2 for something critical."""
        if self.critical:
            return 1 + (0.5 if math.isnan(self.confidence) else self.confidence)
        return 0.5 if self.warnings else 0.0


@dataclass(frozen=True)
class Graded:
    """One case: what was true of it, and what the doctor said of it at each time.

    Args:
        case: The case.
        steps: Its budget.
        truth: By the oracles.
        said: In the order of the steps, the last at the end.
        seconds: Of the processor, that its training took.
    """

    case: Case
    steps: int
    truth: Truth
    said: tuple[Said, ...]
    seconds: float

    @property
    def onset(self) -> float:
        """The first step at which anything is true of it, NaN where nothing is."""
        return min(self.truth.onsets.values(), default=math.nan)

    @property
    def last(self) -> Said:
        """What stood at the end."""
        return self.said[-1]

    @property
    def first_critical(self) -> float | None:
        """The step at which something critical was first heard."""
        return next((said.step for said in self.said if said.critical), None)

    @property
    def alarm(self) -> float:
        """How loud the doctor ever was, 1 and more for something critical."""
        return max(said.alarm for said in self.said)

    @property
    def killed(self) -> bool:
        """Whether the doctor advised to stop at any time."""
        return any(said.action == "stop" for said in self.said)

    def critical_by(self, share: float) -> bool:
        """Whether something critical was heard by a share of the budget."""
        return self.first_critical is not None and self.first_critical <= share * self.steps

    def named(self, code: str) -> bool:
        """Whether a code is among the oracle's, or follows from one of them or they from it."""
        return any(code == true or related(code, true) for true in self.truth.onsets)

    @property
    def found(self) -> bool:
        """Whether something critical stood at the end that is true of it, or related to that."""
        return any(map(self.named, self.last.critical))

    @property
    def headline_right(self) -> bool:
        """Whether the first critical headline is one of the oracle's codes itself."""
        return bool(self.last.headlines) and self.last.headlines[0] in self.truth.onsets

    def to_json(self) -> dict[str, Any]:
        """All of it, a row of the results."""
        return {
            "case": self.case.name,
            "steps": self.steps,
            "outcome": self.truth.outcome,
            "quality": _number(self.truth.quality),
            "true": {code: _number(step) for code, step in self.truth.onsets.items()},
            "passed": {code: _number(step) for code, step in self.truth.passed.items()},
            "first_critical": self.first_critical,
            "killed": self.killed,
            "critical": self.last.critical,
            "headlines": self.last.headlines,
            "warnings": self.last.warnings,
            "action": self.last.action,
            "confidence": _number(self.last.confidence),
            "critical_at": {f"{said.step:g}": said.critical for said in self.said if said.critical},
        }


def graded(
    course: Course,
    folder: Path,
    reference: Reference,
    change: Callable[[gan_doctor.Run], gan_doctor.Run] | None = None,
) -> Graded:
    """Hears the doctor on one case at each twentieth of its budget.

    Args:
        course: Of the case.
        folder: Of all cases.
        reference: Of its data set.
        change: What the doctor is shown in place of the run, such as its losses alone.
    """
    run = gan_doctor.read(folder / course.case.name / LOG)
    run = change(run) if change is not None else run
    times = [round(course.steps * _HEARD * i) for i in range(1, round(1 / _HEARD) + 1)]
    said = [heard(diagnose(run.until(step)), step) for step in times[:-1]]
    said.append(heard(diagnose(run), times[-1]))
    found = truth(course, reference)
    return Graded(course.case, course.steps, found, tuple(said), course.seconds)


def heard(diagnosis: Diagnosis, step: float) -> Said:
    """What stands in a diagnosis."""
    standing = [f for f in diagnosis.findings if f.standing]
    critical = [f for f in standing if f.severity == "critical"]
    return Said(
        step,
        tuple(dict.fromkeys(f.code for f in sorted(critical, key=lambda f: bool(f.cause)))),
        tuple(dict.fromkeys(f.code for f in critical if not f.cause)),
        tuple(dict.fromkeys(f.code for f in standing if f.severity == "warning" and not f.cause)),
        diagnosis.outlook.action,
        next((f.confidence for f in critical if not f.cause), math.nan),
    )


class _OfCase(Protocol):
    @property
    def case(self) -> Case: ...


T = TypeVar("T", bound=_OfCase)


@dataclass(frozen=True)
class Rate:
    """How often something is so.

    Args:
        what: In words.
        n: Of how many.
        k: In how many it is so.
        cases: Names of those that are remarkable: where it should have been so and is not, or the
            other way round.
    """

    what: str
    n: int
    k: int
    cases: tuple[str, ...] = ()

    @property
    def interval(self) -> tuple[float, float]:
        """Two-sided, of 95% (Clopper and Pearson 1934)."""
        from scipy.stats import beta

        k, n = self.k, self.n
        low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
        high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
        return low, high

    @classmethod
    def of(cls, what: str, cases: Iterable[T], holds: Callable[[T], bool],
           wanted: bool = True) -> Rate:  # fmt: skip
        """Counts those in which something holds, and names those in which it is not as wanted."""
        every = list(cases)
        so = [holds(case) for case in every]
        odd = tuple(c.case.name for c, it in zip(every, so, strict=True) if it is not wanted)
        return cls(what, len(every), sum(so), odd)


def rates(all_cases: Sequence[Graded]) -> list[Rate]:
    """The headline numbers of an examination."""
    of = {
        outcome: [case for case in all_cases if case.truth.outcome == outcome]
        for outcome in ("succeeded", "middling", "failed")
    }
    well = [case for case in of["succeeded"] if not FACTS & case.truth.onsets.keys()]
    failed = [case for case in of["failed"] if case.truth.onsets]
    soon = [c for c in failed if c.onset <= _SOON * c.steps]
    later = [c for c in failed if c.onset > _SOON * c.steps]
    bad = of["failed"]
    rows: list[tuple[str, Sequence[Graded], Callable[[Graded], bool], bool]] = [
        ("middling", all_cases, lambda c: c.truth.outcome == "middling", False),
        ("failed, and no oracle tells why", bad, lambda c: not c.truth.onsets, False),
        ("succeeded: critical at any time", well, lambda c: c.first_critical is not None, False),
        ("succeeded: critical at the end", well, lambda c: bool(c.last.critical), False),
        ("succeeded: a warning at the end", well, lambda c: bool(c.last.warnings), False),
        ("succeeded: told to stop at any time", well, lambda c: c.killed, False),
        ("failed: critical at the end", bad, lambda c: bool(c.last.critical), True),
        ("failed: critical at the end, right or related", failed, lambda c: c.found, True),
        ("failed: right headline", failed, lambda c: c.headline_right, True),
        ("failed in the first 10%: critical by 15%", soon, lambda c: c.critical_by(0.15), True),
        (
            "failed later: critical within 5% of the budget",
            later,
            lambda c: c.critical_by(c.onset / c.steps + 0.05),
            True,
        ),
        ("failed: critical long before there was a reason", failed, _too_early, False),
    ]
    return [Rate.of(*row) for row in rows]


def _too_early(case: Graded) -> bool:
    """Where the reason follows within a tenth of the budget, an alarm was early and not wrong."""
    return case.critical_by(case.onset / case.steps - _EARLY)


def _number(value: float) -> float | None:
    return float(f"{value:.4g}") if value == value else None
