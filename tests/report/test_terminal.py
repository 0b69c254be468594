from __future__ import annotations

import io
import math
import subprocess
import sys
from dataclasses import replace

import pytest
from rich.console import Console
from rich.text import Text
from syrupy.assertion import SnapshotAssertion

from gan_doctor.core import Diagnosis, Evidence, Finding, Outlook, Progress, Verdict
from gan_doctor.report import terminal_report


def text(diagnosis: Diagnosis, width: int = 80, terminal: bool = False) -> str:
    file = io.StringIO()
    colours = "standard" if terminal else None
    console = Console(file=file, width=width, force_terminal=terminal, color_system=colours)
    console.print(terminal_report(diagnosis))
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_whole_report_of_a_sick_run(
    sick: Diagnosis, width: int, snapshot: SnapshotAssertion
) -> None:
    assert text(sick, width) == snapshot


@pytest.mark.parametrize("width", [80, 120])
def test_whole_report_of_a_healthy_run(
    healthy: Diagnosis, width: int, snapshot: SnapshotAssertion
) -> None:
    assert text(healthy, width) == snapshot


@pytest.mark.parametrize("width", [40, 80, 120, 300])
def test_no_line_is_too_long_or_ends_in_a_blank(sick: Diagnosis, width: int) -> None:
    lines = text(sick, width).splitlines()
    assert max(map(len, lines)) <= min(width, 120)
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_pipe_gets_plain_text_and_a_terminal_the_same_words(sick: Diagnosis) -> None:
    assert "\x1b" not in text(sick)
    painted = text(sick, terminal=True)
    assert "\x1b[1;31mCRITICAL" in painted
    assert Text.from_ansi(painted).plain.rstrip() == text(sick).rstrip()


def test_no_color_leaves_no_colour(sick: Diagnosis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    painted = text(sick, terminal=True)
    assert "CRITICAL" in painted
    assert "[31m" not in painted
    assert "[1;31m" not in painted


def test_a_hostile_log_reaches_the_terminal_as_letters_only(sick: Diagnosis) -> None:
    evil = "[red]x[/red] \x1b[2J\x07\r\n\u202e\ud800 [link=file:///]"
    finding = replace(
        sick.findings[0], slug=evil, code=evil, message=evil, player=evil, remedies=()
    )
    hostile = Diagnosis(
        replace(sick.run, name=evil, notes=(evil,)),
        (Verdict(evil, evil, "fired", (finding,)),),
        Outlook("watch", evil),
        Progress("plateau", evil, 0.0),
        {evil: 1.0},
    )
    shown = text(hostile, 120)
    shown.encode()  # no half surrogate pair
    assert "[red]x[/red]" in shown
    assert r"\x1b[2J\x07\r\n\u202e\ud800" in shown
    assert not [c for c in shown if not c.isprintable() and c != "\n"]


def test_a_log_cannot_drown_the_report(sick: Diagnosis) -> None:
    finding = replace(sick.findings[0], message="x" * 10**6)
    verdict = Verdict("GD201", finding.slug, "fired", (finding,))
    flooded = replace(sick.run, notes=("note",) * 1000)
    assert len(text(Diagnosis(flooded, (verdict,), sick.outlook))) < 5000


def test_the_important_evidence_comes_first(sick: Diagnosis) -> None:
    shown = text(sick)
    assert shown.index("auroc: mean") < shown.index("loss/d: dominance")


def test_a_limit_says_on_which_side_health_lies(sick: Diagnosis) -> None:
    shown = text(sick, 120)
    assert "0.9999 (should be below 0.99)" in shown
    assert "0.1 (should be above 0.72)" in shown


def test_a_remedy_of_cause_and_consequence_is_said_once(sick: Diagnosis) -> None:
    shown = text(sick)
    assert shown.count("learning-rates") == 1
    assert "The same again" not in shown
    assert shown.index("(learning-rates)") < shown.index("(r1-penalty)")


def test_what_one_problem_asks_for_is_not_said_again_for_the_next(sick: Diagnosis) -> None:
    first = sick.findings[0]
    other = replace(first, slug="mode-collapse", code="GD301")
    verdicts = (Verdict("GD201", first.slug, "fired", (first, other)),)
    shown = text(replace(sick, verdicts=verdicts))
    assert shown.count("Lower lr_d from 0.002") == 1
    assert "As above: learning-rates and r1-penalty." in shown


def test_at_most_three_remedies(sick: Diagnosis) -> None:
    first = sick.findings[0]
    many = tuple(
        replace(first.remedies[0], slug=f"trick-{n}", action=f"Lower {n}.") for n in range(5)
    )
    verdict = Verdict("GD201", first.slug, "fired", (replace(first, remedies=many),))
    shown = text(replace(sick, verdicts=(verdict,)))
    assert "3. Lower" in shown
    assert "4. Lower" not in shown


def test_a_consequence_still_shows_when_its_cause_has_cleared(sick: Diagnosis) -> None:
    cause, consequence = sick.findings[:2]
    gone = replace(cause, cleared=600, severity="info")
    verdicts = (
        Verdict(cause.code, cause.slug, "clear", (gone,)),
        Verdict(consequence.code, consequence.slug, "fired", (consequence,)),
    )
    shown = text(replace(sick, verdicts=verdicts))
    assert "CRITICAL  noise-output (GD401)\n" in shown
    assert "Cleared  discriminator-overpowering (GD201), steps 420 to 600" in shown


def test_two_players_are_told_apart(sick: Diagnosis) -> None:
    def finding(player: str) -> Finding:
        return replace(sick.findings[0], player=player, remedies=())

    verdict = Verdict("GD201", "x", "fired", (finding("A"), finding("B")))
    shown = text(replace(sick, verdicts=(verdict,)))
    assert "(GD201) in A" in shown
    assert "(GD201) in B" in shown


def test_numbers_that_are_none_are_written_out(sick: Diagnosis) -> None:
    evidence = (Evidence("loss/d", "last value", math.nan), Evidence("loss/g", "max", math.inf))
    finding = replace(sick.findings[0], evidence=evidence)
    verdict = Verdict("GD101", finding.slug, "fired", (finding,))
    shown = text(replace(sick, verdicts=(verdict,)))
    assert "NaN       loss/d: last value" in shown
    assert "infinity  loss/g: max" in shown


def test_the_terminal_path_imports_nothing_slow() -> None:
    slow = "{'torch', 'sklearn', 'matplotlib', 'scipy.stats', 'scipy.signal', 'pandas'}"
    code = f"import sys, gan_doctor.report; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
