from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import json_array, reader_for
from gan_doctor.readers.json_array import JsonArrayReader

CHAINER = [
    {"epoch": 0, "elapsed_time": 17.4, "loss_gen": 1.5, "iteration": 100, "loss_dis": 0.9},
    {"epoch": 0, "elapsed_time": 34.1, "loss_gen": float("nan"), "iteration": 200, "loss_dis": 0.7},
]


def source(content: Any) -> Source:
    text = content if isinstance(content, str) else json.dumps(content, indent=4)
    return Source.of(io.BytesIO(text.encode()))


def read(content: Any) -> Run:
    return JsonArrayReader().read(source(content))[0]


def values(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None, f"{name} is not among {[str(s.key) for s in run.series]}"
    return series.values.tolist()


def steps(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None
    return series.steps.tolist()


@pytest.mark.parametrize("prefix", ["", "l = ", "\n"])
def test_a_log_of_chainer(prefix: str) -> None:
    text = prefix + json.dumps(CHAINER, indent=4)
    assert JsonArrayReader().score(source(text)) > 0.6
    found = read(text)
    assert (found.clock, steps(found, "loss/d")) == ("iteration", [100, 200])
    assert np.array_equal(values(found, "loss/g"), [1.5, np.nan], equal_nan=True)
    assert found.notes == ("read: loss_gen as loss/g, loss_dis as loss/d",)


def test_the_history_in_a_trainer_state() -> None:
    history = [{"epoch": 0.5, "d_loss": 1, "step": 10}, {"epoch": 1.0, "d_loss": 2, "step": 20}]
    state = {"best_metric": None, "global_step": 20, "log_history": history}
    assert JsonArrayReader().score(source(state)) >= 0.5
    assert steps(read(state), "loss/d") == [10, 20]


def test_an_object_of_lists() -> None:
    lists = {"d_loss": [1, float("nan"), 3], "g_loss": [4, None, 6], "name": ["x", "y", "z"]}
    assert JsonArrayReader().score(source(lists)) > 0.5
    found = read(lists)
    assert np.array_equal(values(found, "loss/d"), [1, np.nan, 3], equal_nan=True)
    assert (found.clock, steps(found, "loss/g")) == ("row", [1, 3])
    assert steps(read({"epoch": [5, 6], "d_loss": [1, 2]}), "loss/d") == [5, 6]


def test_lists_of_unequal_length_stand_beside_each_other_by_the_clock_of_g() -> None:
    found = read({"D_losses": [1, 2, 3, 4], "G_losses": [5, 6]})
    assert (steps(found, "loss/d"), steps(found, "loss/g")) == ([0.5, 1, 1.5, 2], [1, 2])
    assert found.setup.d_steps == 2


def test_an_array_that_was_not_closed_is_read_up_to_its_last_object() -> None:
    found = read(json.dumps(CHAINER)[:-10])
    assert steps(found, "loss/d") == [100]
    assert any("not closed" in note for note in found.notes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[1, 2]",
        '{"cells": [{"a": 1}]}',
        '{"gan_doctor": 1}',
        '[{"name": "x"}]',
        "[[",
    ],
)
def test_what_is_no_log_is_not_ours(text: str) -> None:
    assert JsonArrayReader().score(source(text)) == 0


@pytest.mark.parametrize("text", ['{"a": 1', '{"a": {"b": 2}}', "17", '{"a":' * 100_000])
def test_what_cannot_be_read_says_why(text: str) -> None:
    with pytest.raises(ReadError, match=r"not JSON|expected an array|neither an array"):
        read(text)


def test_a_large_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "MOST_BYTES", 100)
    with pytest.raises(ReadError, match="write one object a line instead"):
        read(CHAINER)


def test_a_real_log_of_chainer(real_logs: Path) -> None:
    place = Source.of(real_logs / "chainer-sndcgan64")
    reader = reader_for(place)
    assert isinstance(reader, JsonArrayReader)
    found = reader.read(place)[0]
    assert (found.clock, len(found.segments)) == ("iteration", 1)
    assert {str(s.key): len(s) for s in found.series} == {"loss/g": 1000, "loss/d": 1000}
    assert steps(found, "loss/d")[::999] == [100, 100_000]
