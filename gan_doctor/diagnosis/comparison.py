"""Several runs beside each other: what differs, where they part, which is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from gan_doctor.core import Config, ConfigError, Diagnosis, Source
from gan_doctor.diagnosis.better import Judged, judged
from gan_doctor.diagnosis.diagnose import diagnose
from gan_doctor.diagnosis.parting import Parting, partings
from gan_doctor.diagnosis.setup_difference import Facts, alike, differing, facts_of
from gan_doctor.readers import read


@dataclass(frozen=True)
class Comparison:
    """What several runs have to say of each other.

    Args:
        names: Short ones that tell the runs apart.
        diagnoses: One for each run.
        groups: The indices of the runs of each configuration; one that nobody knows stands alone.
        differing: The facts of the set-up that differ, with the value of each run, None where it
            is not known.
        partings: For each run but the first, where it parts from the first.
        judged: Which run is better by which measure.
    """

    names: tuple[str, ...]
    diagnoses: tuple[Diagnosis, ...]
    groups: tuple[tuple[int, ...], ...]
    differing: Mapping[str, tuple[Any, ...]]
    partings: tuple[tuple[Parting, ...], ...]
    judged: tuple[Judged, ...]

    @property
    def one_clock(self) -> bool:
        """Whether a step is the same thing in all runs."""
        return len({diagnosis.run.clock for diagnosis in self.diagnoses}) == 1


def compare(places: Sequence[str], config: Config = Config()) -> Comparison:
    """Compares the runs at some places.

    Args:
        places: At least two, which `gan_doctor.read` can read.
        config: Which detectors to ask.

    Raises:
        ConfigError: There are fewer than two.
        ReadError: One cannot be read.
    """
    if len(places) < 2:
        raise ConfigError(f"A comparison takes two runs or more, got {len(places)}")
    sources = [Source.of(place) for place in places]
    runs = [read(source) for source in sources]
    facts = [facts_of(run, source) for run, source in zip(runs, sources, strict=True)]
    diagnoses = tuple(diagnose(run, config) for run in runs)
    return compared(short_names(places), diagnoses, facts)


def compared(
    names: Sequence[str], diagnoses: Sequence[Diagnosis], facts: Sequence[Facts]
) -> Comparison:
    """The comparison of runs that were read and diagnosed.

    Args:
        names: Of each run.
        diagnoses: Of each run.
        facts: Of each run, as `facts_of` gives them.
    """
    runs = [diagnosis.run for diagnosis in diagnoses]  # with the measures of their samples
    groups = _groups(facts)
    same = [[runs[i] for i in group] for group in groups if len(group) > 1]
    return Comparison(
        tuple(names),
        tuple(diagnoses),
        groups,
        differing(facts),
        tuple(partings(runs[0], run, same) for run in runs[1:]),
        judged(runs, groups),
    )


def short_names(places: Sequence[str]) -> tuple[str, ...]:
    """The last parts of some paths, as few as tell them apart, without what all end in.

    Example:
        >>> short_names(["runs/a/log", "runs/b/log"]), short_names(["x/dcgan", "x/wgan"])
        (('a', 'b'), ('dcgan', 'wgan'))
    """
    parts = [PurePath(place).parts or (place,) for place in places]
    while min(map(len, parts)) > 1 and len({of[-1] for of in parts}) == 1:
        parts = [of[:-1] for of in parts]
    for n in range(1, max(map(len, parts)) + 1):
        names = ["/".join(of[-n:]) for of in parts]
        if len(set(names)) == len(names):
            return tuple(names)
    return tuple(f"{place} ({i})" for i, place in enumerate(places, start=1))


def _groups(facts: Sequence[Facts]) -> tuple[tuple[int, ...], ...]:
    groups: list[list[int]] = []
    for i, of in enumerate(facts):
        like = (group for group in groups if alike([facts[group[0]], of]))
        group = next(like, None)
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    return tuple(map(tuple, groups))
