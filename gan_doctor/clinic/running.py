"""Trains a case under the eyes of the doctor and of the clinic's instruments."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from gan_doctor.clinic.cases import Case
from gan_doctor.clinic.features import space
from gan_doctor.clinic.instruments import LATE, Instruments, Look
from gan_doctor.core import ReadError
from gan_doctor.training import TrainConfig, train
from gan_doctor.training.assembly import assembled, held_out
from gan_doctor.training.drawing import Drawing

LOOKS = 100  # in a training: each hundredth of its budget
DECIDING = (90, 95, 100)  # of them, whose median is the outcome
CHECKS = 50  # of the doctor's own
LOG, FILE, BRANCHES = "log", "case.json", "branches.json"


@dataclass(frozen=True)
class Course:
    """How a training went, by the clinic's own instruments.

    Args:
        case: What was trained.
        steps: Its budget.
        untrained: Fréchet distance of the samples of the untrained G.
        looks: In the order of the steps; they end where the training broke off.
        seconds: Of the processor.
        branches: By code, the distances at the end of the same training with another rate of D from
            its onset on; None where they were not run.
    """

    case: Case
    steps: int
    untrained: float
    looks: tuple[Look, ...]
    seconds: float
    branches: Mapping[str, Sequence[float]] | None = None

    @property
    def final(self) -> float:
        """The distance that counts: the median of those at 90, 95 and 100% of the budget."""
        return self._late("frechet")

    @property
    def covered(self) -> float:
        """The coverage that counts, of the same looks: that of a single one jumps about.

        Of mixtures the share of the modes that are reached: a raw G moves by the width of a mode
        from look to look, and with it the coverage of single reals.
        """
        modes = self._late("modes")
        return modes if self.case.points and not math.isnan(modes) else self._late("coverage")

    def _late(self, name: str) -> float:
        late = deciding(self.steps)
        return median([getattr(look, name) for look in self.looks if look.step in late])

    def save(self, folder: Path) -> None:
        """Writes it beside the run's log."""
        table: dict[str, Any] = {
            "case": asdict(self.case), "steps": self.steps, "untrained": self.untrained,
            "seconds": round(self.seconds, 1), "looks": [look.to_json() for look in self.looks],
        }  # fmt: skip
        keep(table, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Course:
        """Reads what `save` has written.

        Raises:
            ReadError: There is none, or it is of another version.
        """
        try:
            table = orjson.loads((folder / FILE).read_bytes())
            return cls(
                Case(**table["case"]), table["steps"], table["untrained"],
                tuple(Look.from_json(look) for look in table["looks"]), table["seconds"],
                _read_branches(folder / BRANCHES),
            )  # fmt: skip
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ReadError(folder / FILE, f"it is no course of a case ({error})") from error


def run(case: Case, folder: Path, digits: tuple[str, str]) -> Course:
    """Trains a case, unless it was; what a killed run has left is begun anew.

    Args:
        case: What to train.
        folder: Of all cases; each has one of its own in it.
        digits: The halves of MNIST: what is trained on, and what is kept apart.
    """
    mine = folder / case.name
    if (mine / FILE).exists():
        return Course.load(mine)
    shutil.rmtree(mine, ignore_errors=True)
    config = case.config(digits[0])
    instruments = instruments_of(case, config, digits)
    began = time.process_time()
    steps, data = assembled(config)
    untrained = instruments.distance(Drawing(steps, data))
    late = deciding(config.steps)

    def look(step: int, drawing: Drawing) -> None:
        instruments.look(step, drawing, LATE if step in late else 0)

    train(
        config,
        mine / LOG,
        sample_every=config.steps // CHECKS,
        look=look,
        look_every=config.steps // LOOKS,
    )
    shutil.rmtree(mine / LOG / "samples", ignore_errors=True)
    course = Course(
        case, config.steps, untrained, tuple(instruments.looks),
        time.process_time() - began,
    )  # fmt: skip
    course.save(mine)
    return course


def instruments_of(case: Case, config: TrainConfig, digits: tuple[str, str]) -> Instruments:
    """What looks at a case.

    Args:
        case: What is trained.
        config: Its configuration.
        digits: As of `run`.
    """
    return Instruments(
        space(case.data, 0 if case.points else config.size, *digits),
        fake_high=config.fault == "labels-swapped",
        unit=config.data_range == "unit",
        held_out=held_out(config),
    )


def keep(table: Any, file: Path) -> None:
    """Writes JSON, whole or not at all: a killed run leaves no half of it."""
    part = file.with_suffix(".part")
    part.write_bytes(orjson.dumps(table))
    part.replace(file)


def deciding(steps: int) -> Sequence[int]:
    """The steps of the looks that decide the outcome."""
    return [steps * percent // 100 for percent in DECIDING]


def median(values: Sequence[float]) -> float:
    """The middle one, NaN where any of them is, or there is none."""
    if not values or any(map(math.isnan, values)):
        return math.nan
    return sorted(values)[len(values) // 2]


def _read_branches(file: Path) -> Mapping[str, Sequence[float]] | None:
    if not file.exists():
        return None
    table = orjson.loads(file.read_bytes())
    return {code: [math.nan if x is None else x for x in ends] for code, ends in table.items()}
