"""One recorded quantity over a run: its name and the values it took."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_KEY = re.compile(
    r"(?P<name>[^@#=]+)(@(?P<player>[^@#=]+))?(#(?P<features>[^@#=]+))?(=(?P<label>-?\d+))?"
)

# Words that the run log and `Segment.rows` use beside the keys: no key may read like one of them.
_RESERVED = frozenset({"step", "segment", "events", "bands", "samples"})


def read_only(values: npt.ArrayLike) -> FloatArray:
    """Returns `values` as a float64 array that cannot be written to.

    An array that is already a read-only float64 one is returned as it is.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.flags.writeable:
        array = array.copy()
        array.setflags(write=False)
    return array


@dataclass(frozen=True)
class Key:
    """The name of a series.

    Its text form is `name@player#features=label`, with the empty parts left out:
    `loss/d`, `loss/d@A`, `sample/recall#random-conv`, `sample/recall#random-conv=3`.
    What would not come back is percent-encoded. Keys sort by their parts.

    Args:
        name: A name of the vocabulary (`core.vocabulary`), or a foreign tag.
        player: Which G or D, where there are several.
        features: The feature space in which a sample measure was taken.
        label: The class, for a measure taken within one class.

    Example:
        >>> Key.parse("sample/recall#random-conv").features
        'random-conv'
    """

    name: str
    player: str = ""
    features: str = ""
    label: int | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a series key needs a name")

    def __str__(self) -> str:
        text = _escape(self.name)
        text += f"@{_escape(self.player)}" if self.player else ""
        text += f"#{_escape(self.features)}" if self.features else ""
        text += f"={self.label}" if self.label is not None else ""
        return _encoded(text[0]) + text[1:] if text in _RESERVED else text

    def __lt__(self, other: Key) -> bool:
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[str, str, str, bool, int]:
        return (self.name, self.player, self.features, self.label is not None, self.label or 0)

    @classmethod
    def parse(cls, text: str) -> Key:
        """Reads the text form back.

        Raises:
            ValueError: `text` is not a key.
        """
        match = _KEY.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not a series key: expected name[@player][#features][=label]"
            )
        part = match.groupdict(default="")
        label = int(part["label"]) if part["label"] else None
        return cls(unquote(part["name"]), unquote(part["player"]), unquote(part["features"]), label)


@dataclass(frozen=True, eq=False)
class Series:
    """The values of one quantity, in the order in which they were recorded.

    Args:
        key: What it is.
        steps: (N,) the run's clock at each value; within a segment it never falls.
        values: (N,) the values; NaN and infinities are values like any other.
    """

    key: Key
    steps: FloatArray
    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", read_only(self.steps))
        object.__setattr__(self, "values", read_only(self.values))
        if self.steps.ndim != 1 or self.steps.shape != self.values.shape:
            shapes = f"{self.steps.shape} steps and {self.values.shape} values"
            raise ValueError(
                f"Series {str(self.key)!r} needs as many steps as values, got {shapes}"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Series):
            return NotImplemented
        return (
            self.key == other.key
            and np.array_equal(self.steps, other.steps, equal_nan=True)
            and np.array_equal(self.values, other.values, equal_nan=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> Series:
        return Series(self.key, self.steps[rows], self.values[rows])


@dataclass(frozen=True)
class Band:
    """What a sample measure gives between two disjoint parts of the real data: its null.

    Args:
        key: The measure.
        n: Number of samples on each side.
        mean: Mean over the draws.
        sd: Standard deviation over the draws; 0 means degenerate data.
        low: 0.5% quantile.
        high: 99.5% quantile.
        step: Since which step the band holds (the real reservoir grows early in a run).
    """

    key: Key
    n: int
    mean: float
    sd: float
    low: float
    high: float
    step: float = 0


def _escape(text: str) -> str:
    return re.sub(r"[%@#=\x00-\x1f]", lambda match: _encoded(match[0]), text)


def _encoded(character: str) -> str:
    return f"%{ord(character):02X}"
