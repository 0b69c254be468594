"""Runs many cases: those of a split, or the references; resumable, on several processors."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from itertools import compress
from pathlib import Path
from typing import TypeVar

import torch
from joblib import Parallel, delayed

import gan_doctor
from gan_doctor.clinic.ablations import ABLATIONS
from gan_doctor.clinic.branches import branch
from gan_doctor.clinic.cases import DATA, Case, references, tried
from gan_doctor.clinic.comparators import Compared, Numbers, compared, numbers
from gan_doctor.clinic.features import split_digits
from gan_doctor.clinic.grading import Graded, graded
from gan_doctor.clinic.outcomes import Outcome, Reference
from gan_doctor.clinic.running import FILE, LOG, Course, run
from gan_doctor.clinic.trials import Treated, is_wiring, treat
from gan_doctor.core import ConfigError

T = TypeVar("T")

GRADINGS = 5  # of the examination, at most

Told = Callable[[str, int, int], None]  # what is done, how many of how many


def run_all(
    cases: Sequence[Case], folder: Path, digits: str, workers: int = 1, told: Told | None = None
) -> list[Course]:
    """Trains those that were not.

    Args:
        cases: What to train.
        folder: Where each has a folder of its own.
        digits: An .npz with MNIST's `images` and `labels`.
        workers: Trainings at a time, each on one processor.
        told: Told of each that is done.
    """
    halves = split_digits(digits, folder)
    missing = [case for case in cases if not (folder / case.name / FILE).exists()]
    done = len(cases) - len(missing)
    courses = Parallel(n_jobs=workers, return_as="generator_unordered")(
        delayed(_alone)(case, folder, halves) for case in missing
    )
    for course in courses:
        done += 1
        if told is not None:
            told(course.case.name, done, len(cases))
    return [run(case, folder, halves) for case in cases]


def run_references(folder: Path, digits: str, workers: int = 1, told: Told | None = None) -> None:
    """Trains the references of all data sets: of each the family that was best among a few.

    Args:
        folder: As of `run_all`.
        digits: As of `run_all`.
        workers: As of `run_all`.
        told: As of `run_all`.
    """
    run_all([case for name in DATA for case in tried(name)], folder, digits, workers, told)
    more = [case for name in DATA for case in references(_best(name, folder))]
    run_all(more, folder, digits, workers, told)


def branch_all(
    cases: Sequence[Case], folder: Path, digits: str, workers: int = 1, told: Told | None = None
) -> None:
    """Runs the branches of all cases that need some; see `branches`.

    Args:
        cases: As of `run_all`; all of them were trained.
        folder: As of `run_all`.
        digits: As of `run_all`.
        workers: As of `run_all`.
        told: As of `run_all`.

    Raises:
        ReadError: A case or a reference was not trained yet.
    """
    _of_each(partial(_branched, digits=split_digits(digits, folder)), cases, folder, workers, told)


def treat_all(
    cases: Sequence[Case],
    folder: Path,
    digits: str,
    most: int,
    workers: int = 1,
    told: Told | None = None,
) -> list[Treated]:
    """Treats failures; see `trials`.

    Args:
        cases: All of a split, trained.
        folder: As of `run_all`.
        digits: As of `run_all`.
        most: Of those whose dynamics failed, and of those whose wiring did; the first by hash.
        workers: As of `run_all`.
        told: As of `run_all`.

    Raises:
        ReadError: A case or a reference was not trained yet.
    """
    kinds = _of_each(_failed_by, cases, folder, workers, None)
    chosen = [
        case
        for kind in ("dynamics", "wiring")
        for case in [c for c, k in zip(cases, kinds, strict=True) if k == kind][:most]
    ]
    ask = partial(_treated, digits=split_digits(digits, folder))
    return _of_each(ask, chosen, folder, workers, told)


def read_reference(data: str, folder: Path) -> Reference:
    """The reference of a data set, from what was trained.

    Args:
        data: The data set.
        folder: Of all cases.

    Raises:
        ReadError: Not all of its trainings are there: run the references first.
    """
    courses = [Course.load(folder / case.name) for case in references(_best(data, folder))]
    return Reference.of(courses)


def grade_all(
    cases: Sequence[Case],
    folder: Path,
    workers: int = 1,
    told: Told | None = None,
    ablation: str = "",
) -> list[Graded]:
    """Grades what was trained, in the order of the cases.

    Args:
        cases: All of a split.
        folder: Where they were trained.
        workers: Cases at a time.
        told: Told of each that is done.
        ablation: Of `ABLATIONS`, what alone the doctor is shown; "" for all.

    Raises:
        ReadError: One of them, or a reference, was not trained yet.
    """
    return _of_each(partial(_graded, ablation=ablation), cases, folder, workers, told)


def compare_all(
    design: Sequence[Case],
    graded: Sequence[Graded],
    folder: Path,
    workers: int = 1,
    told: Told | None = None,
) -> list[Compared]:
    """What rules and models that are tuned on design make of the cases that were graded.

    Args:
        design: The cases of design.
        graded: What is examined.
        folder: As of `grade_all`.
        workers: As of `grade_all`.
        told: As of `grade_all`.

    Raises:
        ReadError: A case or a reference was not trained yet.
    """
    examined = [one.case for one in graded]
    first, second = (
        _decided(_of_each(_numbers, cases, folder, workers, told)) for cases in (design, examined)
    )
    loud = {
        name: [one.alarm for one in grade_all(examined, folder, workers, told, name)]
        for name in ABLATIONS
    }
    decided = [one.truth.outcome != "middling" for one in graded]
    return compared(
        first,
        second,
        [one.alarm for one in compress(graded, decided)],
        {name: list(compress(alarms, decided)) for name, alarms in loud.items()},
    )


def _decided(found: Sequence[tuple[Outcome, Numbers]]) -> tuple[list[Numbers], list[bool]]:
    """Of the cases that succeeded or failed: their numbers, and whether they failed."""
    kept = [(now, outcome == "failed") for outcome, now in found if outcome != "middling"]
    return [now for now, _ in kept], [failed for _, failed in kept]


def _of_each(
    ask: Callable[[Course, Path, Reference], T],
    cases: Sequence[Case],
    folder: Path,
    workers: int,
    told: Told | None,
) -> list[T]:
    """Asks something of each case, several at a time."""
    courses = [Course.load(folder / case.name) for case in cases]
    found = {name: read_reference(name, folder) for name in {case.data for case in cases}}
    answers = Parallel(n_jobs=workers, return_as="generator")(
        delayed(ask)(course, folder, found[course.case.data]) for course in courses
    )
    done: list[T] = []
    for case, answer in zip(cases, answers, strict=True):
        done.append(answer)
        if told is not None:
            told(case.name, len(done), len(courses))
    return done


def log_examination(folder: Path, changed: str) -> None:
    """Notes that the examination is graded, before it is.

    Args:
        folder: Of the results.
        changed: What has changed since the last time.

    Raises:
        ConfigError: It was graded five times, or nothing is said of what has changed.
    """
    log = folder / "clinic-examination-log.jsonl"
    before = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    if len(before) >= GRADINGS:
        raise ConfigError(
            f"The examination was graded {GRADINGS} times ({log}), and more would fit the doctor "
            "to it: freeze the detectors and draw new seeds"
        )
    if not changed:
        raise ConfigError("Say what has changed since the last examination: --changed TEXT")
    folder.mkdir(parents=True, exist_ok=True)
    entry = {"time": datetime.now(timezone.utc).isoformat(timespec="seconds"), "changed": changed}
    with log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(entry) + "\n")


def _graded(course: Course, folder: Path, reference: Reference, ablation: str) -> Graded:
    torch.set_num_threads(1)
    return graded(course, folder, reference, ABLATIONS.get(ablation))


def _branched(course: Course, folder: Path, reference: Reference, digits: tuple[str, str]) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    branch(course, folder, reference, digits)


def _failed_by(course: Course, folder: Path, reference: Reference) -> str:
    """`wiring` or `dynamics`, "" for what did not fail."""
    if reference.outcome(course) != "failed":
        return ""
    return "wiring" if is_wiring(course, reference) else "dynamics"


def _treated(
    course: Course, folder: Path, reference: Reference, digits: tuple[str, str]
) -> Treated:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    return treat(course, folder, reference, digits)


def _numbers(course: Course, folder: Path, reference: Reference) -> tuple[Outcome, Numbers]:
    run = gan_doctor.read(folder / course.case.name / LOG)
    return reference.outcome(course), numbers(course, run, reference)


def _alone(case: Case, folder: Path, halves: tuple[str, str]) -> Course:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # what the doctor and SciPy say of sick trainings
    return run(case, folder, halves)


def _best(data: str, folder: Path) -> Case:
    """One of the family with the smallest mean distance at the end."""
    ends: dict[tuple[str, str], list[float]] = {}
    for case in tried(data):
        family = ends.setdefault((case.objective, case.architecture), [])
        family.append(Course.load(folder / case.name).final)
    objective, architecture = min(ends, key=lambda family: sum(ends[family]))
    return Case(data, objective, architecture)
