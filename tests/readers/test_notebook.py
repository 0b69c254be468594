from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import reader_for
from gan_doctor.readers.notebook import NotebookReader


def stream(text: str | list[str], name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def notebook(*cells: list[dict[str, Any]], **more: Any) -> bytes:
    code = [{"cell_type": "code", "source": ["d_loss: 99"], "outputs": c} for c in cells]
    text = {"cell_type": "markdown", "source": ["epoch 1 d_loss: 99"]}
    return json.dumps({"cells": [text, *code], "nbformat": 4, **more}).encode()


def read(data: bytes) -> Run:
    return NotebookReader().read(Source.of(io.BytesIO(data)))[0]


def d_loss(run: Run) -> list[float]:
    series = run.get("loss/d")
    return [] if series is None else series.values.tolist()


def test_what_the_cells_printed_is_one_log() -> None:
    run = read(
        notebook(
            [stream(["epoch 1 d_loss: 1\n", "epoch 2 d_loss: 2\n"])],
            [],
            [stream("epoch 3 d_loss: 3\nepoch 4 d_loss: 4")],
        )
    )
    assert (run.clock, d_loss(run)) == ("epoch", [1, 2, 3, 4])


def test_a_line_that_was_printed_in_pieces_is_one_line() -> None:
    assert d_loss(read(notebook([stream("epoch 1 d_lo"), stream("ss: 1\n")]))) == [1]
    parts = [stream("epoch 1 d_loss: 1"), stream("a warning", "stderr"), stream("x 5\n")]
    assert d_loss(read(notebook(parts))) == [1]


def test_progress_bars_go_to_the_other_stream() -> None:
    bar = stream("\r 50%|#  | 5/10 [00:01<00:01, d_loss=0.5]\r100%|##| 10/10 [d_loss=1]", "stderr")
    assert d_loss(read(notebook([bar]))) == [0.5, 1]


def test_results_that_were_not_printed_are_left_out() -> None:
    shown = {"output_type": "display_data", "data": {"text/plain": ["epoch 9 d_loss: 9"]}}
    failed = {"output_type": "error", "traceback": ["epoch 9 d_loss: 9"]}
    assert d_loss(read(notebook([stream("epoch 1 d_loss: 1\n"), shown, failed]))) == [1]


def test_two_trainings_in_one_notebook_are_two_segments() -> None:
    cell = [stream("epoch 1 d_loss: 1\nepoch 2 d_loss: 2\n")]
    assert len(read(notebook(cell, cell)).segments) == 2


def test_the_sheets_of_an_old_notebook_are_read() -> None:
    output = {"output_type": "stream", "stream": "stdout", "text": ["epoch 1 d_loss: 1\n"]}
    sheet = {"cells": [{"cell_type": "code", "outputs": [output]}]}
    data = json.dumps({"metadata": {}, "nbformat": 3, "worksheets": [sheet]}).encode()
    assert d_loss(read(data)) == [1]


def test_it_is_read_anew_when_it_has_changed(tmp_path: Path) -> None:
    path, reader = tmp_path / "gan.ipynb", NotebookReader()
    path.write_bytes(notebook([stream("epoch 1 d_loss: 1\n")]))
    first, cursor = reader.read(Source.of(path))
    again, cursor = reader.read(Source.of(path), cursor)
    assert again is first
    path.write_bytes(notebook([stream("epoch 1 d_loss: 1\nepoch 2 d_loss: 2\n")]))
    assert d_loss(reader.read(Source.of(path), cursor)[0]) == [1, 2]


@pytest.mark.parametrize(
    "data",
    [
        b"[]", b"null", b'{"cells": 3}', b'{"cells": [3, null, {"outputs": 5}]}',
        notebook([stream(None), stream([1, None]), 3, {"output_type": "stream"}]),  # type: ignore[arg-type,list-item]
    ],
)  # fmt: skip
def test_a_notebook_of_another_form_holds_nothing(data: bytes) -> None:
    assert read(data).series == ()


@pytest.mark.parametrize(
    "data", [b"", b"{", notebook([stream("epoch 1\n")])[:-9], b"[" * 9999, b'{"a": "\xff"}']
)
def test_what_is_no_json_is_refused_and_its_line_named(data: bytes) -> None:
    with pytest.raises(ReadError, match=r":\d+: it is no JSON \(.*just being saved, try again"):
        read(data)


def test_a_notebook_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_doctor.readers.notebook._LARGEST", 10)
    with pytest.raises(ReadError, match="clear its pictures"):
        read(notebook())


def test_it_is_sure_of_cells_and_less_so_of_a_name(tmp_path: Path) -> None:
    reader = NotebookReader()
    assert reader.score(Source.of(io.BytesIO(notebook()))) == 0.9
    assert reader.score(Source.of(io.BytesIO(b'{"d_loss": 1}'))) == 0
    (tmp_path / "gan.ipynb").write_bytes(b'{"metadata": {}}')
    assert reader.score(Source.of(tmp_path / "gan.ipynb")) == 0.5


def test_the_one_notebook_of_a_folder_is_the_log(tmp_path: Path) -> None:
    (tmp_path / "gan.ipynb").write_bytes(notebook([stream("epoch 1 d_loss: 1\n")]))
    (tmp_path / "utils.py").write_text("d_loss = 5\n")
    reader = reader_for(Source.of(tmp_path))
    assert isinstance(reader, NotebookReader)
    assert d_loss(reader.read(Source.of(tmp_path))[0]) == [1]
