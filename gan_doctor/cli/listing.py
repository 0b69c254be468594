"""`gan-doctor list KIND`: what detectors, tricks, readers and presets there are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any

import typer

Row = dict[str, Any]


class Kind(str, Enum):
    """What can be listed."""

    DETECTORS = "detectors"
    TRICKS = "tricks"
    READERS = "readers"
    PRESETS = "presets"


def listing(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """List the failures that are looked for, the tricks, the log formats, or trainings to try.

    Examples:
      gan-doctor list detectors
      gan-doctor list tricks --json
    """
    import orjson
    from rich.console import Console

    rows = _ROWS[kind]()
    if json:
        sys.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console().print(*_lines(rows), sep="\n")


def _lines(rows: Sequence[Row]) -> list[Any]:
    from gan_doctor.report.hanging import paragraph

    names = [" ".join(filter(None, (row.get("code"), row["slug"]))) for row in rows]
    width = max(map(len, names), default=0)
    return [
        paragraph(row["summary"], f"{name:<{width}}  ", lead_style="bold")
        for name, row in zip(names, rows, strict=True)
    ]


def _detectors() -> list[Row]:
    from gan_doctor.detectors import known

    cards = sorted((kind() for kind in known().values()), key=lambda card: card.code)
    return [
        {
            "code": d.code,
            "slug": d.slug,
            "title": d.title,
            "limits": {name: limit.value for name, limit in d.limits.items()},
            "summary": _summary(d.page),
        }
        for d in cards
    ]


def _tricks() -> list[Row]:
    from gan_doctor.tricks import CATEGORIES, known

    cards = sorted(known().values(), key=lambda card: CATEGORIES.index(card.category))
    return [
        {
            "slug": t.slug,
            "title": t.title,
            "category": t.category,
            "item": t.item,
            "cost": t.cost,
            "settings": dict(t.settings),
            "summary": f"{t.category}: {_summary(t.page)}",
        }
        for t in cards
    ]


def _readers() -> list[Row]:
    from gan_doctor.readers import known

    cards = [kind() for kind in known().values()]
    return [
        {"slug": r.slug, "title": r.title, "files": r.files, "summary": f"{r.title}: {r.files}"}
        for r in cards
    ]


def _presets() -> list[Row]:
    from gan_doctor.training import PRESETS

    return [{"slug": slug, "summary": preset.summary} for slug, preset in PRESETS.items()]


def _summary(page: str) -> str:
    return page.partition("\n\n")[0].replace("\n", " ")


_ROWS = {
    Kind.DETECTORS: _detectors,
    Kind.TRICKS: _tricks,
    Kind.READERS: _readers,
    Kind.PRESETS: _presets,
}
