from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_doctor.core import Run, Source
from gan_doctor.readers import _rows as rows_module
from gan_doctor.readers import reader_for
from gan_doctor.readers.json_lines import JsonLinesReader


def lines(*objects: Any) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


def read(text: str, **told: str) -> Run:
    return JsonLinesReader(told).read(Source.of(io.BytesIO(text.encode())))[0]


def score(text: str) -> float:
    return JsonLinesReader().score(Source.of(io.BytesIO(text.encode())))


def values(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None, f"{name} is not among {[str(s.key) for s in run.series]}"
    return series.values.tolist()


def steps(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None
    return series.steps.tolist()


def test_nan_and_infinity_are_values_as_python_writes_them_and_as_text() -> None:
    found = read(
        lines(
            {"step": 1, "d_loss": 0.5, "g_loss": "NaN"},
            {"step": 2, "d_loss": float("nan"), "g_loss": "-Infinity"},
            {"step": 3, "d_loss": float("inf"), "g_loss": 1},
        )
    )
    assert np.array_equal(values(found, "loss/d"), [0.5, np.nan, np.inf], equal_nan=True)
    assert np.array_equal(values(found, "loss/g"), [np.nan, -np.inf, 1], equal_nan=True)
    assert not any("broken" in note for note in found.notes)


@pytest.mark.parametrize("nothing", [None, "N/A", "warm-up", True, [1, 2]])
def test_what_is_no_number_is_no_value(nothing: Any) -> None:
    found = read(lines({"step": 1, "d_loss": nothing, "g_loss": 1}, {"step": 2, "d_loss": 3}))
    assert (steps(found, "loss/d"), values(found, "loss/d")) == ([2], [3])
    assert values(found, "loss/g") == [1]


def test_objects_in_objects_are_flat_and_a_mean_stands_for_its_object() -> None:
    one = {"iteration": 5, "loss": {"D": 1.5, "G": {"mean": 2.5, "num": 8, "std": 1}}}
    found = read(lines(one, {**one, "iteration": 6, "pictures": {"_type": "image", "width": 3}}))
    assert values(found, "loss/d") == [1.5, 1.5]
    assert (steps(found, "loss/g"), values(found, "loss/g")) == ([5, 6], [2.5, 2.5])
    assert not any("width" in note for note in found.notes)


def test_a_history_of_wandb() -> None:
    found = read(
        lines(
            {"_step": 0, "_runtime": 3.5, "_timestamp": 1.7e9, "d_loss": 0.5, "g_loss": 2},
            {"_step": 1, "_runtime": 4.5, "_timestamp": 1.7e9, "d_loss": 0.25, "fid": 80},
        )
    )
    assert (found.clock, steps(found, "loss/d")) == ("iteration", [0, 1])
    assert (steps(found, "metric/fid"), values(found, "metric/fid")) == ([1], [80])
    assert not any("_runtime" in note for note in found.notes)


def test_of_two_steps_the_surer_name_counts() -> None:
    one = {"_step": 7, "trainer/global_step": 700, "d_loss": 1}
    assert steps(read(lines(one, {**one, "trainer/global_step": 800})), "loss/d") == [700, 800]


def test_broken_lines_are_counted_and_cost_only_themselves() -> None:
    text = (
        lines({"step": 1, "d_loss": 1})
        + '{"step": 2, "d_lo\n[3]\n'
        + lines({"step": 3, "d_loss": 3})
    )
    found = read(text)
    assert steps(found, "loss/d") == [1, 3]
    assert "2 broken lines left out" in found.notes


def test_halves_of_an_object_on_two_lines_are_broken() -> None:
    """Joined by a comma they would be an object."""
    found = read(lines({"step": 1, "d_loss": 1}) + '{"step": 2\n"d_loss": 2}\n')
    assert steps(found, "loss/d") == [1]
    assert "2 broken lines left out" in found.notes


def test_a_last_line_without_newline_counts_when_it_is_whole() -> None:
    text = lines({"step": 1, "d_loss": 1}, {"step": 2, "d_loss": 2})
    whole, torn = read(text[:-1]), read(text[:-2])
    assert steps(whole, "loss/d") == [1, 2]
    assert steps(torn, "loss/d") == [1]
    assert "the last line is torn and left out" in torn.notes


def test_reading_again_goes_on_from_where_it_ended(tmp_path: Path) -> None:
    path, reader = tmp_path / "log.jsonl", JsonLinesReader()
    text = lines(*({"step": i, "d_loss": i} for i in range(6)))
    path.write_text(text[:75])  # within the third line
    found, cursor = reader.read(Source.of(tmp_path))
    for end in (90, 91, 115, len(text) - 1, len(text)):
        path.write_text(text[:end])
        found, cursor = reader.read(Source.of(tmp_path), cursor)
        anew = reader.read(Source.of(tmp_path))[0]
        assert (found.series, found.notes) == (anew.series, anew.notes)
    assert values(found, "loss/d") == [0, 1, 2, 3, 4, 5]
    path.write_text(lines({"step": 1, "d_loss": 9}))
    assert values(reader.read(Source.of(tmp_path), cursor)[0], "loss/d") == [9]


def test_ever_new_names_are_left_out_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MOST_TAGS", 5)
    monkeypatch.setattr(rows_module, "MOST_SHAPES", 3)
    first = [{"step": i, "d_loss": 1} for i in range(3)]
    found = read(lines(*first, *({"step": 9, f"D_{i}": 1.0} for i in range(9))))
    assert len(values(found, "loss/d")) == 3
    assert any("more than 5 names" in note for note in found.notes)
    assert any("ever new names" in note for note in found.notes)


def test_the_deepest_nesting_and_the_largest_number_harm_nobody() -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    text = f'{{"step": 1, "d_loss": 1{"0" * 400}}}\n{{"step": 2, "d_loss": 1}}\n{deep}\n'
    found = read(text)
    assert values(found, "loss/d") == [np.inf, 1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "{}\n",
        '{"name": "x"}\n',
        "[1]\n",
        '{"gan_doctor": 1}',
        '{"step":[1],"loss/d":[2]}\n',
    ],
)
def test_what_is_no_log_is_not_ours(text: str) -> None:
    assert score(text) == 0


def test_formats_with_a_reader_of_their_own_are_left_to_it(real_logs: Path) -> None:
    for place in ("sg2ada-rpgsprite/stats.jsonl", "biggan-pt-bs256x8/BigGAN_ch96_bs256x8.jsonl"):
        source = Source.of(real_logs / place)
        assert 0 < JsonLinesReader().score(source) < 0.5
        assert not isinstance(reader_for(source), JsonLinesReader)
    assert score(lines({"step": 1, "d_loss": 1})) > 0.6
