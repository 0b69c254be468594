"""How a diagnosis and a monitor look as the result of a notebook's cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from gan_doctor.core import Diagnosis, Evidence, Finding, Remedy, Run
from gan_doctor.diagnosis import wanted_by
from gan_doctor.report.convicting import convicting_series, real_value
from gan_doctor.report.finding_lines import MOST_REMEDIES, action
from gan_doctor.report.headline import headline
from gan_doctor.report.html.element import Html, tag
from gan_doctor.report.notebook_curve import curve
from gan_doctor.report.sentences import gain, since, wanted
from gan_doctor.report.wording import at, between, count, listed, number, setting

MOST_FINDINGS = 20  # the others are counted: a cell is not the place for all

# Text and lines take the colour of the notebook, be it light or dark; the colours of severities are
# of middle lightness, told from both, and each says its severity in words, too.
STYLE = Html(
    ".gan-doctor{font:14px/1.45 system-ui,sans-serif;max-width:760px;color:inherit}"
    ".gan-doctor p{margin:.2em 0}"
    ".gan-doctor details{margin:.4em 0;padding-left:.7em;border-left:4px solid #808080}"
    ".gan-doctor details.critical{border-color:#d55e00}"
    ".gan-doctor details.warning{border-color:#b8860b}"
    ".gan-doctor summary{cursor:pointer}"
    ".gan-doctor ul,.gan-doctor ol{margin:.3em 0;padding-left:1.5em}"
    ".gan-doctor svg{display:block;width:100%;max-width:560px;height:auto;margin:.4em 0}"
    ".gan-doctor small{opacity:.8}"
)


def diagnosis_html(diagnosis: Diagnosis) -> str:
    """The diagnosis as a fragment of HTML without any script: what is wrong, folded by finding.

    Nothing that comes out of a log is markup in it.
    """
    return _fragment(*_diagnosis(diagnosis))


def monitor_html(directory: str, step: int, closed: bool, latest: Diagnosis | None) -> str:
    """A monitor as a fragment of HTML: where it is, and its latest live diagnosis.

    Args:
        directory: Where its run log is.
        step: Its clock.
        closed: Whether it has been closed.
        latest: The diagnosis, None before the first.
    """
    state = "closed" if closed else "recording"
    opening = tag("p", f"Monitor of {directory}, {state}, step {number(step)}")
    if latest is None:
        return _fragment(opening, tag("p", "No diagnosis yet: doctor.diagnose() makes one."))
    return _fragment(opening, *_diagnosis(latest))


def _fragment(*parts: Html) -> str:
    return tag("div", tag("style", STYLE), parts, class_="gan-doctor")


def _diagnosis(diagnosis: Diagnosis) -> Iterator[Html]:
    run, outlook = diagnosis.run, diagnosis.outlook
    reached = at(run, run.last_step) + (f" of {number(run.budget)}" if run.budget else "")
    yield tag("p", tag("strong", headline(diagnosis)))
    yield tag("p", tag("small", f"{run.name}, {reached}"))
    yield from _findings(diagnosis)
    where = "" if outlook.step is None else f" to {at(run, outlook.step)}"
    yield _line("Outlook", f"{outlook.action}{where}: {outlook.reason}")
    yield _line("Progress", gain(diagnosis))
    if diagnosis.best_step:
        steps = [f"{number(step)} ({g} G)" for g, step in diagnosis.best_step.items()]
        yield _line("Best step", listed(steps))
    yield from _cleared(diagnosis)
    yield from _not_assessed(diagnosis)


def _line(name: str, text: str) -> Html:
    return tag("p", tag("b", f"{name}: "), text)


def _findings(diagnosis: Diagnosis) -> Iterator[Html]:
    """Each that stands, consequences inside their cause; the first is unfolded."""
    standing = [f for f in diagnosis.findings if f.standing]
    known = {(f.slug, f.player) for f in standing}
    run, said = diagnosis.run.current, set[str]()
    causes = [f for f in standing if (f.cause, f.player) not in known]
    for n, cause in enumerate(causes[:MOST_FINDINGS]):
        effects = [f for f in standing if f.cause == cause.slug and f.player == cause.player]
        remedies = wanted_by(cause, *effects)[:MOST_REMEDIES]
        inside = [*_remedies(remedies, said), *(_finding(run, effect) for effect in effects)]
        said |= {remedy.action for remedy in remedies}
        yield _finding(run, cause, inside, unfolded=n == 0)
    if len(causes) > MOST_FINDINGS:
        yield tag("p", f"and {count(len(causes) - MOST_FINDINGS, 'more')}")


def _finding(
    run: Run, finding: Finding, inside: Sequence[Html] = (), unfolded: bool = False
) -> Html:
    series = convicting_series(run, finding)
    return tag(
        "details",
        tag("summary", tag("b", finding.severity.upper()), f" {_name(finding)}: {finding.message}"),
        tag(
            "p",
            f"Began {since(run, finding)}, noticed at {at(run, finding.alarm)}, "
            f"seen in {number(round(100 * finding.confidence))}% of the evaluations.",
        ),
        None if series is None else curve(run, series, finding, real_value(run, series)),
        tag("ul", [tag("li", _number(run, row)) for row in finding.evidence]),
        [tag("p", f"Not looked at: {wanted(missing)}.") for missing in finding.missing],
        inside,
        class_=finding.severity,
        open=unfolded,
    )


def _name(finding: Finding) -> str:
    player = f" in {finding.player}" if finding.player else ""
    cause = f", a consequence of {finding.cause}" if finding.cause else ""
    return f"{finding.slug} ({finding.code}){player}{cause}"


def _number(run: Run, row: Evidence) -> Iterator[Html | str]:
    value = number(row.value)
    yield tag("b", value) if row.important else value
    if row.limit is not None:
        side = "below" if row.sense == "above" else "above"
        yield f" (should be {side} {number(row.limit)})"
    window = f", {between(run, *row.window)}" if row.window else ""
    yield f" {row.series}: {row.statistic}{window}"


def _remedies(remedies: Sequence[Remedy], said: Set[str]) -> Iterator[Html]:
    if remedies:
        yield tag("p", tag("b", "What to do, one change at a time, each on 3 seeds:"))
        new = [tag("li", _remedy(remedy)) for remedy in remedies if remedy.action not in said]
        yield tag("ol", new)
    again = [remedy.slug for remedy in remedies if remedy.action in said]
    if again:
        yield tag("p", f"As above: {listed(again)}.")


def _remedy(remedy: Remedy) -> Iterator[Html | str]:
    yield action(remedy)
    if remedy.values:
        yield tag("p", "Set ", tag("code", _settings(remedy.values)))
    if remedy.check:
        yield tag("p", f"Check: {remedy.check}")
    if remedy.avoid_when:
        yield tag("p", f"Beware: {remedy.avoid_when}")


def _settings(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {setting(value)}" for name, value in values.items())


def _cleared(diagnosis: Diagnosis) -> Iterator[Html]:
    run = diagnosis.run
    told = [
        f"{_name(f)}, {between(run, f.onset, f.cleared)}: {f.message}"
        for f in diagnosis.findings
        if f.cleared is not None
    ]
    yield from _folded(f"{count(len(told), 'finding')} cleared", told)


def _not_assessed(diagnosis: Diagnosis) -> Iterator[Html]:
    told = [
        f"{verdict.detector} ({verdict.code}): {wanted(missing)}."
        for verdict in diagnosis.verdicts
        if verdict.status == "not assessed"
        for missing in verdict.missing
    ]
    silent = sum(verdict.status == "not assessed" for verdict in diagnosis.verdicts)
    yield from _folded(f"{count(silent, 'signature')} not assessed, and what would be needed", told)


def _folded(summary: str, lines: Sequence[str]) -> Iterator[Html]:
    if lines:
        yield tag("details", tag("summary", summary), tag("ul", [tag("li", one) for one in lines]))
