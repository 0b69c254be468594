from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from gan_doctor.core import Diagnosis, Key, Objective, Outlook, Run, Series
from gan_doctor.diagnosis.comparison import Comparison, compared
from gan_doctor.report.comparison_json import comparison_json
from gan_doctor.report.comparison_report import comparison_report
from gan_doctor.report.comparison_sentence import comparison_sentence


def text(comparison: Comparison, width: int = 80) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(comparison_report(comparison))
    return file.getvalue()


def fine(healthy: Diagnosis, level: float = 0.9) -> Diagnosis:
    """A run whose samples are good, and whose D never won."""
    steps = np.arange(1.0, 1201)
    rng = np.random.default_rng(3)
    recall = Series(
        Key("sample/recall", features="random-conv"),
        steps[49::50],
        level + 0.01 * rng.normal(size=24),
    )
    curves = {"loss/d": 0.9, "loss/g": 1.0, "auroc": 0.9}
    series = [Series(Key(k), steps, v + 0.05 * rng.normal(size=1200)) for k, v in curves.items()]
    return replace(healthy, run=replace(healthy.run, name="well", series=(*series, recall)))


@pytest.fixture
def two(sick: Diagnosis, healthy: Diagnosis) -> Comparison:
    facts = [{"G optimizer.lr": 1e-5, "D.norms": []}, {"G optimizer.lr": 2e-4, "D.norms": []}]
    return compared(("sick", "well"), (sick, fine(healthy)), facts)


@pytest.mark.parametrize("width", [80, 120])
def test_whole_comparison_of_a_sick_run_and_a_healthy_one(
    two: Comparison, width: int, snapshot: SnapshotAssertion
) -> None:
    shown = text(two, width)
    assert shown == snapshot
    assert max(map(len, shown.splitlines())) <= width
    assert [line for line in shown.splitlines() if line != line.rstrip()] == []


def test_the_sentence_says_which_is_better_what_the_other_has_and_where_they_part(
    two: Comparison,
) -> None:
    said = comparison_sentence(two)
    assert said.startswith("[2] well is better: recall 0.9")
    assert "[1] has discriminator-overpowering (critical) since step 420" in said
    assert said.endswith("; they differ from the first value on.")


def test_without_measures_the_findings_decide(sick: Diagnosis, healthy: Diagnosis) -> None:
    bare = [replace(d, run=Run("r")) for d in (sick, healthy)]
    said = comparison_sentence(compared("ab", bare, [{}, {}]))
    assert said == (
        "[2] b looks the healthier; [1] has discriminator-overpowering (critical) since step 420."
    )


def test_where_nothing_tells_them_apart_it_says_so(healthy: Diagnosis) -> None:
    bare = replace(healthy, run=Run("r"))
    said = comparison_sentence(compared("ab", [bare, bare], [{}, {}]))
    assert said == (
        "None is shown to be better: no FID or sample measure can be compared: the logs share none."
    )
    alike = [fine(healthy), fine(healthy)]
    said = comparison_sentence(compared("ab", alike, [{}, {}]))
    assert said == (
        "None is shown to be better: no FID or sample measure differs beyond the noise."
    )


def test_runs_of_one_configuration_are_a_range_and_no_contest(healthy: Diagnosis) -> None:
    facts = [{"G optimizer.lr": 1e-5}] * 3
    runs = [fine(healthy, level) for level in (0.5, 0.7, 0.9)]
    found = compared("abc", runs, facts)
    said = comparison_sentence(found)
    assert said.startswith("The same configuration 3 times: recall 0.")
    assert "[1, 2, 3] are of one configuration." in text(found)
    assert "recall (random-conv), higher is better: sd between seeds 0.2" in text(found)


def test_a_winner_by_one_measure_that_loses_by_another_is_told_so(healthy: Diagnosis) -> None:
    def diagnosis(recall: float, precision: float) -> Diagnosis:
        steps = np.arange(1.0, 21)
        series = tuple(
            Series(Key(f"sample/{name}"), steps, level + 0.001 * (steps % 2))
            for name, level in (("recall", recall), ("precision", precision))
        )
        return replace(healthy, run=Run("r", series=series))

    runs = [diagnosis(0.2, 0.9), diagnosis(0.8, 0.3)]
    said = comparison_sentence(compared("ab", runs, [{}, {}]))
    assert said.startswith("[2] b is better: recall 0.801 against 0.201, but worse by precision")


def test_what_cannot_be_held_against_each_other_is_said(healthy: Diagnosis) -> None:
    steps = np.arange(1.0, 101)
    step = replace(healthy, run=Run("r", series=(Series(Key("loss/d"), steps, steps),)))
    epoch = replace(step, run=replace(step.run, clock="epoch"))
    assert "cannot be said: the logs count epochs and generator steps" in text(
        compared("ab", [step, epoch], [{}, {}])
    )
    other = replace(step, run=Run("r", series=(Series(Key("loss/g"), steps, steps),)))
    assert "the logs have no series in common" in text(compared("ab", [step, other], [{}, {}]))

    def of(family: str) -> Diagnosis:
        setup = replace(healthy.run.setup, objective=Objective(family))
        return replace(fine(healthy), run=replace(fine(healthy).run, setup=setup))

    shown = text(compared("ab", [of("hinge"), of("wasserstein")], [{}, {}]))
    assert "Losses and gradients were left out: the loss families differ." in shown


def test_a_finding_that_one_run_did_not_look_for_is_not_called_absent(
    sick: Diagnosis, healthy: Diagnosis
) -> None:
    deaf = replace(
        healthy,
        verdicts=(replace(healthy.verdicts[0], detector="noise-output", status="not assessed"),),
    )
    assert "[1] since step 500; [2] not assessed" in text(compared("ab", [sick, deaf], [{}, {}]))


def test_hostile_names_reach_the_terminal_as_letters_only(sick: Diagnosis) -> None:
    evil = "[red]x[/red] \x1b[2J\x07\r\n\u202e"
    finding = replace(sick.findings[0], slug=evil, code=evil, player=evil)
    verdict = replace(sick.verdicts[1], findings=(finding,))
    hostile = Diagnosis(replace(sick.run, name=evil), (verdict,), Outlook("watch", evil))
    facts = [{evil: evil}, {evil: "b"}]
    shown = text(compared((evil, evil), [hostile, sick], facts), 120)
    assert "[red]x[/red]" in shown
    assert not [c for c in shown if not c.isprintable() and c != "\n"]


def test_json_holds_all_of_it(two: Comparison) -> None:
    content = json.loads(comparison_json(two))
    assert content["format"] == "gan-doctor comparison"
    assert content["version"] == 1
    assert content["sentence"] == comparison_sentence(two)
    assert [run["name"] for run in content["runs"]] == ["sick", "well"]
    assert content["configurations"] == [[0], [1]]
    assert content["differing"] == {"G optimizer.lr": [1e-5, 2e-4]}
    assert content["partings_from_the_first"][0]["series"][0]["step"] > 0
    assert content["measures"][0]["winner"] == 1
    assert content["measures"][0]["noise"] == "NaN"
