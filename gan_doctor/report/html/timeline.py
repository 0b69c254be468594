"""When each finding stood, as bars below each other."""

from __future__ import annotations

from collections.abc import Sequence

from gan_doctor.core import Diagnosis, Finding, Run
from gan_doctor.report.html.element import Html, tag
from gan_doctor.report.html.findings import MOST, anchor
from gan_doctor.report.wording import at, between, number


def timeline(diagnosis: Diagnosis) -> Html | None:
    """A row a finding: its name, its bar from onset to end with a notch at the alarm, and words."""
    run, findings = diagnosis.run, diagnosis.findings
    if not findings:
        return None
    return tag(
        "section",
        tag("h2", "When"),
        tag("ol", [_row(run, f, findings) for f in findings[:MOST]], class_="timeline"),
        tag("p", tag("span", "0"), tag("span", at(run, run.last_step)), class_="ends"),
        tag("p", "A notch in a bar is the step at which it was noticed.", class_="dim"),
        id="timeline",
    )


def _row(run: Run, finding: Finding, findings: Sequence[Finding]) -> Html:
    end = run.last_step if finding.cleared is None else finding.cleared
    left, right = _share(run, finding.onset), _share(run, end)
    length = max(right - left, 0.6)
    notch = (_share(run, finding.alarm) - left) / length * 100
    kind = finding.severity if finding.standing else "cleared"
    bar = tag(
        "span",
        tag("i", style=f"left:{min(notch, 98):.4g}%") if 0 <= notch <= 100 else None,
        class_=f"bar {kind}",
        style=f"left:{min(left, 99.4):.4g}%;width:{length:.4g}%",
        role="presentation",
    )
    name = f"{finding.slug} {finding.player}".strip()
    link = tag("a", name, href=f"#{anchor(findings, finding)}") if finding.standing else name
    return tag(
        "li",
        tag("span", link, tag("small", f" {kind}"), class_="name"),
        tag("span", bar, class_="track"),
        tag("span", _when(run, finding), class_="when"),
    )


def _when(run: Run, finding: Finding) -> str:
    if finding.cleared is None:
        return f"since {number(finding.onset)}"
    return between(run, finding.onset, finding.cleared)


def _share(run: Run, step: float) -> float:
    """How much of the run lies before a step, in percent."""
    return 100 * min(1.0, max(0.0, step / run.last_step)) if run.last_step > 0 else 0.0
