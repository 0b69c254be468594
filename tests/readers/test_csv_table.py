from __future__ import annotations

import io
from pathlib import Path

import fsspec
import numpy as np
import pytest

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import Cursor, reader_for
from gan_doctor.readers import _tail as tail_module
from gan_doctor.readers.csv_table import CsvTableReader


def read(text: str | bytes, **told: str) -> Run:
    data = text if isinstance(text, bytes) else text.encode()
    return CsvTableReader(told).read(Source.of(io.BytesIO(data)))[0]


def score(text: str, **told: str) -> float:
    return CsvTableReader(told).score(Source.of(io.BytesIO(text.encode())))


def values(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None, f"{name} is not among {[str(s.key) for s in run.series]}"
    return series.values.tolist()


def steps(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None
    return series.steps.tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", ", ", " "])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [["step", "d_loss", "g_loss"], ["100", "0.5", "1.5"], ["200", "0.25", "2"]]
    found = read("".join(delimiter.join(row) + "\n" for row in rows))
    assert values(found, "loss/d") == [0.5, 0.25]
    assert values(found, "loss/g") == [1.5, 2]
    assert steps(found, "loss/g") == [100, 200]


@pytest.mark.parametrize(
    ("name", "clock"),
    [
        ("Iteration", "iteration"), ("trainer/global_step", "iteration"), ("_step", "iteration"),
        ("itr", "iteration"), ("epoch", "epoch"), ("kimg", "kimg"), ("Step", "iteration"),
    ],
)  # fmt: skip
def test_the_step_is_found_by_its_name(name: str, clock: str) -> None:
    found = read(f"{name},Generator Loss,Discriminator Loss\n10,1.5,0.5\n20,2,0.25\n")
    assert found.clock == clock
    assert steps(found, "loss/d") == [10, 20]
    assert values(found, "loss/g") == [1.5, 2]


def test_epoch_and_batch_make_a_step() -> None:
    found = read("epoch,batch,d_loss\n0,0,1\n0,50,2\n1,0,3\n1,50,4\n")
    assert (found.clock, steps(found, "loss/d")) == ("iteration", [0, 50, 100, 150])


def test_empty_cells_of_the_rows_of_other_loggers_are_no_values() -> None:
    """Lightning's CSVLogger writes one row for each call."""
    found = read("d_loss,epoch,g_loss,step\n0.5,0,,49\n,0,1.5,49\n0.25,0,,99\n,0,2,99\n")
    assert values(found, "loss/d") == [0.5, 0.25]
    assert steps(found, "loss/g") == [49, 99]


@pytest.mark.parametrize("word", ["NA", "N/A", "null", "None", "no", "", "-"])
def test_a_word_for_nothing_is_no_value_and_nan_is_one(word: str) -> None:
    for quote in ("", '"'):  # with NumPy's reading, and row by row
        found = read(f"step,d_loss,fid\n{quote}1{quote},nan,{word}\n2,inf,40\n3,0.5,{word}\n")
        assert np.isnan(values(found, "loss/d")).tolist() == [True, False, False]
        assert values(found, "loss/d")[1] == np.inf
        assert (steps(found, "metric/fid"), values(found, "metric/fid")) == ([2], [40])


def test_a_decimal_comma_between_semicolons() -> None:
    assert values(read("step;d_loss;g_loss\n1;0,5;1,5\n2;0,25;2\n"), "loss/d") == [0.5, 0.25]


def test_a_byte_order_mark_and_windows_newlines_do_no_harm() -> None:
    found = read(b"\xef\xbb\xbfstep,d_loss\r\n1,0.5\r\n2,NA\r\n3,0.25\r\n")
    assert (steps(found, "loss/d"), values(found, "loss/d")) == ([1, 3], [0.5, 0.25])


def test_a_header_that_comes_again_is_no_row_and_begins_a_stretch() -> None:
    found = read("step,d_loss\n100,1\n200,2\nstep,d_loss\n100,3\n200,4\n")
    assert len(found.segments) == 2
    assert values(found, "loss/d") == [1, 2, 3, 4]
    assert any("header comes again once" in note for note in found.notes)


def test_another_header_holds_for_the_rows_below_it() -> None:
    found = read("step,d_loss,g_loss\n100,1,2\nstep,g_loss,d_loss,fid\n200,3,4,50\n")
    assert values(found, "loss/d") == [1, 4]
    assert values(found, "metric/fid") == [50]


def test_one_broken_cell_costs_itself_and_one_broken_row_itself() -> None:
    found = read("step,d_loss,g_loss\n1,0.5,1\n2,0.x,2\n3,0.25,3\n4,0.125\n5,9,9,9\ntrace\n")
    assert (steps(found, "loss/d"), values(found, "loss/d")) == ([1, 3], [0.5, 0.25])
    assert values(found, "loss/g") == [1, 2, 3]
    assert {"3 broken lines left out", "1 cells are no numbers, and left out"} <= set(found.notes)


def test_two_rows_torn_into_one_are_no_row() -> None:
    """NumPy's own reading would take the first cells of it."""
    found = read("step,d_loss,g_loss,other\n1,0.5,1,0\n2,0.253,0.75,3,0\n4,0.125,4,0\n")
    assert steps(found, "loss/d") == [1, 4]


def test_a_tensor_that_was_not_unpacked_is_a_number() -> None:
    text = "step,d_loss\n1,\"tensor(0.5000, device='cuda:0', grad_fn=<X>)\"\n2,tensor(nan)\n"
    assert np.array_equal(values(read(text), "loss/d"), [0.5, np.nan], equal_nan=True)


def test_an_export_of_wandb() -> None:
    text = (
        '"Step","lively-sun-7 - d_loss","lively-sun-7 - d_loss__MIN","lively-sun-7 - d_loss__MAX"\n'
        '"0","0.5","0.5","0.5"\n"50","0.25","0.25","0.25"'
    )
    found = read(text)
    assert values(found, "loss/d") == [0.5, 0.25], (
        "the last row is closed, though no newline ends it"
    )
    assert [note for note in found.notes if "MIN" in note or "torn" in note] == []


def test_of_several_runs_in_one_table_one_is_read() -> None:
    found = read('"Step","a - d_loss","b - d_loss"\n"0","1","2"\n"1","3","4"\n')
    assert values(found, "loss/d") == [1, 3]
    assert any("of 2 runs in the table only a is read" in note for note in found.notes)


def test_a_row_for_each_number() -> None:
    found = read(
        "run_id,key,value,step,timestamp\na,d_loss,0.5,1,9\na,g_loss,2,1,9\na,d_loss,nan,2,9\n"
        "b,d_loss,7,1,9\n"
    )
    assert np.array_equal(values(found, "loss/d"), [0.5, np.nan], equal_nan=True)
    assert (steps(found, "loss/g"), values(found, "loss/g")) == ([1], [2])
    assert any("of 2 runs" in note for note in found.notes)


def test_exports_of_tensorboard_in_a_folder_make_one_run(tmp_path: Path) -> None:
    for tag, value in (("Loss_D", 0.5), ("Loss_G", 2)):
        text = f"Wall time,Step,Value\r\n1.5e9,10,{value}\r\n1.6e9,20,NaN\r\n"
        (tmp_path / f"run-version_1-tag-{tag}.csv").write_bytes(text.encode())
    found = reader_for(Source.of(tmp_path)).read(Source.of(tmp_path))[0]
    assert np.array_equal(values(found, "loss/g"), [2, np.nan], equal_nan=True)
    assert steps(found, "loss/d") == [10, 20]


def test_the_fid_in_a_file_of_its_own_joins_segment_by_segment(tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text("step,d_loss,g_loss\n1,1,1\n9,2,2\n1,3,3\n9,4,4\n")
    (tmp_path / "fid.csv").write_text("steps,fid\n5,50\n9,40\n5,60\n")
    (tmp_path / "val.csv").write_text("step,d_loss\n1,100\n")
    found = CsvTableReader().read(Source.of(tmp_path))[0]
    assert [part.get("metric/fid").values.tolist() for part in found.parts] == [[50, 40], [60]]  # type: ignore[union-attr]
    assert values(found, "loss/d") == [1, 2, 3, 4]
    assert {"read together: losses.csv, fid.csv", "not read, pass one to read it: val.csv"} <= set(
        found.notes
    )


# Whose it is


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3",
        "0.5\n0.6\n",
        "1,2,3\n4,5,6\n",
        "image,label\na.png,3\n",
        "Epoch: 1, D loss: 0.5, G loss: 0.4\nEpoch: 2, D loss: 0.5, G loss: 0.4\n",
        "Epoch: 1, D loss: 0.5, G loss: 0.4",
        '{"step": 1, "d_loss": 2}\n',
        "run,learning_rate,best\na,0.1,3\n",
        "",
    ],
)
def test_what_is_no_table_of_a_training_is_not_ours(text: str) -> None:
    assert score(text) == 0


def test_it_is_surer_with_a_step_and_says_what_it_does_not_know() -> None:
    assert (
        score("step,d_loss\n1,2\n") > score("d_loss,g_loss\n1,2\n") > score("step,foo\n1,2\n") > 0
    )
    assert "left over: foo" in read("step,foo\n1,2\n").notes


def test_a_table_without_header_is_ours_only_if_someone_says_what_it_holds() -> None:
    text = "10,0.5,1\n20,0.25,2\n"
    assert score(text) == 0
    with pytest.raises(ReadError, match=r"expected a header.*--map 2=loss/d"):
        read(text)
    assert score(text, **{"2": "loss/d"}) > 0
    found = read(text, **{"2": "loss/d"})
    assert (steps(found, "loss/d"), values(found, "loss/d")) == ([10, 20], [0.5, 0.25])


def test_a_person_names_a_column() -> None:
    assert values(read("epoch,critic cost\n1,2\n", **{"critic cost": "loss/d"}), "loss/d") == [2]


def test_a_header_alone_is_a_run_that_has_just_begun() -> None:
    assert score("epoch,d_loss,g_loss\n") > 0.5
    assert read("epoch,d_loss,g_loss\n").series == ()


# While it is written


def test_reading_again_goes_on_from_where_it_ended(tmp_path: Path) -> None:
    path, reader = tmp_path / "log.csv", CsvTableReader()
    path.write_text("step,d_l")
    found, cursor = reader.read(Source.of(tmp_path))
    assert found.series == ()
    path.write_text("step,d_loss\n1,0.5\n2,0.2")
    found, cursor = reader.read(Source.of(tmp_path), cursor)
    assert values(found, "loss/d") == [0.5]
    assert any("torn" in note for note in found.notes)
    with path.open("a") as file:
        file.write("5\n3,NA\n4,0.125\n")
    parsed: list[bytes] = []
    state = cursor.state["log.csv"]
    pieces = state.tail.pieces
    state.tail.pieces = lambda source: (parsed.append(p) or p for p in pieces(source))  # type: ignore[func-returns-value]
    found, cursor = reader.read(Source.of(tmp_path), cursor)
    assert parsed == [b"2,0.25\n3,NA\n4,0.125\n"], "only what came since is parsed"
    assert (steps(found, "loss/d"), values(found, "loss/d")) == ([1, 2, 4], [0.5, 0.25, 0.125])
    again = reader.read(Source.of(path))[0]
    assert (again.series, again.notes) == (found.series, found.notes)


@pytest.mark.parametrize("text", ["step,d_loss\n7,7\n", "step,d_loss\n7,7\n8,8\n9,9\n"])
def test_a_file_that_was_written_anew_is_read_anew(text: str, tmp_path: Path) -> None:
    path, reader = tmp_path / "log.csv", CsvTableReader()
    path.write_text("step,d_loss\n1,0.5\n2,0.25\n")
    _, cursor = reader.read(Source.of(path))
    path.write_text(text)
    found, _ = reader.read(Source.of(path), cursor)
    assert (found.series, found.notes) == (read(text).series, read(text).notes)


def test_a_line_that_is_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "LONGEST_LINE", 50)
    monkeypatch.setattr(tail_module, "_PIECE", 64)
    for long in (60, 1000):
        found = read("step,d_loss\n1,0.5\n" + long * "x" + "\n2,0.25\n")
        assert values(found, "loss/d") == [0.5, 0.25]
        assert any(note.startswith("1 lines of over") for note in found.notes)


def test_a_file_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "MOST_BYTES", 20)
    with pytest.raises(ReadError, match=r"more than .* GiB: pass a part of it"):
        read("step,d_loss\n1,0.5\n2,0.5\n")


def test_it_reads_through_fsspec() -> None:
    with fsspec.open("memory://csv-table/log.csv", "wb") as file:
        file.write(b"step,d_loss\n1,0.5\n")
    for address in ("memory://csv-table", "memory://csv-table/log.csv"):
        assert values(CsvTableReader().read(Source.of(address))[0], "loss/d") == [0.5]


def test_pieces_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "step,d_loss,g_loss\n" + "".join(
        f"{i},{i / 7:.6g},{'NA' * (i % 3)}\n" for i in range(99)
    )
    text = text.replace("NANA", "nan")
    whole = read(text)
    monkeypatch.setattr(tail_module, "_PIECE", 100)
    assert read(text).series == whole.series
    assert len(values(whole, "loss/g")) == 33


# Real logs


def test_the_author_s_ranking_beside_the_log_is_no_log(real_logs: Path) -> None:
    for name, last in (("cgan-qpo-run1", 0.5835100412368774), ("cgan-qpo-run8", 1.416689157485962)):
        source = Source.of(real_logs / name)
        reader = reader_for(source)
        assert isinstance(reader, CsvTableReader)
        found = reader.read(source)[0]
        assert (found.clock, len(found.segments), len(values(found, "loss/d"))) == ("epoch", 1, 100)
        assert values(found, "loss/d")[-1] == last
        assert steps(found, "loss/g") == list(range(100))
        assert found.notes == (
            "read: disc_loss as loss/d, gen_loss as loss/g",
            "left over: val_disc_loss, val_gen_loss",
        )
        ranking = Source.of(real_logs / name / "author_ranking.csv")
        assert CsvTableReader().score(ranking) == 0


def test_the_scalars_of_a_lightning_run(real_logs: Path) -> None:
    found = CsvTableReader().read(Source.of(real_logs / "lightning-scrna-v1/scalars.csv"))[0]
    assert (found.clock, len(found.segments)) == ("iteration", 1)
    assert {str(s.key): len(s) for s in found.series} == {"loss/g": 94, "loss/d": 94}
    assert steps(found, "loss/d")[::93] == [49, 4699]


def test_a_cursor_of_nothing_is_a_first_reading() -> None:
    source = Source.of(io.BytesIO(b"step,d_loss\n1,0.5\n"))
    _, cursor = CsvTableReader().read(source)
    assert isinstance(cursor, Cursor)
    assert values(CsvTableReader().read(source, cursor)[0], "loss/d") == [0.5]


def test_a_torn_row_of_a_tall_table_is_no_header() -> None:
    found = read("tag,step,value\nd_loss,1,0.5\nd_loss,2x3.9,g_loss\nd_loss,3,0.25\n")
    assert (steps(found, "loss/d"), values(found, "loss/d")) == ([1, 3], [0.5, 0.25])
    assert "1 broken lines left out" in found.notes
