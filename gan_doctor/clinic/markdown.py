"""Tables of Markdown."""

from __future__ import annotations

from gan_doctor.clinic.grading import Rate


def row(*cells: object) -> str:
    """One line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def head(*names: str) -> list[str]:
    """Its first two lines."""
    return [row(*names), "|---" * len(names) + "|"]


def share(rate: Rate) -> tuple[str, str]:
    """Two cells: how many of how many, and the share with its interval."""
    if not rate.n:
        return "0 of 0", ""
    low, high = rate.interval
    return f"{rate.k} of {rate.n}", f"{rate.k / rate.n:.1%} [{low:.1%}, {high:.1%}]"
