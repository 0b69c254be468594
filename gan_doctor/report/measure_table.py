"""The sample measures as a table: what fakes give, and what real data gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rich.text import Text

from gan_doctor.core import VOCABULARY, Key, Run
from gan_doctor.report.wording import harmless, number

Mark = Literal["below", "within", "above", "not known"]

_WIDTH = 33  # of the names

# By what they ask, in words that fit the column.
_GROUPS = {
    "How real": {
        "precision": "precision (fakes that look real)",
        "density": "density (fakes near a real)",
        "kernel_distance": "kernel distance (KID)",
        "nearest_ratio": "distance to the nearest real",
        "label_agreement": "agreement with their classes",
    },
    "How much of the data": {
        "recall": "recall (reals within reach)",
        "coverage": "coverage (reals with a fake near)",
        "modes": "clusters that are reached",
        "mode_distance": "difference in cluster shares",
    },
    "How varied": {
        "spread_ratio": "spread",
        "pairwise_ratio": "distance between two",
        "cluster_spread_ratio": "spread within a cluster",
        "class_spread_ratio": "spread within a class",
        "vendi_ratio": "how many different ones (Vendi)",
        "rank_ratio": "directions of spread (rank)",
        "duplicates": "fakes with a near copy",
        "copied_pairs": "pairs that are near copies",
    },
    "Fine detail": {
        "neighbour_correlation": "correlation of neighbour pixels",
        "laplacian_variance": "sharpness (Laplacian)",
        "high_frequency": "high frequencies",
        "spectral_slope": "fall of the spectrum",
        "checkerboard": "grid of the upsampling",
    },
    "Values": {
        "value_distance": "difference in pixel values",
        "border_distance": "difference at the border",
        "outside": "fakes' values no real has",
        "unreached": "reals' values no fake has",
    },
    "Taken for augmented": {
        "leak/rotation": "turned",
        "leak/flip": "mirrored",
        "leak/translation": "shifted",
        "leak/cutout": "cut out",
    },
}
_OTHER = "Other"


@dataclass(frozen=True)
class Measured:
    """One measure of fakes beside what real data gives.

    Args:
        key: The measure.
        value: Mean over the draws.
        values: One of each draw.
        mean: What real data gives; NaN without a null.
        low: Lower end of its 99% band.
        high: Upper end.
        mark: Where the fakes stand to the band.
    """

    key: Key
    value: float
    values: tuple[float, ...]
    mean: float
    low: float
    high: float
    mark: Mark


def measured_of(run: Run) -> tuple[Measured, ...]:
    """Every sample measure of a run of draws, those of single clusters left out."""
    return tuple(_measured(run, key) for key in _keys(run))


def in_words(name: str) -> str:
    """A measure as the table calls it, by its name in the vocabulary."""
    short = name.removeprefix("sample/")
    for words in _GROUPS.values():
        if short in words:
            return words[short]
    return harmless(short.replace("_", " "))


def measure_table(measures: Sequence[Measured]) -> Iterator[Text]:
    """The lines of the table, grouped by what they ask; plain words say where fakes stand."""
    yield _line("", "fakes", "reals", "99% of reals", "")
    groups = {**_GROUPS, _OTHER: {}}
    for group in groups:
        rows = [m for m in measures if _group(m) == group]
        if rows:
            yield Text(group, "bold", no_wrap=True, overflow="ignore")
        for row in rows:
            line = _line(f"  {in_words(row.key.name)}", *_numbers(row), row.mark)
            line.stylize("" if row.mark == "within" else "bold")
            yield line


def _keys(run: Run) -> list[Key]:
    return [s.key for s in run.series if s.key.name.startswith("sample/") and s.key.label is None]


def _measured(run: Run, key: Key) -> Measured:
    series = run.get(key.name, key.player, key.features)
    values = () if series is None else tuple(series.values.tolist())
    known = [v for v in values if math.isfinite(v)]
    value = float(np.mean(known)) if known else math.nan
    band = run.band(key, run.last_step)
    if band is None or not known or not math.isfinite(band.low + band.high):
        mean = math.nan if band is None else band.mean
        return Measured(key, value, values, mean, math.nan, math.nan, "not known")
    slack = _smallest_step(key, band.n)
    below, above = value < band.low - slack, value > band.high + slack
    mark: Mark = "below" if below else "above" if above else "within"
    return Measured(key, value, values, band.mean, band.low, band.high, mark)


def _smallest_step(key: Key, n: int) -> float:
    """Of a share of n samples; a null that is 0 in all draws has no width otherwise."""
    term = VOCABULARY.get(key.name)
    return 1 / n if term is not None and term.unit == "probability" else 0.0


def _group(row: Measured) -> str:
    short = row.key.name.removeprefix("sample/")
    return next((group for group, words in _GROUPS.items() if short in words), _OTHER)


def _numbers(row: Measured) -> tuple[str, str, str]:
    term = VOCABULARY.get(row.key.name)
    low, high = row.low, row.high
    if term is not None:  # a band is that of a normal, and reaches beyond what there can be
        low = low if term.low is None else max(low, term.low)
        high = high if term.high is None else min(high, term.high)
    band = "" if math.isnan(low) else f"{_short(low)} to {_short(high)}"
    return _short(row.value), _short(row.mean), band


def _short(value: float) -> str:
    """Three digits behind the point at most, so that columns can be read down.

    Example:
        >>> [_short(x) for x in (0.98765, -0.0001, 12.3456, 1234.0, float("nan"))]
        ['0.988', '0.000', '12.35', '1,234', '-']
    """
    if not math.isfinite(value):
        return "-"
    if abs(value) >= 1000:
        return number(value)
    digits = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0 takes the sign off a zero


def _line(name: str, fakes: str, reals: str, band: str, mark: str) -> Text:
    # Two blanks and the word of the mark: 79 characters.
    text = f"{name:<{_WIDTH + 2}}{fakes:>8}{reals:>8}{band:>18}  {mark}"
    return Text(text.rstrip(), no_wrap=True, overflow="ignore")
