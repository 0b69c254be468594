"""The rows of a sweep: what needs a person first, and runs of one configuration together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import Literal

from gan_doctor.triage.configuration import without_seed
from gan_doctor.triage.examine import Examined
from gan_doctor.triage.places import Found

State = Literal["running", "finished", "stopped", "unknown"]
STATES: tuple[State, ...] = ("running", "finished", "stopped", "unknown")
QUIET_SECONDS = 600  # a run that has written nothing for so long runs no more; our choice

# What a row may ask for, the most pressing first. A finished run that nothing stands against is
# fine; one that cannot be read may be anything.
OUTLOOKS = ("stop", "roll back", "change", "unread", "watch", "continue", "fine")

FIELDS: Mapping[str, str] = {
    "outlook": "what to do: stop, roll back, change, watch, continue, fine, or unread",
    "state": "running (written to within 10 minutes), finished (its budget is reached), stopped",
    "severity": "of the worst finding that stands: critical, warning, or '' for none",
    "finding": "the first problem that stands",
    "onset": "first step of that",
    "step": "the last step",
    "budget": "the declared number of steps",
    "wasted": "share of the steps that came after the first critical onset, 0 to 1",
    "measure": "the FID or sample measure that the log holds",
    "best": "its best value",
    "clock": "what a step is",
    "group": "its configuration",
    "format": "the reader of its log",
    "name": "where it lies, below the place that was named",
    "path": "where it lies",
    "reason": "why the outlook is what it is",
    "error": "why it cannot be read",
}
NUMBERS = ("onset", "step", "budget", "wasted", "best")

Value = str | float | None


@dataclass(frozen=True)
class Row:
    """One run of a sweep.

    Args:
        found: Where it lies.
        examined: What it says.
        state: Whether it still runs.
        group: The name of its configuration.
    """

    found: Found
    examined: Examined
    state: State
    group: str

    @property
    def outlook(self) -> str:
        """What to do, one of `OUTLOOKS`."""
        action = self.examined.outlook
        return "fine" if action == "continue" and self.state == "finished" else action

    def plain(self) -> dict[str, Value]:
        """The words and numbers of the row, by the names of `FIELDS`."""
        found, examined = self.found, self.examined
        own: dict[str, Value] = {
            "outlook": self.outlook,
            "state": self.state,
            "group": self.group,
            "format": found.format,
            "name": found.name,
            "path": found.path,
        }
        return {name: own[name] if name in own else getattr(examined, name) for name in FIELDS}


@dataclass(frozen=True)
class Group:
    """The runs of one configuration, which differ in their seed.

    Args:
        name: For people.
        n: How many.
        critical: With a critical finding that stands.
        unread: That cannot be read.
        measure: What the numbers below are of, "" where no run has any.
        measured: How many runs have it.
        low: Least of the best values.
        middle: Their median.
        high: Greatest of them.
    """

    name: str
    n: int
    critical: int
    unread: int
    measure: str = ""
    measured: int = 0
    low: float | None = None
    middle: float | None = None
    high: float | None = None


def rows(examined: Mapping[Found, Examined], now: float) -> tuple[Row, ...]:
    """The rows of a sweep in the order of need: by outlook, then by wasted compute, then by path.

    Args:
        examined: What each run says.
        now: Seconds since 1970.
    """
    names = _group_names(examined)
    made = (
        Row(found, of, _state(found, of, now), names[of.configuration])
        for found, of in examined.items()
    )

    def need(row: Row) -> tuple[int, float, str]:
        return OUTLOOKS.index(row.outlook), -(row.examined.wasted or 0.0), row.found.path

    return tuple(sorted(made, key=need))


def groups(of: Sequence[Row]) -> tuple[Group, ...]:
    """The configurations of some rows, in the order in which they first come."""
    members: dict[str, list[Examined]] = {}
    for row in of:
        members.setdefault(row.group, []).append(row.examined)
    return tuple(_group(name, runs) for name, runs in members.items())


def _group(name: str, runs: Sequence[Examined]) -> Group:
    measure = min((run.measure for run in runs if run.measure), default="")
    best = [run.best for run in runs if run.measure == measure and run.best is not None]
    return Group(
        name,
        len(runs),
        sum(run.severity == "critical" for run in runs),
        sum(run.outlook == "unread" for run in runs),
        measure,
        len(best),
        *((min(best), median(best), max(best)) if best else ()),
    )


def _state(found: Found, of: Examined, now: float) -> State:
    if of.ended:
        return "finished"
    if found.trace.written is None:
        return "unknown"
    return "running" if now - found.trace.written < QUIET_SECONDS else "stopped"


def _group_names(examined: Mapping[Found, Examined]) -> dict[str, str]:
    """A name for each configuration, after its first run; of two alike, the second has a number."""
    names: dict[str, str] = {}
    for found, of in sorted(examined.items(), key=lambda pair: pair[0].path):
        if of.configuration not in names:
            cut = without_seed(found.name) or without_seed(found.path).rpartition("/")[2]
            free = (name for name in _numbered(cut) if name not in names.values())
            names[of.configuration] = next(free)
    return names


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} ({n})" for n in count(2))
