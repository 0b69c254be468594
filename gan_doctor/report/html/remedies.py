"""Remedies as cards, with what to paste into a training of one's own or into the reference loop."""

from __future__ import annotations

from collections.abc import Sequence, Set

from gan_doctor.core import Remedy, Run
from gan_doctor.report.html.element import Html, lines, tag
from gan_doctor.report.html.snippets import own_loop, reference_loop
from gan_doctor.report.sentences import cost
from gan_doctor.report.wording import listed, setting


def remedy_cards(run: Run, remedies: Sequence[Remedy], said: Set[str]) -> Html | None:
    """One card a remedy, in the order in which to try them.

    Args:
        run: With this run's settings.
        remedies: Of a cause and its consequences.
        said: Actions that stand on the page already, which are only named.
    """
    if not remedies:
        return None
    new = [remedy for remedy in remedies if remedy.action not in said]
    again = [remedy.slug for remedy in remedies if remedy.action in said]
    return tag(
        "div",
        tag("h4", "What to do, one change at a time, each on 3 seeds"),
        tag("ol", [_card(run, remedy) for remedy in new], class_="cards") if new else None,
        tag("p", f"As above: {listed(again)}.") if again else None,
        class_="remedies",
    )


def _card(run: Run, remedy: Remedy) -> Html:
    facts = {
        "Set": ", ".join(f"{name} = {setting(value)}" for name, value in remedy.values.items()),
        "Cost": cost(remedy),
        "Check": remedy.check,
        "Beware": remedy.avoid_when,
        "Source": "; ".join(remedy.references),
    }
    told = [(tag("dt", name), tag("dd", fact)) for name, fact in facts.items() if fact]
    return tag(
        "li",
        tag("h5", remedy.title, " ", tag("small", remedy.slug)),
        tag("p", "If you do not already: " * remedy.if_not_already, remedy.action, class_="says"),
        tag("dl", [part for pair in told for part in pair]),
        _snippet("In your own loop", own_loop(remedy)),
        _snippet("In the reference loop", reference_loop(run, remedy)),
        class_="card",
    )


def _snippet(title: str, code: str | None) -> Html | None:
    if code is None:
        return None
    copy = tag("button", "Copy", type="button", class_="copy", aria_label=f"Copy: {title}")
    text = tag("pre", tag("code", lines(code)), tabindex="0", aria_label=title, role="group")
    return tag("div", tag("p", title, copy, class_="over"), text, class_="snippet")
