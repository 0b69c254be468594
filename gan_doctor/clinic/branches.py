"""What would have become of a training if D had learned slower, or faster, from some step on.

Whether D overpowers G, or fails it, no look at one training tells: a D that is right about every
pair may teach well. So the training is repeated up to where the fault would begin, D's learning
rate is changed there, and what the rest of the budget makes of it is compared.
"""

from __future__ import annotations

import math
from pathlib import Path

from gan_doctor.clinic.cases import Case
from gan_doctor.clinic.oracles import candidates
from gan_doctor.clinic.outcomes import Reference
from gan_doctor.clinic.running import (
    BRANCHES,
    LOOKS,
    Course,
    deciding,
    instruments_of,
    keep,
    median,
)
from gan_doctor.training import train
from gan_doctor.training.drawing import Drawing

SEEDS = 2  # of each branch


def branch(course: Course, folder: Path, reference: Reference, digits: tuple[str, str]) -> None:
    """Runs the branches that the oracles ask for, unless they were run.

    Args:
        course: Of the case.
        folder: Of all cases.
        reference: Of its data.
        digits: The halves of MNIST: what is trained on, and what is kept apart.
    """
    file = folder / course.case.name / BRANCHES
    if file.exists():
        return
    ends = {
        code: [_number(_end(course.case, step, factor, seed, digits)) for seed in range(SEEDS)]
        for code, (step, factor) in candidates(course, reference).items()
    }
    keep(ends, file)


def _end(case: Case, at: int, factor: float, seed: int, digits: tuple[str, str]) -> float:
    """The distance that counts, of a training whose D learns by a factor faster from a step on."""
    config = case.config(digits[0])
    instruments = instruments_of(case, config, digits)
    found: list[float] = []

    def look(step: int, drawing: Drawing) -> None:
        if step == at:
            for group in drawing.steps.now.opt_d.param_groups:
                group["lr"] *= factor
            drawing.steps.random.manual_seed(seed)  # other latents from here on
        if step in deciding(config.steps):
            found.append(instruments.distance(drawing))

    train(config, look=look, look_every=config.steps // LOOKS)
    return median(found)


def _number(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None
