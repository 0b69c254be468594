"""Runs many cases: those of a split, or the references; resumable, on several processors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from joblib import Parallel, delayed

from gan_doctor.clinic.cases import DATA, Case, references, tried
from gan_doctor.clinic.features import split_digits
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.running import FILE, Course, run

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


def run_references(
    folder: Path, digits: str, workers: int = 1, told: Told | None = None,
    data: Iterable[str] = tuple(DATA),
) -> dict[str, Reference]:  # fmt: skip
    """The reference of each data set: several families are tried, and the best is trained on.

    Args:
        folder: As of `run_all`.
        digits: As of `run_all`.
        workers: As of `run_all`.
        told: As of `run_all`.
        data: Which data sets.
    """
    names = list(data)
    first = [case for name in names for case in tried(name)]
    courses = run_all(first, folder, digits, workers, told)
    best = {name: _best([c for c in courses if c.case.data == name]) for name in names}
    more = [case for name in names for case in references(best[name])]
    courses = run_all(more, folder, digits, workers, told)
    return {name: Reference.of([c for c in courses if c.case.data == name]) for name in names}


def _alone(case: Case, folder: Path, halves: tuple[str, str]) -> Course:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # what the doctor and SciPy say of sick trainings
    return run(case, folder, halves)


def _best(courses: Sequence[Course]) -> Case:
    """The family with the smallest mean distance at the end."""

    def family(case: Case) -> tuple[str, str]:
        return case.objective, case.architecture

    def mean(name: tuple[str, str]) -> float:
        ends = [c.final for c in courses if family(c.case) == name]
        return sum(ends) / len(ends)

    best = min({family(c.case) for c in courses}, key=mean)
    return next(c.case for c in courses if family(c.case) == best)
