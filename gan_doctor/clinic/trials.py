"""Whether the medicine works: failures trained again with what was prescribed for them.

Beside it stands what anybody can do who has no doctor, in as many tries of as many steps: train
again from other seeds, try tricks at random, give one's settings up for those of the preset. The
prescription sees the configuration and the diagnosis, never the cause.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

import gan_doctor
from gan_doctor.clinic.cases import Case
from gan_doctor.clinic.grading import heard
from gan_doctor.clinic.instruments import LATE
from gan_doctor.clinic.oracles import FACTS, truth
from gan_doctor.clinic.outcomes import Outcome, Reference
from gan_doctor.clinic.running import LOG, LOOKS, Course, deciding, instruments_of, keep
from gan_doctor.core import Diagnosis, Remedy
from gan_doctor.diagnosis import diagnose
from gan_doctor.training import TrainConfig, train
from gan_doctor.training.assembly import assembled
from gan_doctor.training.drawing import Drawing
from gan_doctor.training.treatment import prescribed, treated
from gan_doctor.tricks import conflict, known

TRIES = 3  # of each arm
_FIRST_SEED = 2_000  # of a trial: the first, second and third try have the same in all arms
_FILE = "trials.json"

Plan = tuple[str, Mapping[str, Any], TrainConfig]  # what is done, with which values
Plans = Callable[[TrainConfig, Diagnosis, Case], Iterator[Plan]]


@dataclass(frozen=True)
class Trial:
    """One more training of a failure.

    Args:
        arm: Of `ARMS`.
        what: The remedy, or what was done instead.
        values: What was set.
        outcome: How it ended.
        quality: At its end; NaN where samples are no numbers.
    """

    arm: str
    what: str
    values: Mapping[str, Any]
    outcome: Outcome
    quality: float


@dataclass(frozen=True)
class Treated:
    """All trials of one failure; an arm ends with its first success.

    Args:
        case: What has failed.
        wiring: Whether a fault is built into it, or it is one of fact, rather than of the dynamics.
        quality: At the end of the failure.
        headline: Code of what the doctor found, "" for nothing.
        trials: In order.
    """

    case: Case
    wiring: bool
    quality: float
    headline: str
    trials: tuple[Trial, ...]

    def of(self, arm: str) -> tuple[Trial, ...]:
        """Those of one arm."""
        return tuple(trial for trial in self.trials if trial.arm == arm)

    def recovers(self, arm: str, tries: int = TRIES) -> bool:
        """Whether one of the first tries of an arm succeeds."""
        return any(trial.outcome == "succeeded" for trial in self.of(arm)[:tries])


def _remedies(config: TrainConfig, diagnosis: Diagnosis, case: Case) -> Iterator[Plan]:
    for remedy in prescribed(diagnosis):
        changed = treated(config, remedy)
        if changed is not None:
            yield remedy.slug, remedy.values, changed


def _seeds(config: TrainConfig, diagnosis: Diagnosis, case: Case) -> Iterator[Plan]:
    while True:
        yield "another seed", {}, config


def _random_tricks(config: TrainConfig, diagnosis: Diagnosis, case: Case) -> Iterator[Plan]:
    """Of those that are not in use and that nothing speaks against, with their defaults."""
    setup = diagnosis.run.setup
    cards = sorted(known().items())
    random.Random(case.digest).shuffle(cards)
    for slug, card in cards:
        if not card.in_use(setup) and not conflict(card, setup):
            changed = treated(config, Remedy(slug, card.title, "", card.settings))
            if changed is not None:
                yield slug, card.settings, changed


def _preset(config: TrainConfig, diagnosis: Diagnosis, case: Case) -> Iterator[Plan]:
    kept = ("data", "data_file", "network", "steps")
    settings = {name: getattr(config, name) for name in kept}
    while True:
        yield "the preset", {}, TrainConfig.of("healthy", settings=settings)


PRESCRIBED = "what the doctor prescribes"
ARMS: Mapping[str, Plans] = {
    PRESCRIBED: _remedies,
    "other seeds": _seeds,
    "tricks at random": _random_tricks,
    "the preset": _preset,
}


def is_wiring(course: Course, reference: Reference) -> bool:
    """Whether a fault is built into a case, or it is one of fact, rather than of the dynamics."""
    return bool(FACTS & truth(course, reference).onsets.keys())


def treat(course: Course, folder: Path, reference: Reference, digits: tuple[str, str]) -> Treated:
    """Runs all trials of a failure, unless they were run.

    Args:
        course: Of the failure.
        folder: Of all cases.
        reference: Of its data.
        digits: The halves of MNIST: what is trained on, and what is kept apart.
    """
    case, mine = course.case, folder / course.case.name
    diagnosis = diagnose(gan_doctor.read(mine / LOG))
    config = case.config(digits[0])
    trials = _read(mine / _FILE)
    for arm, plans in ARMS.items():
        done = [trial for trial in trials if trial.arm == arm]
        for i, (what, values, changed) in zip(
            range(TRIES), plans(config, diagnosis, case), strict=False
        ):
            if i < len(done):
                continue
            if done and done[-1].outcome == "succeeded":
                break
            again = _trained(replace(changed, seed=_FIRST_SEED + i), case, digits)
            quality = reference.final_quality(again)
            done.append(Trial(arm, what, values, reference.outcome(again), quality))
            trials.append(done[-1])
            _write(trials, mine / _FILE)
    said = heard(diagnosis, course.steps)
    return Treated(
        case,
        is_wiring(course, reference),
        reference.final_quality(course),
        next(iter(said.headlines), ""),
        tuple(trials),
    )


def _trained(config: TrainConfig, case: Case, digits: tuple[str, str]) -> Course:
    """A training of which only the end is looked at."""
    instruments = instruments_of(case, config, digits)
    untrained = instruments.distance(Drawing(*assembled(config)))
    late = deciding(config.steps)

    def look(step: int, drawing: Drawing) -> None:
        if step in late:
            instruments.look(step, drawing, LATE)

    train(config, look=look, look_every=config.steps // LOOKS)
    return Course(case, config.steps, untrained, tuple(instruments.looks), 0.0)


def _read(file: Path) -> list[Trial]:
    if not file.exists():
        return []
    nan = float("nan")
    rows = orjson.loads(file.read_bytes())
    return [Trial(**{**row, "quality": nan if row["quality"] is None else row["quality"]})
            for row in rows]  # fmt: skip


def _write(trials: list[Trial], file: Path) -> None:
    keep([asdict(trial) for trial in trials], file)
