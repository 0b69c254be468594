"""One line that shows how a series went, with the onset of a finding in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from gan_doctor.core import Finding, FloatArray, Run, Series
from gan_doctor.report.convicting import convicting_series, real_value
from gan_doctor.report.envelope import envelope
from gan_doctor.report.hanging import WIDEST
from gan_doctor.report.value_range import value_range
from gan_doctor.report.wording import harmless, number

MOST_BARS = 60
FEWEST_BARS = 8  # in fewer one sees nothing
ENOUGH_BARS = 24  # for fewer, the name of the series is left to the evidence below


@dataclass(frozen=True)
class Alphabet:
    """The characters of a sparkline.

    Args:
        bars: From the lowest to the highest.
        onset: Stands between the values before it and those since.
    """

    bars: str
    onset: str


BLOCKS = Alphabet("▁▂▃▄▅▆▇█", "│")
ASCII = Alphabet("_.-~=+*#", "|")


def sparkline(run: Run, finding: Finding, indent: str = "") -> Iterator[Sparkline]:
    """The sparkline of a finding; none where the series that convicts it was not recorded.

    Args:
        run: With one segment: `run.current`.
        finding: Of that run.
        indent: Before it.
    """
    series = convicting_series(run, finding)
    if series is not None:
        yield Sparkline(series, finding.onset, real_value(run, series), indent)


@dataclass(frozen=True)
class Sparkline:
    """A sparkline for rich, as wide as there is room, with the key to it at its right.

    It is of block characters, or of ASCII where the output has none. Each bar is the mean of about
    as many values as its neighbours; where none of them is finite there is a gap.

    Args:
        series: With at least one finite value.
        onset: Of the finding.
        real: What real data gives, which the scale then reaches.
        indent: Before it.
    """

    series: Series
    onset: float
    real: float | None = None
    indent: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        alphabet = BLOCKS if _can_write(BLOCKS, options.encoding) else ASCII
        room = min(options.max_width, WIDEST) - len(self.indent)
        name = f"{harmless(self.series.key.name)}: "
        for before_key, fewest in ((name, ENOUGH_BARS), ("", FEWEST_BARS)):
            most = min(MOST_BARS, room)
            while most >= fewest:
                bars, key = self._line(most, before_key, alphabet)
                too_many = len(bars) + len(key) - room
                if too_many <= 0:
                    yield Text.assemble(self.indent, bars, (key, "dim"))
                    return
                most -= -(-too_many // 2)  # fewer bars may have a shorter key

    def _line(self, most: int, name: str, alphabet: Alphabet) -> tuple[str, str]:
        """The bars, and the key to them."""
        before, since = _means(self.series, self.onset, most - len(alphabet.onset))
        means = np.concatenate([before, since])
        low, high, logarithmic = value_range(self.series, means, self.real)
        bars = bars_of(means, low, high, logarithmic, alphabet)
        ends = {alphabet.bars[0]: low, alphabet.bars[-1]: high}
        if low == high:
            ends = {alphabet.bars[len(alphabet.bars) // 2]: low}
        notes = [_end(bar, value, self.real) for bar, value in ends.items()]
        notes += ["log scale"] * logarithmic
        notes += ["blank not finite"] * (" " in bars)
        notes += [f"{alphabet.onset} onset"]
        split = len(before)
        return bars[:split] + alphabet.onset + bars[split:], f"  {name}{', '.join(notes)}"


def _means(series: Series, onset: float, bars: int) -> tuple[FloatArray, FloatArray]:
    """Means of at most so many stretches before the onset, and since."""
    n, split = len(series), int(np.searchsorted(series.steps, onset))
    most = min(n, bars)
    # Whatever there is on a side has a bar of its own.
    left = int(np.clip(round(most * split / n), min(split, 1), most - min(n - split, 1)))
    return envelope(series[:split], left).mean, envelope(series[split:], most - left).mean


def bars_of(
    means: FloatArray, low: float, high: float, logarithmic: bool, alphabet: Alphabet
) -> str:
    """A bar for each value; a gap where it is not finite.

    Args:
        means: (N,) the values.
        low: Of the lowest bar; what is lower has that too.
        high: Of the highest bar.
        logarithmic: Whether the bars between them stand for factors.
        alphabet: What they are made of.
    """
    highest = len(alphabet.bars) - 1
    if logarithmic:
        levels = np.log(means / low) / np.log(high / low)
    elif high > low:
        levels = (means / 2 - low / 2) / (high / 2 - low / 2)  # halved: the range may overflow
    else:
        levels = np.where(np.isfinite(means), 0.5, np.nan)
    return "".join(
        " " if np.isnan(level) else alphabet.bars[round(min(max(level, 0), 1) * highest)]
        for level in levels
    )


def _end(bar: str, value: float, real: float | None) -> str:
    """What the lowest or the highest bar stands for."""
    return f"{bar} {number(float(f'{value:.3g}'))}" + " (real data)" * (value == real)


def _can_write(alphabet: Alphabet, encoding: str) -> bool:
    try:
        (alphabet.bars + alphabet.onset).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
