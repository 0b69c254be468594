"""How a report writes numbers, steps, lists, and text that came out of a log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gan_doctor.core import Run

LONGEST = 400  # characters of one text out of a log; our own sentences stay far below

_CLOCK = {
    "generator_step": ("step", "steps"),
    "iteration": ("iteration", "iterations"),
    "epoch": ("epoch", "epochs"),
    "kimg": ("kimg", "kimg"),
    "row": ("row", "rows"),
}


def number(value: float) -> str:
    """A number with at most four digits that matter.

    Example:
        >>> [number(x) for x in (1200.0, 0.98765, 2e-5, float("nan"))]
        ['1,200', '0.9877', '2e-5', 'NaN']
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("infinity" if value > 0 else "-infinity")
    if float(value).is_integer() and abs(value) < 1e9:
        return f"{value:,.0f}"
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def setting(value: Any) -> str:
    """The value of a setting, numbers as `number` writes them, sequences in brackets.

    Example:
        >>> setting((0.5, 0.999))
        '(0.5, 0.999)'
    """
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list | tuple):
        return f"({', '.join(setting(item) for item in value)})"
    return harmless(str(value))


def count(n: float, one: str, many: str = "") -> str:
    """A number of things.

    Example:
        >>> count(1, "problem"), count(2, "problem")
        ('1 problem', '2 problems')
    """
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def at(run: Run, step: float) -> str:
    """A point in time on the run's clock: "step 420"."""
    return f"{_CLOCK[run.clock][0]} {number(step)}"


def between(run: Run, first: float, last: float) -> str:
    """A stretch of time on the run's clock: "steps 420 to 1,200"."""
    if first == last:
        return at(run, first)
    return f"{_CLOCK[run.clock][1]} {number(first)} to {number(last)}"


def lasting(run: Run, steps: float) -> str:
    """A length of time on the run's clock: "1,000 steps"."""
    return count(steps, *_CLOCK[run.clock])


def listed(items: Sequence[str]) -> str:
    """Items as a sentence lists them: "a, b and c"."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def harmless(text: str) -> str:
    r"""Text of foreign origin, in one line that no terminal obeys.

    What is not printable is shown as its escape, and a long text is cut.

    Example:
        >>> harmless("red \x1b[31m alert\n")
        'red \\x1b[31m alert\\n'
    """
    shown = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown
    )
