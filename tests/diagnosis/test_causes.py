from dataclasses import replace
from graphlib import TopologicalSorter

import pytest

from gan_doctor.core import Diagnosis, Finding, Outlook, Run, Verdict
from gan_doctor.detectors import known
from gan_doctor.diagnosis.causes import _FOLLOWS_FROM, grouped


def finding(slug, onset=100, alarm=None, cleared=None, player="", severity="critical"):
    return Finding(
        code="GD000",
        slug=slug,
        severity="info" if cleared else severity,
        message="",
        onset=onset,
        alarm=alarm or onset + 50,
        cleared=cleared,
        player=player,
    )


def causes(*findings):
    verdicts = grouped([Verdict("GD000", f.slug, "fired", (f,)) for f in findings])
    return {(f.slug, f.player): f.cause for v in verdicts for f in v.findings}


def test_noise_because_d_won_stands_under_its_cause():
    found = causes(finding("discriminator-overpowering"), finding("noise-output", onset=120))
    assert found["noise-output", ""] == "discriminator-overpowering"
    assert found["discriminator-overpowering", ""] == ""


def test_a_chain_hangs_on_its_first_cause():
    found = causes(
        finding("non-finite", onset=90),
        finding("discriminator-overpowering"),
        finding("noise-output", onset=120),
    )
    assert set(found.values()) == {"", "non-finite"}


def test_what_was_there_before_is_no_consequence():
    found = causes(finding("discriminator-overpowering", onset=900), finding("mode-collapse"))
    assert found["mode-collapse", ""] == ""


def test_a_cleared_finding_causes_nothing_that_stands():
    found = causes(finding("discriminator-overpowering", cleared=200), finding("noise-output"))
    assert found["noise-output", ""] == ""


def test_what_is_worse_than_its_cause_stands_for_itself():
    found = causes(
        finding("mode-collapse", severity="warning"), finding("mode-dropping", onset=120)
    )
    assert found["mode-dropping", ""] == ""


def test_players_do_not_mix():
    found = causes(
        finding("discriminator-overpowering", player="A"), finding("noise-output", player="B")
    )
    assert found["noise-output", "B"] == ""


def test_the_diagnosis_shows_each_finding_once_with_consequences_under_their_cause():
    findings = [
        finding("mode-collapse", onset=120, severity="warning"),
        finding("discriminator-overpowering"),
        finding("noise-output", onset=110),
    ]
    verdicts = grouped([Verdict("GD000", f.slug, "fired", (f,)) for f in findings])
    diagnosis = Diagnosis(Run("run"), verdicts, Outlook("change", ""))
    slugs = [f.slug for f in diagnosis.findings]
    assert slugs == ["discriminator-overpowering", "noise-output", "mode-collapse"]


def test_a_fault_of_the_wiring_explains_what_comes_after_it():
    found = causes(
        finding("labels-swapped"), finding("mode-collapse"), finding("noise-output", onset=120)
    )
    assert set(found.values()) == {"", "labels-swapped"}


@pytest.mark.parametrize(
    ("slug", "cause"),
    [("train-eval-mismatch", "train-eval-mismatch"), ("incompatible-pair", "")],
)
def test_wiring_that_is_wrong_explains_what_is_worse_and_a_pair_that_is_unwise_does_not(
    slug, cause
):
    found = causes(finding(slug, severity="warning"), finding("mode-collapse"))
    assert found["mode-collapse", ""] == cause


def test_a_fault_of_the_wiring_comes_first_of_those_as_bad():
    early, wiring = finding("mode-collapse", onset=10, alarm=20), finding("labels-swapped")
    wiring = replace(wiring, code="GD603")
    verdicts = tuple(Verdict("GD000", f.slug, "fired", (f,)) for f in (early, wiring))
    diagnosis = Diagnosis(Run("made-up"), verdicts, Outlook("change", ""))
    assert [f.slug for f in diagnosis.findings] == ["labels-swapped", "mode-collapse"]


def test_every_signature_of_the_table_is_a_detector_and_no_two_blame_each_other():
    assert {*_FOLLOWS_FROM, *(c for causes in _FOLLOWS_FROM.values() for c in causes)} <= {*known()}
    list(TopologicalSorter(_FOLLOWS_FROM).static_order())  # raises on a circle
