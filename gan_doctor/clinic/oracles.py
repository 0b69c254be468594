"""What holds in a training, code by code, by instruments that the detectors do not share.

The table was committed before anything was graded. A code is told by what the clinic's own looks
show, or by how the case was built where the fault is injected; never by the cause that a case is
named after. Codes that are not in it are not graded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gan_doctor.clinic.cases import CAUSES
from gan_doctor.clinic.outcomes import Outcome, Reference
from gan_doctor.clinic.running import Course
from gan_doctor.core import FloatArray, ReadError

Holds = npt.NDArray[np.bool_]

_IN_A_ROW = 3  # looks at which it must hold
_CURED = 0.2  # of quality, that a cure gains
_RECOVERED = 0.9  # of the budget, from which on it must not hold any more


@dataclass(frozen=True)
class Oracle:
    """How one code is told.

    Args:
        instrument: What is measured, in words.
        limit: From where on it holds, in words.
        holds: (L,) whether it holds at each look; None where the case was built with it.
        fact: Whether it is a fault whatever the quality of the samples.
        branch: What D's learning rate is multiplied by at the onset, to see whether that cures it;
            0 where no branch decides.
    """

    instrument: str
    limit: str
    holds: Callable[[Course], Holds] | None = None
    fact: bool = False
    branch: float = 0.0


def series(course: Course, name: str) -> FloatArray:
    """(L,) what was seen at each look, of one field of `Look`."""
    return np.array([float(getattr(look, name)) for look in course.looks])


def _at_least(name: str, limit: float) -> Callable[[Course], Holds]:
    return lambda course: np.asarray(series(course, name) >= limit)


def _at_most(name: str, limit: float) -> Callable[[Course], Holds]:
    return lambda course: np.asarray(series(course, name) <= limit)


def _lately(values: FloatArray, n: int, of: Callable[[FloatArray], float]) -> FloatArray:
    """(L,) a statistic of the last n looks, NaN while there are fewer."""
    found = np.full(len(values), np.nan)
    for i in range(n, len(values) + 1):
        found[i - 1] = of(values[i - n : i])
    return found


def _exhausted(course: Course) -> Holds:
    return np.asarray(np.minimum(series(course, "rate_g"), series(course, "rate_d")) <= 1e-3)


def _still(course: Course) -> Holds:
    moved = np.minimum(series(course, "step_g"), series(course, "step_d"))
    return np.asarray(moved <= 1e-7)


def _collapsed(course: Course) -> Holds:
    modes, variance = series(course, "perplexity"), series(course, "variance")
    few = np.where(np.isnan(modes), variance <= 0.15, modes <= 0.3)
    return np.asarray(few | (series(course, "repeated") >= 0.7))


def _dropped(course: Course) -> Holds:
    return np.asarray((series(course, "modes") <= 0.85) & (series(course, "precision") >= 0.1))


def _hops(course: Course) -> Holds:
    return np.asarray(_lately(series(course, "moved"), 6, lambda x: float(x.mean())) >= 0.3)


def _circles(course: Course) -> Holds:
    """The log of the distance goes up and down about a level trend."""
    logs = np.log(np.maximum(series(course, "frechet"), 1e-12))

    def swing(last: FloatArray) -> float:
        if not np.isfinite(last).all():
            return math.nan
        slope, offset = np.polyfit(np.arange(len(last)), last, 1)
        rest = last - slope * np.arange(len(last)) - offset
        return float(rest.std()) if abs(slope) * len(last) < 2 * rest.std() else 0.0

    return np.asarray(_lately(logs, 20, swing) >= 0.35)


def _noise(course: Course) -> Holds:
    return np.asarray((series(course, "precision") < 0.02) & (series(course, "packed") >= 1.5))


def _worse(course: Course) -> Holds:
    smooth = _lately(series(course, "frechet"), 3, lambda x: float(np.median(x)))
    best = np.fmin.accumulate(smooth)
    return np.asarray(smooth >= 4 * best)


ORACLES: Mapping[str, Oracle] = {
    "GD101": Oracle(
        "all weights of G and D", "one is no number",
        lambda course: series(course, "finite") < 1, fact=True,
    ),
    "GD104": Oracle(
        "D's outputs on 500 reals and 500 fakes", "one is larger than 1,000",
        _at_least("reach", 1e3),
    ),
    "GD105": Oracle(
        "the optimizers' learning rates", "one is a thousandth of the first", _exhausted, fact=True
    ),
    "GD201": Oracle(
        "pairs of 500 reals and 500 fakes that D ranks right; quality at the end if D learns a "
        "tenth as fast from there on, mean of two",
        ".98; better by .2", _at_least("ranked", 0.98), branch=0.1,
    ),
    "GD202": Oracle(
        "pairs of 500 reals and 500 fakes that D ranks right; quality at the end if D learns ten "
        "times as fast from there on, mean of two",
        ".6; better by .2", _at_most("ranked", 0.6), branch=10.0,
    ),
    "GD203": Oracle(
        "pairs of 500 reals and 500 fakes that D ranks right", ".45 to .55",
        lambda course: np.abs(series(course, "ranked") - 0.5) <= 0.05,
    ),
    "GD204": Oracle(
        "sd of the log of the Fréchet distance about its trend, over 20 looks", ".35", _circles
    ),
    "GD301": Oracle(
        "perplexity of the modes over that of the data, where modes are known; else the total "
        "variance over that of the data; samples with another one next to them",
        ".3; .15; .7", _collapsed,
    ),
    "GD302": Oracle(
        "known modes with a tenth of their share of the samples, at a precision of .1 or more",
        ".85 or fewer", _dropped,
    ),
    "GD303": Oracle(
        "samples in other modes than at the look before, mean of 6 looks", ".3", _hops
    ),
    "GD401": Oracle(
        "precision; bytes of the images in a zip over those of reals", "< .02; 1.5", _noise
    ),
    "GD404": Oracle(
        "median of 3 Fréchet distances over the best before", "4 times", _worse
    ),
    "GD601": Oracle(
        "steps of G and of D, over their weights", "1e-7 in a hundredth of the budget", _still,
        fact=True,
    ),
    "GD501": Oracle(
        "pairs with a fake that D ranks right, of 500 reals that it is trained on less the same of "
        "those kept from it",
        ".3", _at_least("forgotten", 0.3),
    ),
    "GD502": Oracle(
        "samples twice as near to a real that is trained on as to any of as many that are kept "
        "from it",
        ".5", _at_least("copied", 0.5), fact=True,
    ),
    **{
        code: Oracle("how the case was built", "the fault is in it", fact=True)
        for code in (
            "GD304", "GD305", "GD306", "GD402", "GD403", "GD405", "GD406", "GD602", "GD603",
            "GD604", "GD605",
        )
    },
}  # fmt: skip


FACTS = frozenset(code for code, oracle in ORACLES.items() if oracle.fact)


@dataclass(frozen=True)
class Truth:
    """What a training was, by the oracles.

    Args:
        outcome: How it ended.
        quality: At its end, 1 for that of the reference.
        onsets: By code, the step from which on it holds, of those that had not recovered.
        passed: The same of those that had: clear for the last tenth of the budget.
    """

    outcome: Outcome
    quality: float
    onsets: Mapping[str, float]
    passed: Mapping[str, float]


def candidates(course: Course, reference: Reference) -> dict[str, tuple[int, float]]:
    """What a branch has to decide: by code, the step at which it begins and the factor on D's rate.

    A training that succeeds needs no cure, one whose wiring is at fault cannot have it, and one
    whose fault begins in the last tenth leaves no time for it.
    """
    wired = CAUSES[course.case.cause].code.startswith("GD6")
    if wired or reference.outcome(course) == "succeeded":
        return {}
    found = {}
    for code, oracle in ORACLES.items():
        first = _first_in_a_row(_holds(oracle, course, reference)) if oracle.branch else None
        if first is not None and course.looks[first].step <= _RECOVERED * course.steps:
            found[code] = course.looks[first].step, oracle.branch
    return found


def _holds(oracle: Oracle, course: Course, reference: Reference) -> Holds:
    """(L,) whether it holds, in a training that is worse than nearly all references then."""
    assert oracle.holds is not None
    behind = ~(reference.quality(course) >= reference.slowest[: len(course.looks)])
    return np.asarray(oracle.holds(course) & (behind | oracle.fact))


def _cured(code: str, course: Course, reference: Reference) -> bool:
    """Whether the branches of a code end better.

    Raises:
        ReadError: They were not run.
    """
    if course.branches is None or code not in course.branches:
        raise ReadError(
            course.case.name, f"the branches that tell {code} were not run: `gan-doctor clinic run`"
        )
    ends = [reference.quality_of(course, end) for end in course.branches[code]]
    return float(np.mean(np.nan_to_num(ends))) >= _CURED + float(
        np.nan_to_num(reference.final_quality(course))
    )


def truth(course: Course, reference: Reference) -> Truth:
    """Asks all oracles of one training.

    Raises:
        ReadError: Branches that are needed to tell were not run.
    """
    steps, cause = series(course, "step"), CAUSES[course.case.cause]
    branched = candidates(course, reference)
    onsets: dict[str, float] = {}
    passed: dict[str, float] = {}
    for code, oracle in ORACLES.items():
        if oracle.holds is None:
            if code == cause.code:
                onsets[code] = 0.0  # all that are built in are there from the first step on
            continue
        if oracle.branch and not (code in branched and _cured(code, course, reference)):
            continue
        holds = _holds(oracle, course, reference)
        first = _first_in_a_row(holds)
        if first is not None:
            late = holds[steps > _RECOVERED * course.steps]
            (onsets if late.any() else passed)[code] = float(steps[first])
    return Truth(reference.outcome(course), reference.final_quality(course), onsets, passed)


def _first_in_a_row(holds: Holds) -> int | None:
    if len(holds) < _IN_A_ROW:
        return None
    stretches = np.lib.stride_tricks.sliding_window_view(holds, _IN_A_ROW).all(1)
    return int(np.argmax(stretches)) if stretches.any() else None
