"""From values to thousandths of a picture's width or height, and the round numbers between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_TICKS = 5  # and one, where both ends are round


@dataclass(frozen=True)
class Scale:
    """A stretch of numbers laid out on 0 to 1000.

    Args:
        low: The least number.
        high: The greatest, above the least.
        log: Whether equal ratios are equally far apart.
        flip: Whether the least number lies at 1000, as heights do on a page.
    """

    low: float
    high: float
    log: bool = False
    flip: bool = False

    def __call__(self, value: float) -> int:
        """Where a number lies, within 0 to 1000."""
        if self.log:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:  # halves first: two huge numbers may lie further apart than a float can tell
            share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        place = round(1000 * min(1.0, max(0.0, share)))
        return 1000 - place if self.flip else place


def width(low: float, high: float) -> Scale:
    """The scale of a horizontal axis."""
    return Scale(low, high if high > low else low + 1)


def height(values: Sequence[float], log: bool = False) -> Scale:
    """The scale of an upright axis on which all values lie, with a little room around them."""
    low, high = min(values), max(values)
    if log and high > low:
        return Scale(low * 0.8, high * 1.25, log=True, flip=True)
    room = (high / 2 - low / 2) * 0.1 or abs(high) * 0.1 or 1.0
    top, bottom = min(high + room, 1.7e308), max(low - room, -1.7e308)
    return Scale(bottom, top, flip=True)


def ticks(scale: Scale) -> list[float]:
    """A handful of round numbers on a scale."""
    if scale.log:
        return _log_ticks(scale)
    apart = (scale.high / 2 - scale.low / 2) / MOST_TICKS * 2
    if apart < 1e-300:  # too near each other for a round number between them
        return [scale.low, scale.high]
    power: float = 10.0 ** math.floor(math.log10(apart))
    stride_of = next(power * n for n in (1, 2, 5, 10) if power * n >= apart)
    start, end = math.ceil(scale.low / stride_of), math.floor(scale.high / stride_of)
    return [n * stride_of for n in range(start, end + 1)]


def _log_ticks(scale: Scale) -> list[float]:
    """Powers of ten, and 2 and 5 times these where there are few."""
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    leads = (1, 2, 5) if last - first <= 2 else (1,)
    decades = [10.0**power for power in range(max(first, -307), min(last, 308) + 1)]
    round_ones = [n * decade for decade in decades for n in leads]
    found = [value for value in round_ones if scale.low <= value <= scale.high]
    return found[:: -(-len(found) // MOST_TICKS)] if len(found) > 1 else [scale.low, scale.high]
