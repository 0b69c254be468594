"""The page of a failure or a remedy for a terminal: its docstring, wrapped to the width at hand."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType

from gan_doctor.report.hanging import paragraph


def page(title: str, text: str, settings: Mapping[str, str]) -> Group:
    """A docstring of ours as a rich renderable.

    Args:
        title: Its headline.
        text: Sections as in a Google docstring: a heading with a colon, and an indented body.
        settings: What can be set, by name, with its default and meaning.
    """
    return Group(paragraph(title, style="bold"), "", *_body(text), *_settings(settings))


def _body(text: str) -> Iterator[RenderableType]:
    for block in text.split("\n\n"):
        heading, _, body = block.partition("\n")
        if heading.endswith(":") and body.startswith(" "):
            yield paragraph(heading, style="bold")
            yield from _wrapped(textwrap.dedent(body), "  ")
        else:
            indent = " " * (len(block) - len(block.lstrip()))
            yield from _wrapped(textwrap.dedent(block), indent and "  ")
        yield ""


def _wrapped(block: str, indent: str) -> Iterator[RenderableType]:
    """Prose as one paragraph; what is laid out on purpose, line by line."""
    lines = block.splitlines()
    if any(line.startswith((" ", "- ", ">>> ", "|")) for line in lines):
        yield from (paragraph(line, indent) for line in lines)
    else:
        yield paragraph(" ".join(lines), indent)


def _settings(settings: Mapping[str, str]) -> Iterator[RenderableType]:
    if settings:
        yield paragraph("Settings and their defaults:", style="bold")
        width = max(map(len, settings))
        for name, meaning in settings.items():
            yield paragraph(meaning, f"  {name:<{width}}  ")
