from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_doctor.core import SEVERITIES, Diagnosis, Finding, Outlook, Run, Verdict

slugs = st.sampled_from(["noise-output", "mode-collapse", "discriminator-overpowering"])
findings = st.builds(
    Finding,
    code=st.just("GD000"),
    slug=slugs,
    severity=st.sampled_from(SEVERITIES),
    message=st.just(""),
    onset=st.integers(0, 3),
    alarm=st.just(3),
    player=st.sampled_from(["", "A"]),
    cleared=st.none() | st.just(9),
    cause=st.just("") | slugs,
)


def finding(slug: str, severity: str = "warning", onset: float = 100, **rest: object) -> Finding:
    return Finding("GD000", slug, severity, "", onset, onset + 50, **rest)


def diagnosis(*found: Finding) -> Diagnosis:
    verdicts = tuple(Verdict(f.code, f.slug, "fired", (f,)) for f in found)
    return Diagnosis(Run("made-up"), verdicts, Outlook("watch", ""))


def order(*found: Finding) -> list[str]:
    return [f.slug for f in diagnosis(*found).findings]


def test_the_worst_stand_first_and_the_earlier_before_the_later():
    assert order(
        finding("info", "info", 0),
        finding("late", "critical", 500),
        finding("early", "critical", 100),
        finding("warning", "warning", 0),
    ) == ["early", "late", "warning", "info"]


def test_what_has_cleared_stands_last():
    assert order(finding("over", "critical", cleared=300), finding("note", "info")) == [
        "note",
        "over",
    ]


def test_consequences_stand_under_their_cause_and_theirs_under_them():
    assert order(
        finding("noise", "critical", 200, cause="overpowering"),
        finding("no-gradient", "warning", 300, cause="noise"),
        finding("other", "critical", 400),
        finding("overpowering", "critical", 100),
    ) == ["overpowering", "noise", "no-gradient", "other"]


def test_a_consequence_whose_cause_was_not_found_stands_for_itself():
    assert order(finding("noise", cause="overpowering")) == ["noise"]
    assert order(finding("noise", cause="over", player="A"), finding("over", player="B")) == [
        "noise",
        "over",
    ]


def test_two_that_blame_each_other_are_both_shown():
    assert order(finding("a", cause="b"), finding("b", cause="a")) == ["a", "b"]


@given(st.lists(findings, max_size=8))
def test_every_finding_is_shown_once(found):
    shown = diagnosis(*found).findings
    assert sorted(map(repr, shown)) == sorted(map(repr, found))


@pytest.mark.parametrize(
    ("found", "worst"),
    [
        ([], None),
        ([finding("a", "info"), finding("b", "warning")], "warning"),
        ([finding("a", "critical", cleared=200), finding("b", "info")], "info"),
        ([finding("a", "critical", cleared=200)], None),
    ],
)
def test_the_worst_is_that_of_the_standing(found, worst):
    assert diagnosis(*found).worst == worst


def test_a_finding_stands_until_it_is_cleared():
    standing = finding("a")
    assert standing.standing
    assert not replace(standing, cleared=0).standing
