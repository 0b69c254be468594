"""A training run as a log tells it, and the ways to cut it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np

from gan_doctor.core.series import Band, FloatArray, Key, Series, read_only
from gan_doctor.core.setup import Setup

T = TypeVar("T")

Clock = Literal["generator_step", "iteration", "epoch", "kimg", "row"]

# An evaluation at least every 0.5% of the declared budget (catalogue 2.2.4), and every 50 steps as
# long as they are not more than 2,000: our choice. A fault that must hold for ten of them holds for
# 5% of a short run and for 0.5% of a long one.
TICKS_PER_BUDGET = 200
TICK_STEPS = 50
MOST_TICKS = 2_000


@dataclass(frozen=True)
class Event:
    """Something that happened at a step.

    Args:
        step: When.
        kind: `learning-rate`, `resume`, `phase`, `schedule`, `declare`, `note`.
        player: Whose, where there are several.
        detail: What, for people and machines.
    """

    step: float
    kind: str
    player: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Samples:
    """A batch of samples that lies in the log; loaded only when asked for.

    Args:
        step: When it was kept.
        kind: `fake` or `real`.
        path: Where, relative to the log.
        player: Whose, where there are several.
        open: Loads the file at `path`; None when the run did not come from a log.
    """

    step: float
    kind: Literal["fake", "real"]
    path: str
    player: str = ""
    open: Callable[[str], np.ndarray[Any, Any]] | None = field(
        default=None, compare=False, repr=False
    )

    def load(self) -> np.ndarray[Any, Any]:
        """The samples: uint8 NCHW for images, float rows otherwise.

        Raises:
            FileNotFoundError: The run did not come from a log, or the file is gone.
        """
        if self.open is None:
            raise FileNotFoundError(f"Samples {self.path!r} are known by name only")
        return self.open(self.path)


@dataclass(frozen=True)
class Segment:
    """One uninterrupted stretch of recording; a resumed run has several.

    Args:
        first_step: The clock when it began.
        rows: Where its rows begin: series by the text of their key; `events`, `bands` and
            `samples` by that word. What is not named begins at 0.
        started: ISO time, "" if unknown.
    """

    first_step: float = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    started: str = ""

    def __post_init__(self) -> None:
        rows = {name: row for name, row in self.rows.items() if row}
        object.__setattr__(self, "rows", rows)


@dataclass(frozen=True)
class Run:
    """All that a log tells, in the order in which it was recorded.

    Args:
        name: For people.
        clock: What a step is.
        series: The recorded quantities, by key.
        bands: The real-against-real null of the sample measures.
        samples: References to the kept batches.
        setup: Facts of the training.
        events: What happened, and when.
        segments: The stretches of recording, at least one.
        source: Where the log lies.
        notes: What the reader had to say of the log: skipped lines, guessed names.
        foreign: Whether somebody else printed it: it is taken as it is, however short.
    """

    name: str
    clock: Clock = "generator_step"
    series: tuple[Series, ...] = ()
    bands: tuple[Band, ...] = ()
    samples: tuple[Samples, ...] = ()
    setup: Setup = Setup()
    events: tuple[Event, ...] = ()
    segments: tuple[Segment, ...] = (Segment(),)
    source: str = ""
    notes: tuple[str, ...] = ()
    foreign: bool = False

    @cached_property
    def _by_key(self) -> dict[Key, Series]:
        return {series.key: series for series in self.series if len(series)}

    def get(self, name: str, player: str = "", features: str | None = None) -> Series | None:
        """The series of that name, None if it was not recorded or has no values.

        Args:
            name: A name of the vocabulary.
            player: Which G or D.
            features: The feature space; None takes the first recorded one.
        """
        if features is not None:
            return self._by_key.get(Key(name, player, features))
        for key, series in self._by_key.items():
            if key.name == name and key.player == player and key.label is None:
                return series
        return None

    def by_label(
        self, name: str, player: str = "", features: str | None = None
    ) -> dict[int, Series]:
        """The series of that name taken within each class or cluster, in their order.

        Args:
            name: A name of the vocabulary.
            player: Which G or D.
            features: The feature space; None takes any.
        """
        found = {
            key.label: series
            for key, series in self._by_key.items()
            if key.name == name and key.player == player and key.label is not None
            if features in (None, key.features)
        }
        return dict(sorted(found.items()))

    @cached_property
    def _bands_by_key(self) -> dict[Key, list[Band]]:
        known: dict[Key, list[Band]] = {}
        for band in self.bands:
            known.setdefault(band.key, []).append(band)
        return known

    def band(self, key: Key, step: float) -> Band | None:
        """The null of a measure as it stood at `step`, None if none was recorded by then."""
        known = self._bands_by_key.get(key, ())
        return next((band for band in reversed(known) if band.step <= step), None)

    def null_at(
        self, series: Series, number: Literal["mean", "low", "high"] = "mean"
    ) -> FloatArray:
        """(N,) a number of the null of a measure as it stood at each value, NaN without one.

        Args:
            series: The measure.
            number: Which of a band's.
        """
        known = self._bands_by_key.get(series.key, ())
        pairs = [(band.step, getattr(band, number)) for band in known]
        since, numbers = np.array(pairs or [(np.inf, np.nan)]).T
        # After a resume they may begin anew: of those that hold, the last recorded one counts.
        holds = since <= series.steps[:, None]  # (N, B)
        last = len(since) - 1 - holds[:, ::-1].argmax(1)
        return np.where(holds.any(1), numbers[last], np.nan)

    @property
    def players(self) -> tuple[str, ...]:
        """The players that have series, sorted; ("",) when there is one G and one D."""
        return tuple(sorted({key.player for key in self._by_key})) or ("",)

    @property
    def last_step(self) -> float:
        """The step of the last value recorded, 0 for an empty run."""
        ends = [series.steps[-1] for series in self.parts[-1]._by_key.values()]
        return float(max(ends, default=self.segments[-1].first_step))

    @property
    def budget(self) -> int | None:
        """The declared number of steps; never the last step seen."""
        return self.setup.total_steps

    @property
    def tick_steps(self) -> int:
        """How many steps lie between two evaluations; 0 when every row is one."""
        if self.clock not in ("generator_step", "iteration"):
            return 0
        if self.budget is None:
            return TICK_STEPS
        at_least = min(TICK_STEPS, self.budget // TICKS_PER_BUDGET)
        return max(1, at_least, self.budget // MOST_TICKS)

    @cached_property
    def ticks(self) -> FloatArray:
        """(T,) the steps at which this segment is evaluated.

        A tick is the first recorded step at or beyond a multiple of `tick_steps` that lies beyond
        the segment's first step, so a longer log never moves an earlier tick.

        Raises:
            ValueError: The run has several segments; ask each of its `parts`.
        """
        if len(self.segments) > 1:
            raise ValueError("ticks belong to one segment: use run.parts")
        steps = _distinct([series.steps for series in self._by_key.values()])
        if not steps:
            return read_only([])
        recorded = np.unique(np.concatenate(steps))
        if self.tick_steps:
            multiples = recorded // self.tick_steps
            begun = self.segments[0].first_step // self.tick_steps
            recorded = recorded[np.diff(multiples, prepend=begun) > 0]
        return read_only(recorded)

    @cached_property
    def parts(self) -> tuple[Run, ...]:
        """One run of a single segment for each segment, in order. Steps rise within a part."""
        if len(self.segments) == 1:
            return (self,)
        ends = [*self.segments[1:], None]
        return tuple(self._between(*pair) for pair in zip(self.segments, ends, strict=True))

    def _between(self, start: Segment, end: Segment | None) -> Run:
        def rows(name: str, n: int) -> slice:
            last = n if end is None else end.rows.get(name, 0)
            return slice(start.rows.get(name, 0), last)

        return replace(
            self,
            series=tuple(s[rows(str(s.key), len(s))] for s in self.series),
            # A null stays known after a resume until a new one is measured.
            bands=self.bands[: rows("bands", len(self.bands)).stop],
            samples=self.samples[rows("samples", len(self.samples))],
            events=self.events[rows("events", len(self.events))],
            segments=(replace(start, rows={}),),
        )

    def until(self, step: float) -> Run:
        """The run as it stood when the record first went beyond `step`.

        Cuts in the order of recording: segments after the one that first went beyond `step` are
        left out whole, and so is a series that had not begun.
        """
        kept: list[Run] = []
        for part in self.parts:
            kept.append(part._head(step))
            if part._goes_beyond(step):
                break
        joined = join(kept)
        return replace(joined, series=tuple(series for series in joined.series if len(series)))

    def _goes_beyond(self, step: float) -> bool:
        ends = [series.steps[-1] for series in self._by_key.values()]
        ends += [samples.step for samples in self.samples] + [event.step for event in self.events]
        return max(ends, default=-np.inf) > step

    def _head(self, step: float) -> Run:
        return replace(
            self,
            series=tuple(
                s[: int(np.searchsorted(s.steps, step, side="right"))] for s in self.series
            ),
            bands=tuple(b for b in self.bands if b.step <= step),
            samples=tuple(s for s in self.samples if s.step <= step),
            events=tuple(e for e in self.events if e.step <= step),
        )

    @cached_property
    def current(self) -> Run:
        """The view of a resumed run in which each segment ends where the next one took over.

        Of a step that was recorded twice, the last record is kept. The view has one segment.
        """
        kept = list(self.parts)
        for i in range(len(kept) - 1, 0, -1):
            kept[:i] = [part._given_up_to(kept[i]) for part in kept[:i]]
        return replace(join(kept), segments=(replace(self.segments[0], rows={}),))

    def _given_up_to(self, later: Run) -> Run:
        head = self._head(later.segments[0].first_step)
        starts = {key: series.steps[0] for key, series in later._by_key.items()}
        series = tuple(
            s[: int(np.searchsorted(s.steps, starts.get(s.key, np.inf)))] for s in head.series
        )
        return replace(head, series=series)


def join(runs: Sequence[Run]) -> Run:
    """Puts the parts of a run together again, or runs that carry on from each other, in order.

    Name, clock and setup are those of the last one.

    Raises:
        ValueError: No run was given.
    """
    if not runs:
        raise ValueError("join needs at least one run")
    parts = [part for run in runs for part in run.parts]
    pieces: dict[Key, list[Series]] = {}
    segments: list[Segment] = []
    bands: tuple[Band, ...] = ()
    samples: tuple[Samples, ...] = ()
    events: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()
    for part in parts:
        rows = {str(key): sum(map(len, earlier)) for key, earlier in pieces.items()}
        rows |= {"bands": len(bands), "samples": len(samples), "events": len(events)}
        segments.append(replace(part.segments[0], rows=rows))
        samples, events = samples + part.samples, events + part.events
        bands, notes = _carried_on(bands, part.bands), _carried_on(notes, part.notes)
        for series in part.series:
            pieces.setdefault(series.key, []).append(series)
    return replace(
        parts[-1],
        series=tuple(_concatenated(earlier) for earlier in pieces.values()),
        bands=bands,
        samples=samples,
        events=events,
        segments=tuple(segments),
        notes=notes,
    )


def _distinct(arrays: Sequence[FloatArray]) -> list[FloatArray]:
    """Each of some arrays once: most series have the steps of others."""
    kept: list[FloatArray] = []
    for array in arrays:
        if not any(array is other or np.array_equal(array, other) for other in kept):
            kept.append(array)
    return kept


def _carried_on(known: tuple[T, ...], more: tuple[T, ...]) -> tuple[T, ...]:
    # The parts of one run share its notes, and know the bands of the parts before them.
    return more if more[: len(known)] == known else known + more


def _concatenated(pieces: Sequence[Series]) -> Series:
    if len(pieces) == 1:
        return pieces[0]
    steps = np.concatenate([series.steps for series in pieces])
    return Series(pieces[0].key, steps, np.concatenate([series.values for series in pieces]))
