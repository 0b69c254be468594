"""`gan-doctor list KIND`: what detectors, tricks, readers and presets there are."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gan_doctor.cli.options import Json

if TYPE_CHECKING:
    from gan_doctor.tricks import Trick

Row = dict[str, Any]


class Kind(str, Enum):
    """What can be listed."""

    DETECTORS = "detectors"
    TRICKS = "tricks"
    READERS = "readers"
    PRESETS = "presets"
    DATA = "data"
    FAULTS = "faults"
    SERIES = "series"


def listing(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="FAILURE", help="Only tricks that help against it."),
    ] = None,
    json: Json = False,
) -> None:
    """List the failures that are looked for, tricks, log formats, series, or trainings to try.

    Examples:
      gan-doctor list detectors
      gan-doctor list tricks --for mode-collapse
      gan-doctor list tricks --json
    """
    import orjson
    from rich.console import Console

    rows = _tricks_for(for_, kind) if for_ is not None else _ROWS[kind]()
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
    return _trick_rows(cards)


def _tricks_for(failure: str, kind: Kind) -> list[Row]:
    """In the order in which to try them."""
    from gan_doctor.core import ConfigError, UnknownNameError
    from gan_doctor.detectors import known as detectors
    from gan_doctor.diagnosis import tricks_for
    from gan_doctor.tricks import known

    if kind is not Kind.TRICKS:
        raise ConfigError(f"--for chooses among tricks: gan-doctor list tricks --for {failure}")
    codes = {detector.code.lower(): slug for slug, detector in detectors().items()}
    slug = codes.get(failure.lower(), failure)
    answered = {treated for card in known().values() for treated in card.treats}
    if slug not in answered:
        raise UnknownNameError("failure that a trick helps against", failure, answered)
    return _trick_rows(tricks_for(slug))


def _trick_rows(cards: Iterable[Trick]) -> list[Row]:
    return [
        {
            "slug": t.slug,
            "title": t.title,
            "category": t.category,
            "items": t.items,
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

    return [
        {"code": preset.code, "slug": slug, "home": preset.home, "summary": preset.summary}
        for slug, preset in PRESETS.items()
    ]


def _data() -> list[Row]:
    from gan_doctor.training import DATA

    return [
        {"slug": slug, "kind": kind.kind, "sizes": kind.sizes, "summary": kind.summary}
        for slug, kind in DATA.items()
    ]


def _faults() -> list[Row]:
    from gan_doctor.training import FAULTS

    return [{"slug": slug, "summary": fault.summary} for slug, fault in FAULTS.items()]


def _series() -> list[Row]:
    from gan_doctor.core import VOCABULARY

    return [
        {
            "slug": term.name,
            "unit": term.unit,
            "aliases": term.aliases,
            "summary": f"{term.meaning} ({term.unit})",
        }
        for term in VOCABULARY.values()
    ]


def _summary(page: str) -> str:
    return page.partition("\n\n")[0].replace("\n", " ")


_ROWS = {
    Kind.DETECTORS: _detectors,
    Kind.TRICKS: _tricks,
    Kind.READERS: _readers,
    Kind.PRESETS: _presets,
    Kind.DATA: _data,
    Kind.FAULTS: _faults,
    Kind.SERIES: _series,
}
