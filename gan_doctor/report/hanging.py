"""A paragraph whose lines hang below its first word."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

WIDEST = 120  # characters; longer lines are hard to read, however wide the terminal
NARROWEST = 24


@dataclass(frozen=True)
class Hanging:
    """A paragraph for rich; unlike rich's Padding and Table it leaves no blanks at line ends.

    Args:
        text: The paragraph.
        lead: What stands before its first line; the others are indented by as much.
    """

    text: Text
    lead: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lead, text, room = self.lead, self.text, min(options.max_width, WIDEST)
        if room - lead.cell_len < NARROWEST:  # too narrow to indent
            lead, text = Text(), lead + text
        for n, line in enumerate(text.wrap(console, room - lead.cell_len)):
            line.rstrip()
            yield (lead if n == 0 else Text(" " * lead.cell_len)) + line


def paragraph(text: str | Text, lead: str = "", style: str = "", lead_style: str = "") -> Hanging:
    """A paragraph from plain strings, never read as rich markup."""
    body = Text(text, style) if isinstance(text, str) else text
    return Hanging(body, Text(lead, lead_style))
