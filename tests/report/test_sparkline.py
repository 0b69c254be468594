from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from gan_doctor.core import Band, Diagnosis, Evidence, Key, Run, Series
from gan_doctor.report import terminal_report
from gan_doctor.report.convicting import convicting_series
from gan_doctor.report.sparkline import Sparkline, sparkline

STEPS = np.arange(100.0)


def shown(line: Sparkline, width: int = 80, encoding: str = "utf-8") -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    Console(file=file, width=width, force_terminal=False).print(line)
    file.flush()
    return file.buffer.getvalue().decode(encoding).rstrip("\n")  # type: ignore[attr-defined]


def loss(values: np.ndarray, onset: float = 50, **more: float) -> Sparkline:
    return Sparkline(Series(Key("loss/d"), STEPS[: len(values)], values), onset, **more)


def test_a_jump_shows_as_low_bars_then_the_onset_then_high_ones() -> None:
    line = shown(loss(np.where(STEPS < 50, 1.0, 2.0)))
    bars, _, key = line.partition("  ")
    before, since = bars.split("│")
    assert (set(before), set(since)) == ({"▁"}, {"█"})
    assert abs(len(before) - len(since)) <= 1
    assert key == "loss/d: ▁ 1, █ 2, │ onset"


@pytest.mark.parametrize(("onset", "before", "since"), [(0, 0, 1), (1, 1, 1), (99, 1, 1)])
def test_whatever_there_is_before_and_since_the_onset_is_seen(
    onset: float, before: int, since: int
) -> None:
    left, _, right = shown(loss(STEPS, onset)).partition("  ")[0].partition("│")
    assert (min(len(left), 1), min(len(right), 1)) == (before, since)


def test_few_values_have_a_bar_each() -> None:
    assert shown(loss(np.array([1.0, 3.0, 2.0]), 1)).startswith("▁│█▅  loss/d")


def test_what_is_not_finite_is_a_gap_that_the_key_explains() -> None:
    line = shown(loss(np.array([1.0, 2.0, np.nan, np.inf, 1.0]), 2))
    assert line == "▁█│  ▁  loss/d: ▁ 1, █ 2, blank not finite, │ onset"


def test_a_constant_is_flat_and_has_one_value() -> None:
    assert shown(loss(np.full(4, 7.0), 2)) == "▅▅│▅▅  loss/d: ▅ 7, │ onset"


def test_decades_are_told_apart() -> None:
    line = shown(loss(np.array([1e-3, 1.0, 1e3]), 1))
    assert line == "▁│▅█  loss/d: ▁ 0.001, █ 1,000, log scale, │ onset"


def test_the_greatest_numbers_do_not_overflow() -> None:
    assert shown(loss(np.array([-1.5e308, 1.5e308]), 1)).startswith("▁│█")


def test_a_measure_far_from_real_data_looks_flat_however_it_wobbles() -> None:
    wobble = 0.01 + 0.005 * np.sin(STEPS)
    assert "█" in shown(loss(wobble)).partition("  ")[0]
    assert set(shown(loss(wobble, real=1.0)).partition("  ")[0]) == {"▁", "│"}
    assert "█ 1 (real data)" in shown(loss(wobble, real=1.0))


def test_a_share_is_shown_between_0_and_1() -> None:
    auroc = Sparkline(Series(Key("auroc"), STEPS, 0.99 + STEPS / 1e4), 50)
    assert set(shown(auroc).partition("  ")[0]) == {"█", "│"}


@pytest.mark.parametrize("width", [40, 80, 120, 300])
@pytest.mark.parametrize("name", ["loss/d", "a tag of somebody else that is far too long " * 9])
def test_it_is_one_line_of_any_width(width: int, name: str) -> None:
    line = shown(Sparkline(Series(Key(name), STEPS, STEPS), 50, indent="    "), width)
    assert "\n" not in line
    assert len(line) <= min(width, 120)
    assert line.endswith("│ onset")


def test_where_nothing_could_be_seen_there_is_no_line() -> None:
    assert shown(loss(STEPS), 20) == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_an_output_without_block_characters_gets_ascii(encoding: str) -> None:
    line = shown(loss(np.array([1.0, 2.0, np.nan, 3.0]), 2), encoding=encoding)
    assert line == "_=| #  loss/d: _ 1, # 3, blank not finite, | onset"


def test_a_hostile_tag_is_letters_only() -> None:
    line = shown(Sparkline(Series(Key("\x1b[2J[red]"), STEPS, STEPS), 50))
    assert r"\x1b[2J[red]: " in line
    assert "\x1b" not in line


def test_every_finding_of_the_report_that_has_a_series_has_a_line(sick: Diagnosis) -> None:
    file = io.StringIO()
    Console(file=file, width=80).print(terminal_report(sick))
    lines = [line for line in file.getvalue().splitlines() if line.endswith("│ onset")]
    assert len(lines) == 2
    assert "auroc: ▁ 0, █ 1" in lines[0]


def test_the_important_number_names_the_series(sick: Diagnosis, run: Run) -> None:
    series = convicting_series(run, sick.findings[0])
    assert series is not None
    assert str(series.key) == "auroc"


def test_evidence_may_leave_the_feature_space_out(sick: Diagnosis, run: Run) -> None:
    evidence = (Evidence("sample/recall", "mean", 0.1, important=True),)
    series = convicting_series(run, replace(sick.findings[0], evidence=evidence))
    assert series is not None
    assert series.key.features == "random-conv"


@pytest.mark.parametrize("name", ["loss/d@B", "sample/recall#other", "no series", "", "a=b=c"])
def test_without_the_series_there_is_no_line(sick: Diagnosis, run: Run, name: str) -> None:
    evidence = (Evidence(name, "mean", 0.1, important=True),)
    assert list(sparkline(run, replace(sick.findings[0], evidence=evidence))) == []


def test_without_a_finite_value_there_is_no_line(sick: Diagnosis) -> None:
    dead = Run("x", series=(Series(Key("auroc"), STEPS, np.full(100, np.nan)),))
    assert list(sparkline(dead, sick.findings[0])) == []


def test_real_data_is_taken_as_last_measured(sick: Diagnosis) -> None:
    key = Key("auroc")
    bands = tuple(Band(key, 9, mean, 0.1, 0.0, 1.0, step) for mean, step in ((0.4, 0), (0.6, 50)))
    measured = Run("x", series=(Series(key, STEPS, STEPS / 100),), bands=bands)
    (line,) = sparkline(measured, sick.findings[0])
    assert line.real == 0.6
