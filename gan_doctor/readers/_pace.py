"""Columns of unequal length beside each other: D was stepped twice for each step of G."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gan_doctor.core import FloatArray, Run, Setup
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._rows import in_one_order
from gan_doctor.readers._table import Block, IntArray, as_run

_FEW = 10  # rows, of which one more or less is another pace


@dataclass(frozen=True)
class Numbers:
    """A column without steps.

    Args:
        rows: (N,) where each value stands in it, counted from 0.
        values: (N,) the values.
        length: How many rows it has, those without a value too.
    """

    rows: IntArray
    values: FloatArray
    length: int


def side_by_side(
    name: str,
    source: str,
    columns: Mapping[str, Numbers],
    naming: Naming,
    notes: Sequence[str] = (),
) -> Run:
    """The run that columns make which tell nothing but their order.

    The clock is G's: row i of another column stands at step (i + 1) * len(G) / len(column).

    Args:
        name: For people.
        source: Where the log lies.
        columns: By tag.
        naming: What is known of the tags.
        notes: What the reader has to say.
    """
    columns = {tag: column for tag, column in columns.items() if len(column.rows)}
    if not columns:
        return as_run(name, source, [], naming, notes=notes)
    keys = naming.of(columns).keys
    names = {keys[tag].name: tag for tag in columns if tag in keys}
    clock = names.get("loss/g") or max(columns, key=lambda tag: columns[tag].length)
    paces = {tag: _pace(column.length, columns[clock].length) for tag, column in columns.items()}
    logs = [
        [Block(column.rows, {"step": (column.rows + 1) / paces[tag]}, {tag: column.values})]
        for tag, column in columns.items()
    ]
    told = [f"steps are rows of {clock}: nothing says how far apart they are"]
    told += [
        f"{tag} has {columns[tag].length} rows for the {columns[clock].length} of {clock}: "
        f"its row i is put at step i / {pace:g}"
        for tag, pace in paces.items()
        if pace != 1
    ]
    d_steps = paces.get(names.get("loss/d", ""), 1.0) if "loss/g" in names else 1.0
    setup = Setup(d_steps=d_steps) if d_steps > 1 and d_steps == int(d_steps) else Setup()
    run = as_run(name, source, in_one_order(logs), naming, setup, (*notes, *told))
    return replace(run, clock="row")


def _pace(length: int, clock: int) -> float:
    """Rows for each row of the clock; while the log grows, the last of them may be missing."""
    whole = round(length / clock)
    lags = clock >= _FEW and abs(length - whole * clock) <= whole
    return float(whole) if whole and lags else length / clock
