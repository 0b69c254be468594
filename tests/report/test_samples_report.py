"""The report on samples without a log."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from gan_doctor.core import Band, Event, Key, Run, Series, Setup
from gan_doctor.diagnosis.samples import diagnose_samples
from gan_doctor.report.measure_table import in_words, measure_table, measured_of
from gan_doctor.report.samples_report import samples_json, samples_report

N = 100


def made(values: dict[str, float], nulls: dict[str, tuple[float, float]], **facts: object) -> Run:
    """A run of three draws, all alike; nulls are (mean, sd)."""
    steps = np.array([1.0, 2, 3])
    series = tuple(Series(Key(name), steps, np.full(3, value)) for name, value in values.items())
    bands = tuple(
        Band(Key(name), N, mean, sd, mean - 2.6 * sd, mean + 2.6 * sd)
        for name, (mean, sd) in nulls.items()
    )
    return Run("fakes against reals", clock="row", series=series, bands=bands, **facts)  # type: ignore[arg-type]


NULLS = {
    "sample/precision": (0.9, 0.01),
    "sample/recall": (0.9, 0.01),
    "sample/coverage": (0.97, 0.02),
    "sample/spread_ratio": (1.0, 0.01),
    "sample/copied_pairs": (0.0, 0.0),
}
HEALTHY = {name: mean for name, (mean, _) in NULLS.items()}
COLLAPSED = {
    "sample/precision": 0.9,
    "sample/recall": 0.0,
    "sample/coverage": 0.01,
    "sample/spread_ratio": 0.001,
    "sample/copied_pairs": 1.0,
}


def text(run: Run, width: int = 80, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, legacy_windows=False)
    console.print(samples_report(diagnose_samples(run)))
    return out.getvalue()


def test_healthy_samples_are_called_so_and_what_was_not_looked_at_is_said() -> None:
    said = text(made(HEALTHY, NULLS, notes=("3 draws of 100", "the draws share fakes")))
    assert said.startswith("No problem found in the samples; 0 of 5 measures differ")
    assert "fakes against reals: 3 draws of 100\n" in said
    assert "What only a training shows was not looked at" in said
    assert "put the images of each class into a subfolder" in " ".join(said.split())
    assert "Note  The draws share fakes." in said


def test_much_that_differs_is_not_called_all_right() -> None:
    said = text(made(HEALTHY | {"sample/recall": 0.8, "sample/precision": 0.8}, NULLS))
    assert said.startswith("No known fault in the samples, but 2 of 5 measures differ")


def test_findings_have_no_time_and_come_before_the_measures() -> None:
    said = text(made(COLLAPSED, NULLS))
    assert said.startswith("1 problem in the samples; 4 of 5 measures differ from real data")
    assert "  The samples have 0.1% of the spread of the real data and differ" in said
    assert not {"step 1", "row 1", "Began"} & set(said.split("  "))
    assert "Since step" not in said
    assert said.index("mode-collapse") < said.index("What to do") < said.index("Measures")
    assert "0.001 (should be above 0.1)  spread: share of what real data gives" in said


def test_the_mark_is_a_word_beside_the_band_that_can_be() -> None:
    run = made(COLLAPSED | {"sample/new_measure": math.nan}, NULLS)
    marks = {row.key.name: row.mark for row in measured_of(run)}
    assert marks["sample/precision"] == "within"
    assert marks["sample/recall"] == "below"
    assert marks["sample/copied_pairs"] == "above"
    assert marks["sample/new_measure"] == "not known"
    lines = [line.plain for line in measure_table(measured_of(run))]
    coverage = next(line for line in lines if "coverage" in line)
    assert coverage.split()[-6:] == ["0.010", "0.970", "0.918", "to", "1.000", "below"]
    assert lines[-2:] == ["Other", f"  {'new measure':<33}       -       -{'':18}  not known"]


def test_one_sample_more_or_less_is_no_difference() -> None:
    run = made(HEALTHY | {"sample/copied_pairs": 1 / N}, NULLS)
    assert {row.mark for row in measured_of(run)} == {"within"}
    run = made(HEALTHY | {"sample/copied_pairs": 1.1 / N}, NULLS)
    assert [row.mark for row in measured_of(run)][-1] == "above"


def test_what_comes_first_stands_first_and_no_training_is_advised() -> None:
    event = Event(1, "note", detail={"text": "the fakes have another scale"})
    said = text(made(COLLAPSED, NULLS, events=(event,)))
    assert "FIRST  The fakes have another scale.\n" in said
    assert said.index("FIRST") < said.index("mode-collapse")
    assert "What to do" not in said


@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit_and_colour_adds_nothing(width: int) -> None:
    run = made(COLLAPSED, NULLS, setup=Setup(sample_shape=(1, 8, 8)))
    plain = text(run, width)
    assert max(map(len, plain.splitlines())) <= width
    assert "\x1b" not in plain
    assert all(line == line.rstrip() for line in plain.splitlines())
    assert "\x1b" in text(run, width, colour=True)


def test_names_of_files_stay_letters() -> None:
    run = made(HEALTHY, NULLS)
    said = text(Run("\x1b[2J[red]", "row", run.series, run.bands, notes=("\x1b", "[bold]\x1b")))
    assert "\x1b" not in said
    assert "[red]" in said
    assert "[bold]" in said


def test_nothing_measured_is_said() -> None:
    said = text(Run("nothing", "row"))
    assert said.startswith("Nothing could be assessed; 0 of 0 measures")
    assert "Measures" not in said


def test_json_has_numbers_and_no_times_in_its_sentences() -> None:
    report = json.loads(samples_json(diagnose_samples(made(COLLAPSED, NULLS))))
    assert report["findings"][0]["message"].startswith("The samples have 0.1% of the spread")
    assert report["worst"] == "critical"
    assert [row["mark"] for row in report["measures"]].count("below") == 3
    assert report["measures"][0]["in_words"] == in_words("sample/precision")


def test_only_what_samples_tell_is_asked() -> None:
    codes = {v.code for v in diagnose_samples(made(HEALTHY, NULLS)).verdicts}
    assert {"GD301", "GD302", "GD405", "GD502"} <= codes
    assert not {"GD101", "GD201", "GD303", "GD404", "GD501", "GD601"} & codes
