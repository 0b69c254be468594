"""The page: what a tired person must know first, then the rest, in one file."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

import gan_doctor
from gan_doctor.core import Diagnosis
from gan_doctor.diagnosis import wanted_by
from gan_doctor.report.headline import headline
from gan_doctor.report.html.curves import curve_section, measure_section
from gan_doctor.report.html.element import Html, tag
from gan_doctor.report.html.findings import finding_sections
from gan_doctor.report.html.modes import mode_section
from gan_doctor.report.html.samples import sample_section
from gan_doctor.report.html.spectrum import spectrum_section
from gan_doctor.report.html.timeline import timeline
from gan_doctor.report.sentences import gain, wanted
from gan_doctor.report.setup_facts import setup_facts
from gan_doctor.report.wording import at, count, listed, number

MOST_NOTES = 100
_IN_WORDS = {"critical": "Critical", "warning": "Warning", "info": "Remark"}


def html_report(diagnosis: Diagnosis) -> str:
    """The report as one HTML file that asks for nothing beyond itself, below 5 MB for every run.

    Text out of the log is escaped, and no script runs but the one whose hash the page names.
    """
    style, script = _packaged("style.css"), _packaged("script.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=Html(policy)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"gan-doctor: {diagnosis.run.name}"),
        tag("style", style),
    )
    run = diagnosis.run
    sections = [
        finding_sections(diagnosis),
        timeline(diagnosis),
        _state(diagnosis),
        sample_section(run),
        mode_section(run),
        spectrum_section(run),
        curve_section(diagnosis),
        measure_section(diagnosis),
        _not_assessed(diagnosis),
        _setup(diagnosis),
        _notes(diagnosis),
    ]
    main = tag("main", _opening(diagnosis), sections)
    foot = tag("footer", f"gan-doctor {gan_doctor.__version__}. {_pointer(diagnosis)}")
    body = tag("body", main, foot, tag("script", script))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _packaged(name: str) -> Html:
    return Html(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _opening(diagnosis: Diagnosis) -> Html:
    run, worst = diagnosis.run, diagnosis.worst
    said, kind = (_IN_WORDS[worst], worst) if worst else _without_findings(diagnosis)
    reached = at(run, run.last_step) + (f" of {number(run.budget)}" if run.budget else "")
    outlook = diagnosis.outlook
    where = "" if outlook.step is None else f" to {at(run, outlook.step)}"
    first = _first_remedy(diagnosis)
    return tag(
        "header",
        tag("p", run.name, ", ", reached, class_="run"),
        tag("h1", tag("span", said, class_=f"badge {kind}"), " ", headline(diagnosis)),
        tag(
            "p",
            tag("b", f"Outlook: {outlook.action}{where}"),
            f". {outlook.reason[:1].upper()}{outlook.reason[1:].rstrip('.')}.",
        ),
        tag("p", tag("b", "Try first: "), first) if first else None,
        class_=f"opening {kind}",
    )


def _without_findings(diagnosis: Diagnosis) -> tuple[str, str]:
    """What nothing found means: silence of what could not look is not health."""
    open_questions = sum(v.status == "not assessed" for v in diagnosis.verdicts)
    if diagnosis.verdicts and not open_questions:
        return "All clear", "clear"
    looked = open_questions < len(diagnosis.verdicts)
    return ("Partly assessed" if looked else "Not assessed"), "info"


def _first_remedy(diagnosis: Diagnosis) -> str | None:
    wished = wanted_by(*(f for f in diagnosis.findings if f.standing))
    return wished[0].action if wished else None


def _state(diagnosis: Diagnosis) -> Html:
    best = [f"{at(diagnosis.run, s)} ({g} G)" for g, s in diagnosis.best_step.items()]
    facts = {"Progress": gain(diagnosis), "Best step": listed(best) if best else "not assessed"}
    return tag("section", tag("h2", "Progress"), _facts(facts), id="progress")


def _facts(facts: dict[str, str]) -> Html:
    pairs = [part for name, fact in facts.items() for part in (tag("dt", name), tag("dd", fact))]
    return tag("dl", pairs, class_="facts")


def _not_assessed(diagnosis: Diagnosis) -> Html | None:
    reasons: dict[str, list[str]] = {}
    for verdict in diagnosis.verdicts:
        for missing in verdict.missing if verdict.status == "not assessed" else ():
            reasons.setdefault(wanted(missing), []).append(f"{verdict.detector} ({verdict.code})")
    if not reasons:
        return None
    rows = [
        tag("li", tag("b", listed(names)), tag("br"), f"Needs {reason}.")
        for reason, names in reasons.items()
    ]
    n = len({name for names in reasons.values() for name in names})
    return tag(
        "section",
        tag("h2", "Not assessed"),
        tag(
            "p",
            f"{count(n, 'signature')} could not be looked at. A run without samples is not a run "
            "without mode collapse.",
        ),
        tag("ul", rows, class_="missing"),
        id="not-assessed",
    )


def _setup(diagnosis: Diagnosis) -> Html:
    return tag("section", tag("h2", "Setup"), _facts(setup_facts(diagnosis.run)), id="setup")


def _notes(diagnosis: Diagnosis) -> Html | None:
    notes = diagnosis.run.notes
    if not notes:
        return None
    items = [tag("li", note) for note in notes[:MOST_NOTES]]
    rest = len(notes) - MOST_NOTES
    more = tag("p", f"And {count(rest, 'more note')}.") if rest > 0 else None
    return tag("section", tag("h2", "Notes"), tag("ul", items), more, id="notes")


def _pointer(diagnosis: Diagnosis) -> str:
    slug = diagnosis.findings[0].slug if diagnosis.findings else "mode-collapse"
    return f"More on any name above: gan-doctor explain {slug}"
