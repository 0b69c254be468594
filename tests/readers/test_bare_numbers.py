from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from gan_doctor.core import Run, Source
from gan_doctor.readers import reader_for
from gan_doctor.readers.bare_numbers import BareNumbersReader


def written(folder: Path, **columns: object) -> Source:
    for name, numbers in columns.items():
        text = numbers if isinstance(numbers, str) else "".join(f"{x:.18e}\n" for x in numbers)  # type: ignore[attr-defined]
        (folder / f"{name}.txt").write_text(text)
    return Source.of(folder)


def series(run: Run, name: str) -> tuple[list[float], list[float]]:
    found = run.get(name)
    assert found is not None, f"{name} is not among {[str(s.key) for s in run.series]}"
    return found.steps.tolist(), found.values.tolist()


def test_two_files_of_one_length_make_one_run(tmp_path: Path) -> None:
    source = written(tmp_path, loss_D=[1, 2, np.nan], loss_G=[4, 5, 6], notes="a word\n")
    reader = reader_for(source)
    assert isinstance(reader, BareNumbersReader)
    found = reader.read(source)[0]
    assert found.clock == "row"
    assert series(found, "loss/g") == ([1, 2, 3], [4, 5, 6])
    assert np.isnan(series(found, "loss/d")[1]).tolist() == [False, False, True]
    assert found.setup.d_steps is None


@pytest.mark.parametrize(
    ("d", "expected", "d_steps"),
    [
        (24, [0.5, 1, 1.5], 2),
        (23, [0.5, 1, 1.5], 2),  # the last one is still to come
        (11, [1, 2, 3], None),
        (4, [3, 6, 9], None),
    ],
)
def test_the_clock_is_that_of_g(
    d: int, expected: list[float], d_steps: float | None, tmp_path: Path
) -> None:
    found = BareNumbersReader().read(written(tmp_path, d_losses=range(d), g_losses=range(12)))[0]
    assert series(found, "loss/d")[0][:3] == expected
    assert series(found, "loss/d")[1] == list(range(d))
    assert series(found, "loss/g")[0] == list(range(1, 13))
    assert found.setup.d_steps == d_steps
    noted = any(f"d_losses has {d} rows for the 12 of g_losses" in note for note in found.notes)
    assert noted == (expected != [1, 2, 3])


def test_a_file_alone_is_a_series_named_by_the_file(tmp_path: Path) -> None:
    written(tmp_path, D_loss=[1, 2])
    found = BareNumbersReader().read(Source.of(tmp_path / "D_loss.txt"))[0]
    assert series(found, "loss/d") == ([1, 2], [1, 2])


def test_a_name_on_the_first_line_counts_as_the_file_s() -> None:
    source = Source.of(io.BytesIO(b"d_loss\n0.5\nnan\n0.25\n"))
    assert BareNumbersReader().score(source) > 0.5
    found = BareNumbersReader().read(source)[0]
    assert series(found, "loss/d")[0] == [1, 2, 3]
    assert not any("broken" in note for note in found.notes)


def test_a_row_without_a_number_keeps_its_place(tmp_path: Path) -> None:
    source = written(tmp_path, D_loss="1\nNone\n3\n0.x\n5\n\n", G_loss=[1, 2, 3, 4, 5, 6])
    found = BareNumbersReader().read(source)[0]
    assert series(found, "loss/d") == ([1, 3, 5], [1, 3, 5])
    assert any("D_loss.txt: 1 broken lines" in note for note in found.notes)


def test_a_person_says_what_a_file_holds(tmp_path: Path) -> None:
    written(tmp_path, curve=[1, 2])
    source = Source.of(tmp_path / "curve.txt")
    assert 0 < BareNumbersReader().score(source) < 0.3
    assert "left over: curve" in BareNumbersReader().read(source)[0].notes
    for tag in ("curve", "curve.txt"):
        assert BareNumbersReader({tag: "loss/g"}).read(source)[0].get("loss/g") is not None


@pytest.mark.parametrize("text", [b"", b"1,2,3", b"1 2\n3 4\n", b"epoch 1\n", b"7\n", b"a\nb\n1\n"])
def test_what_is_no_column_is_not_ours(text: bytes) -> None:
    assert BareNumbersReader().score(Source.of(io.BytesIO(text))) == 0


def test_reading_again_goes_on_from_where_it_ended(tmp_path: Path) -> None:
    source = written(tmp_path, D_loss="1\n2\n3", G_loss="4\n5\n")
    found, cursor = BareNumbersReader().read(source)
    assert series(found, "loss/d") == ([1, 2], [1, 2])
    assert "D_loss.txt: the last line is torn and left out" in found.notes
    written(tmp_path, D_loss="1\n2\n35\n4\n", G_loss="4\n5\n")
    found, cursor = BareNumbersReader().read(source, cursor)
    assert series(found, "loss/d") == ([0.5, 1, 1.5, 2], [1, 2, 35, 4])
    written(tmp_path, D_loss="9\n8\n")
    assert series(BareNumbersReader().read(source, cursor)[0], "loss/d")[1] == [9, 8]


def test_a_real_pair_with_two_steps_of_d_for_each_of_g(real_logs: Path) -> None:
    source = Source.of(real_logs / "tssr-vfd-np-savetxt")
    reader = reader_for(source)
    assert isinstance(reader, BareNumbersReader)
    found = reader.read(source)[0]
    assert {str(s.key): len(s) for s in found.series} == {"loss/d": 3600, "loss/g": 1800}
    assert (found.last_step, found.setup.d_steps, len(found.segments)) == (1800, 2, 1)
    assert series(found, "loss/d")[0][:3] == [0.5, 1, 1.5]
    assert any("its row i is put at step i / 2" in note for note in found.notes)
