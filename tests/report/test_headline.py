from __future__ import annotations

from dataclasses import replace

from gan_doctor.core import Diagnosis, Verdict
from gan_doctor.report import headline


def test_counts_problems_and_dates_the_first(sick: Diagnosis) -> None:
    assert (
        headline(sick) == "2 problems, first sign at step 420; 2 signatures not assessed"
    )  # the one that has cleared at step 130 is none


def test_says_that_everything_was_looked_at(healthy: Diagnosis) -> None:
    assert headline(healthy) == "No problem found; every signature assessed"


def test_silence_of_what_could_not_look_is_not_health(healthy: Diagnosis) -> None:
    blind = tuple(replace(v, status="not assessed") for v in healthy.verdicts)
    one_blind = (blind[0], *healthy.verdicts[1:])
    assert (
        headline(replace(healthy, verdicts=blind))
        == "Nothing could be assessed; 2 signatures not assessed"
    )
    assert (
        headline(replace(healthy, verdicts=one_blind))
        == "No problem found; 1 signature not assessed"
    )


def test_what_has_cleared_is_told_apart_from_what_never_was(sick: Diagnosis) -> None:
    gone = tuple(v for v in sick.verdicts if v.status == "clear")
    assert headline(replace(sick, verdicts=gone)).startswith("No problem stands, 1 cleared;")


def test_information_is_no_problem(sick: Diagnosis) -> None:
    finding = replace(sick.findings[0], severity="info", cause="")
    verdict = Verdict("GD201", "discriminator-overpowering", "fired", (finding,))
    assert headline(replace(sick, verdicts=(verdict,))).startswith("No problem found;")


def test_speaks_the_clock_of_the_run(sick: Diagnosis) -> None:
    in_epochs = replace(sick, run=replace(sick.run, clock="epoch"))
    assert "first sign at epoch 420" in headline(in_epochs)
