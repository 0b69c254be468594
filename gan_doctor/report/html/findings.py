"""The findings by cause, each with its numbers and the curve that convicts it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gan_doctor.core import VOCABULARY, Diagnosis, Evidence, Finding, Run
from gan_doctor.diagnosis import wanted_by
from gan_doctor.report.convicting import convicting_series
from gan_doctor.report.finding_lines import MOST_REMEDIES
from gan_doctor.report.html.chart import Line, line_chart, marks_of
from gan_doctor.report.html.element import Html, tag
from gan_doctor.report.html.remedies import remedy_cards
from gan_doctor.report.sentences import since, wanted
from gan_doctor.report.wording import at, between, count, number

MOST = 40  # findings told in full, so that a log of hundreds of players stays a page


def finding_sections(diagnosis: Diagnosis) -> Html | None:
    """What stands, consequences under their cause with what to do; then what has cleared."""
    standing = [f for f in diagnosis.findings if f.standing]
    cleared = [f for f in diagnosis.findings if not f.standing]
    if not diagnosis.findings:
        return None
    return tag(
        "section",
        tag("h2", "What is wrong") if standing else None,
        list(_groups(diagnosis, standing[:MOST])),
        _more(standing),
        tag("h2", "What has passed") if cleared else None,
        [_folded(diagnosis.run, finding) for finding in cleared[:MOST]],
        _more(cleared),
        id="findings",
    )


def anchor(findings: Sequence[Finding], finding: Finding) -> str:
    """Where in the page a finding stands."""
    return f"finding-{list(findings).index(finding)}"


def _groups(diagnosis: Diagnosis, standing: Sequence[Finding]) -> Iterator[Html]:
    run, findings = diagnosis.run.current, diagnosis.findings
    known = {(f.slug, f.player) for f in standing}
    said: set[str] = set()
    for cause in (f for f in standing if (f.cause, f.player) not in known):
        effects = [f for f in standing if f.cause == cause.slug and f.player == cause.player]
        wished = wanted_by(cause, *effects)[:MOST_REMEDIES]
        yield tag(
            "article",
            _finding(run, cause, anchor(findings, cause)),
            remedy_cards(diagnosis.run, wished, said),
            tag("h4", f"{count(len(effects), 'consequence')} of it") if effects else None,
            [_finding(run, effect, anchor(findings, effect), "h4") for effect in effects],
            class_=f"group {cause.severity}",
        )
        said |= {remedy.action for remedy in wished}


def _finding(run: Run, finding: Finding, place: str, level: str = "h3") -> Html:
    details = _details(run, finding)
    if level != "h3":  # a consequence is cured with its cause: its numbers can wait
        details = tag("details", tag("summary", "Numbers and curve"), details)
    return tag(
        "div",
        tag(level, *_title(finding), id=place),
        tag("p", finding.message, class_="says"),
        tag(
            "p",
            f"Began {since(run, finding)}, noticed at {at(run, finding.alarm)}, "
            f"seen in {number(round(100 * finding.confidence))}% of the evaluations.",
            class_="when",
        ),
        details,
        class_="finding" if level == "h3" else "finding effect",
    )


def _folded(run: Run, finding: Finding) -> Html:
    assert finding.cleared is not None
    when = between(run, finding.onset, finding.cleared)
    summary = tag(
        "summary", tag("b", finding.slug), f" ({finding.code}), {when}: {finding.message}"
    )
    return tag("details", summary, _details(run.current, finding), class_="passed")


def _title(finding: Finding) -> Iterator[Html]:
    yield tag("span", finding.severity, class_=f"badge {finding.severity}")
    whose = f" in {finding.player}" if finding.player else ""
    yield tag("span", f" {finding.slug} ", tag("small", f"{finding.code}{whose}"))


def _details(run: Run, finding: Finding) -> Html:
    rows = sorted(finding.evidence, key=lambda row: not row.important)
    return tag(
        "div",
        _chart(run, finding),
        _table(run, rows) if rows else None,
        [
            tag("p", f"Not looked at: {wanted(missing)}.", class_="dim")
            for missing in finding.missing
        ],
        class_="details",
    )


def _table(run: Run, rows: Sequence[Evidence]) -> Html:
    heads = ("number", "should be", "series", "what of it", "when")
    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads])),
            tag("tbody", [_row(run, row) for row in rows]),
        ),
        class_="wide",
        tabindex="0",
        role="group",
        aria_label="The numbers",
    )


def _row(run: Run, row: Evidence) -> Html:
    side = "below" if row.sense == "above" else "above"
    return tag(
        "tr",
        tag("td", number(row.value), class_="n"),
        tag("td", "" if row.limit is None else f"{side} {number(row.limit)}", class_="n"),
        tag("td", tag("code", row.series)),
        tag("td", row.statistic),
        tag("td", between(run, *row.window) if row.window else ""),
        class_="important" if row.important else None,
    )


def _chart(run: Run, finding: Finding) -> Html | None:
    series = convicting_series(run, finding)
    if series is None:
        return None
    bands = [band for band in run.bands if band.key == series.key]
    term = VOCABULARY.get(series.key.name)
    note = term.meaning if term else ""
    line = Line(series, "this run")
    return line_chart(run, str(series.key), [line], marks_of(run, finding), bands, note=note)


def _more(findings: Sequence[Finding]) -> Html | None:
    rest = len(findings) - MOST
    return tag("p", f"And {count(rest, 'more')}: see gan-doctor report.") if rest > 0 else None
