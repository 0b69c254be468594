"""`gan-doctor explain SLUG`: the page of a detector, trick or other remedy."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A detector, trick or other remedy: mode-collapse, GD301, ttur."
        ),
    ],
) -> None:
    """Explain a failure (how it is measured, when it is a false alarm, what helps) or a remedy.

    Examples:
      gan-doctor explain mode-collapse
      gan-doctor explain GD301
      gan-doctor explain r1-penalty
      gan-doctor explain 1.1.5          by its number in the article
    """
    from rich.console import Console

    from gan_doctor.report.page import page

    Console().print(page(*_card(name)))


def _card(name: str) -> tuple[str, str, dict[str, str]]:
    """The title, text and settings of what goes by a name."""
    from gan_doctor.core import UnknownNameError
    from gan_doctor.detectors import known as detectors
    from gan_doctor.diagnosis.answers import ANSWERS
    from gan_doctor.report.wording import setting
    from gan_doctor.tricks import known as tricks

    for slug, kind in detectors().items():
        if name.lower() in (slug, kind.code.lower()):
            limits = {
                name: f"{setting(limit.value)}: {limit.meaning} ({limit.source})"
                for name, limit in kind.limits.items()
            }
            return f"{kind.title} ({kind.code}, {slug})", kind().page, limits
    for slug, card in tricks().items():
        if name.lower() == slug or name in card.items:
            settings = {name: setting(value) for name, value in card.settings.items()}
            return f"{card.title} ({card.category}, {slug})", card.page, settings
    if name.lower() in ANSWERS:
        answer = ANSWERS[name.lower()]
        return f"{answer.title} ({answer.category}, {name.lower()})", answer.page, {}
    codes = [kind.code for kind in detectors().values()]
    names = [*detectors(), *codes, *tricks(), *ANSWERS]
    raise UnknownNameError("detector, trick or remedy", name, names)
