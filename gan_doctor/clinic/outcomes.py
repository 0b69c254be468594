"""Whether a training succeeded, by the clinic's own instruments and against references."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gan_doctor.clinic.running import Course
from gan_doctor.core import ConfigError, FloatArray

Outcome = Literal["succeeded", "middling", "failed"]

# Committed before any case was graded.
SUCCEEDED, FAILED = 0.8, 0.5  # of quality
COVERED, UNCOVERED = 0.8, 0.5  # of the coverage of the reference
_SLOWEST = 0.05  # quantile of the references at each step, below which a training lags behind


@dataclass(frozen=True)
class Reference:
    """What a healthy training reaches on a data set.

    Args:
        untrained: Median Fréchet distance of untrained Gs.
        final: Median of the distances at the end.
        coverage: Median of the coverage at the end.
        slowest: (100,) the quality that 95% of the references have at each hundredth of the budget.
        seeds: How many there are.
    """

    untrained: float
    final: float
    coverage: float
    slowest: FloatArray
    seeds: int

    @classmethod
    def of(cls, courses: Sequence[Course]) -> Reference:
        """From trainings of one family on one data set.

        Raises:
            ConfigError: There are none, or one of them broke off.
        """
        if not courses or any(math.isnan(course.final) for course in courses):
            raise ConfigError("A reference needs trainings that came to their end")
        untrained = float(np.median([course.untrained for course in courses]))
        final = float(np.median([course.final for course in courses]))
        curves = np.array(
            [[_quality(look.frechet, untrained, final) for look in c.looks] for c in courses]
        )
        return cls(
            untrained,
            final,
            float(np.median([course.covered for course in courses])),
            np.quantile(curves, _SLOWEST, axis=0),
            len(courses),
        )

    def quality(self, course: Course) -> FloatArray:
        """(L,) quality at each look: 0 as untrained, 1 as the reference at its end."""
        found = [_quality(k.frechet, course.untrained, self.final) for k in course.looks]
        return np.array(found)

    def final_quality(self, course: Course) -> float:
        """The quality that counts, NaN where samples are no numbers."""
        return self.quality_of(course, course.final)

    def quality_of(self, course: Course, distance: float) -> float:
        """The quality of a distance, in a training that began like this one."""
        return _quality(distance, course.untrained, self.final)

    def outcome(self, course: Course) -> Outcome:
        """How a training ended."""
        q, finite = self.final_quality(course), course.looks[-1].finite
        covered = course.covered / self.coverage if self.coverage else math.nan
        if not finite or math.isnan(q) or q < FAILED or not covered >= UNCOVERED:
            return "failed"
        return "succeeded" if q >= SUCCEEDED and covered >= COVERED else "middling"


def _quality(distance: float, untrained: float, reference: float) -> float:
    if math.isnan(distance):
        return math.nan
    return math.log(untrained / max(distance, 1e-12)) / math.log(untrained / reference)
