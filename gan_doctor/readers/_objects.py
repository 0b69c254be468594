"""JSON objects made into rows: nested ones made flat, and which values are numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from gan_doctor.core import FloatArray
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._rows import Rows, place_of, telling
from gan_doctor.readers._table import BoolArray

_DEEPEST = 8
# How a number that JSON has no word for is written as text.
_WORDS = {
    word: float(word)
    for word in ("NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "Inf", "-Inf")
}
# An object that stands for one number.
_MEANS = ({"mean", "num", "std"}, {"mean", "std"})


class Objects:
    """All objects of a log so far, one row each.

    Args:
        naming: What is known of its tags.
    """

    def __init__(self, naming: Naming) -> None:
        self.rows = Rows(naming)

    def take(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Takes the objects that have come, in their order."""
        flat = [_flat(one) for one in objects]
        alike: dict[tuple[str, ...], list[int]] = {}
        for i, one in enumerate(flat):
            alike.setdefault(tuple(one), []).append(i)
        for tags, rows in alike.items():
            columns, present = {}, {}
            raw = zip(*(flat[i].values() for i in rows), strict=True)
            for tag, cells in zip(tags, raw, strict=True):
                if tag.startswith("_") and place_of(tag) is None:
                    continue  # the logger's own: `_runtime`, `_timestamp`
                numbers, there = _numbers(cells)
                if there is None:
                    columns[tag] = numbers
                elif there.any():
                    columns[tag], present[tag] = numbers, there
            self.rows.add(self.rows.count + np.array(rows, dtype=np.int64), columns, present)
        self.rows.count += len(flat)


def number(value: object) -> float | None:
    """The number that a JSON value is, None where it is none."""
    if isinstance(value, str):
        return _WORDS.get(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def loads(text: bytes) -> Any:
    """Reads JSON, also where NaN and Infinity stand in it as Python writes them.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError("too deeply nested") from error


def sureness(objects: Sequence[Mapping[str, Any]], naming: Naming) -> float:
    """How much the first objects of a log look like those of a GAN's training, 0 to 1."""
    tags = {
        tag for one in objects for tag, value in _flat(one).items() if number(value) is not None
    }
    known = telling(sorted(tags), naming) > 0
    if {"itr", "IS_mean"} <= tags or "Progress/kimg" in tags or "snapshot_pkl" in objects[0]:
        return 0.3 if known else 0.0  # of a family of codes that has a reader of its own
    placed = any(place_of(tag) for tag in tags)
    return (0.7 if placed else 0.5) if known else 0.1 * placed


def _flat(one: Mapping[str, Any]) -> Mapping[str, Any]:
    if dict not in set(map(type, one.values())):
        return one
    return dict(_leaves(one))


def _leaves(one: Mapping[str, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for tag, value in one.items():
        if not isinstance(value, dict):
            yield above + tag, value
        elif value.keys() in _MEANS:
            yield above + tag, value["mean"]
        elif depth < _DEEPEST and "_type" not in value:  # W&B's word for a picture or table
            yield from _leaves(value, f"{above}{tag}/", depth + 1)


def _numbers(cells: Sequence[Any]) -> tuple[FloatArray, BoolArray | None]:
    """A column of values, and where they are numbers at all; None where all are."""
    if set(map(type, cells)) <= {float, int}:
        try:
            return np.array(cells, dtype=np.float64), None
        except OverflowError:
            pass
    found = [number(cell) for cell in cells]
    there = np.array([one is not None for one in found])
    return np.array([np.nan if one is None else one for one in found]), there
