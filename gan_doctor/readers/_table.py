"""What other people's logs print, row by row, made into a run: steps, restarts, names.

A foreign reader turns its format into blocks of rows. All else is the same for every format: which
numbers tell where in the training a row stands, where it begins anew, and what a tag means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from gan_doctor.core import FloatArray, Key, Run, Segment, Series, Setup, join
from gan_doctor.readers._clock import PLACES, placed
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._objective import guessed

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_UNKNOWN = Setup()


@dataclass(frozen=True)
class Block:
    """Rows of one shape.

    Args:
        order: (N,) where each row stands in the log, such as its line; it rises.
        place: (N,) numbers that say where in the training it was printed, by the words of `PLACES`;
            NaN where a row does not say.
        values: (N,) what it printed, by tag; NaN is a value like any other.
        present: (N,) whether it printed that tag at all, for the tags that some rows leave out.
    """

    order: IntArray
    place: Mapping[str, FloatArray]
    values: Mapping[str, FloatArray]
    present: Mapping[str, BoolArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """What was printed of one series.

    Args:
        order: (N,) where in the log; it rises.
        steps: (N,) the clock.
        values: (N,) the values.
    """

    order: IntArray
    steps: FloatArray
    values: FloatArray

    def __getitem__(self, rows: slice | IntArray | BoolArray) -> Column:
        return Column(self.order[rows], self.steps[rows], self.values[rows])


def as_run(
    name: str,
    source: str,
    blocks: Sequence[Block],
    naming: Naming,
    setup: Setup = _UNKNOWN,
    notes: Sequence[str] = (),
) -> Run:
    """The run that the rows of a log make.

    Args:
        name: For people.
        source: Where the log lies.
        blocks: All rows.
        naming: What is known of the tags.
        setup: What else the log tells of the training.
        notes: What the reader has to say.
    """
    blocks = [block for block in blocks if len(block.order)]
    named = naming.of([tag for block in blocks for tag in block.values])
    if not blocks:
        told = (*notes, *named.notes)
        return Run(name, source=source, setup=setup, notes=told, foreign=True)
    order, places = _gathered(blocks)
    clock = placed(places, len(order), any(map(_crowded, blocks)))
    columns = {key: _column(blocks, tag, order, clock.steps) for tag, key in named.keys.items()}
    added = _sums_of_halves(columns)
    columns |= added
    begins = _restarts(list(columns.values()))
    parts: list[Run] = []
    twice = 0
    for first, end in zip(begins, [*begins[1:], np.inf], strict=True):
        series = []
        for key, column in columns.items():
            mine = column[(column.order >= first) & (column.order < end)]
            once = _last_of_each(mine)
            twice += len(mine.order) - len(once.order)
            series.append(Series(key, once.steps, once.values))
        series = [one for one in series if len(one)]
        begun = min((one.steps[0] for one in series), default=0.0) if parts else 0.0
        parts.append(Run(name, clock.name, tuple(series), segments=(Segment(float(begun)),)))
    return replace(
        join(parts),
        source=source,
        foreign=True,
        setup=_learned(replace(setup, total_steps=setup.total_steps or clock.total), columns),
        notes=(
            *notes,
            *clock.notes,
            *_told(len(begins) - 1, twice),
            *named.notes,
            *(f"{key} is the sum of its halves" for key in added),
        ),
    )


def _learned(setup: Setup, columns: Mapping[Key, Column]) -> Setup:
    """With the loss family that the losses of all players tell of, unless it is known."""
    if setup.objective.family is not None:
        return setup
    told = {
        player: guessed({k.name: c.values for k, c in columns.items() if k.player == player})
        for player in {key.player for key in columns if key.name == "loss/d"}
    }
    agreed = set(told.values())
    if len(agreed) != 1 or (objective := agreed.pop()).family is None:
        return setup
    return replace(setup, objective=objective, objective_inferred=True)


def _gathered(blocks: Sequence[Block]) -> tuple[IntArray, dict[str, FloatArray]]:
    """What rows tell of their places, in the order of the log; NaN where a row does not say."""
    order = np.concatenate([block.order for block in blocks])
    sort = np.argsort(order, kind="stable")
    places = {}
    for word in (word for word in PLACES if any(word in block.place for block in blocks)):
        unknown = [np.full(len(block.order), np.nan) for block in blocks]
        told = [b.place.get(word, nan) for b, nan in zip(blocks, unknown, strict=True)]
        places[word] = np.concatenate(told)[sort]
    return order[sort], places


def _crowded(block: Block) -> bool:
    """Whether most of its rows share their epoch with the one before."""
    epoch = block.place.get("epoch")
    if epoch is None or not block.values:
        return False
    same = np.diff(epoch[np.isfinite(epoch)]) == 0
    return bool(len(same) and same.mean() > 0.5)


def _column(blocks: Sequence[Block], tag: str, rows: IntArray, steps: FloatArray) -> Column:
    """All that was printed of a tag, in the order of the log.

    Args:
        blocks: All rows.
        tag: The tag.
        rows: (N,) where each row stands in the log; it rises.
        steps: (N,) its step.
    """
    orders, values = [], []
    for block in blocks:
        if tag in block.values:
            there = block.present.get(tag, np.ones(len(block.order), dtype=bool))
            orders.append(block.order[there])
            values.append(block.values[tag][there])
    order = np.concatenate(orders)
    sort = np.argsort(order, kind="stable")
    order = order[sort]
    whole = np.array_equal(order, rows)
    at = steps if whole else steps[np.searchsorted(rows, order, side="right") - 1]
    return Column(order, at, np.concatenate(values)[sort])


def _sums_of_halves(columns: Mapping[Key, Column]) -> dict[Key, Column]:
    """D's loss, of the players for which only its real and its fake half were printed."""
    found = {}
    for key, real in columns.items():
        whole, other = Key("loss/d", key.player), Key("loss/d/fake", key.player)
        if key.name == "loss/d/real" and other in columns and whole not in columns:
            fake = columns[other]
            if np.array_equal(real.order, fake.order):
                found[whole] = replace(real, values=real.values + fake.values)
            elif np.array_equal(real.steps, fake.steps):  # each half has lines of its own
                found[whole] = replace(fake, values=real.values + fake.values)
    return found


def _restarts(columns: Sequence[Column]) -> list[int]:
    """Where in the log the training begins, first and anew: wherever a series steps back.

    Several series step back at one restart, each at its next row; it counts once.
    """
    found: list[int] = [0]
    falls = []
    for column in columns:
        back = np.flatnonzero(np.diff(column.steps) < 0)
        falls += [(int(column.order[i + 1]), int(column.order[i])) for i in back]
    for at, before in sorted(falls):
        if before >= found[-1]:  # it had a row since the last restart
            found.append(at)
    return found


def _last_of_each(column: Column) -> Column:
    """Without the values that another one at the same step follows."""
    return column[np.append(np.diff(column.steps) != 0, True)] if len(column.order) else column


def _told(restarts: int, twice: int) -> list[str]:
    notes = []
    if restarts:
        times = "once" if restarts == 1 else f"{restarts} times"
        notes.append(
            f"the steps go back {times}: the training began anew, or several write into one log"
        )
    if twice:
        notes.append(f"{twice} values were followed by another one at the same step, which counts")
    return notes
