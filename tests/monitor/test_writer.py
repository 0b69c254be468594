from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest

from gan_doctor.core import Event, Finding, Objective, Setup
from gan_doctor.monitor.window import Columns
from gan_doctor.monitor.writer import MAX_SAMPLE_BYTES, MAX_SAMPLE_FILES, RunLog

SETUP = Setup(Objective("hinge"), total_steps=100)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RunLog]:
    log = RunLog(tmp_path, SETUP, "error")
    yield log
    log.close()


def lines(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_header_says_what_is_known_at_the_start(log, tmp_path):
    header = orjson.loads((tmp_path / "run.json").read_bytes())
    assert header["format"] == 1
    assert header["segment"] == 0
    assert header["clock"] == "generator_step"
    assert header["setup"]["objective"]["family"] == "hinge"
    assert header["started"].endswith("+00:00")


def test_a_flush_is_one_line_of_columns_for_each_group(log, tmp_path):
    log.scalars([Columns([1, 2], {"a": np.array([1.0, np.nan])}), Columns([2], {"b": [np.inf]})])
    assert (tmp_path / "scalars.jsonl").read_bytes() == (
        b'{"step":[1,2],"a":[1,"NaN"]}\n{"step":[2],"b":["Infinity"]}\n'
    )


def test_numbers_have_at_most_seven_digits(log, tmp_path):
    log.scalars([Columns([1], {"a": [1 / 3], "b": [123456789.0], "c": [1e-30 / 3], "d": [0.5]})])
    assert lines(tmp_path / "scalars.jsonl") == [
        {"step": [1], "a": [0.3333333], "b": [123456800], "c": [3.333333e-31], "d": [0.5]}
    ]


def test_every_line_is_on_disk_at_once(log, tmp_path):
    for i in range(3):
        log.event(Event(i, "note", detail={"text": "é" * i}))
        assert len(lines(tmp_path / "events.jsonl")) == i + 1


def test_segments_have_headers_and_marks_of_their_own(log, tmp_path):
    for k in (1, 2):
        later = RunLog(tmp_path, SETUP, "resume")
        later.event(Event(k, "resume"))
        later.close()
    assert [name for name in names(tmp_path) if name.startswith("run")] == [
        "run.1.json", "run.2.json", "run.json",
    ]  # fmt: skip
    assert [line["segment"] for line in lines(tmp_path / "events.jsonl")] == [1, 2]


def test_a_lost_header_does_not_give_its_number_to_the_next(log, tmp_path):
    for _ in range(2):
        RunLog(tmp_path, SETUP, "resume").close()
    (tmp_path / "run.1.json").unlink()
    last = RunLog(tmp_path, SETUP, "resume")
    last.close()
    assert last.segment == 3


def test_fakes_are_thinned_and_the_first_and_latest_stay(log, tmp_path):
    for step in range(0, 5000, 10):
        log.samples("fake", step, np.zeros((4, 1, 8, 8), np.uint8))
        kept = names(tmp_path / "samples")
        assert len(kept) <= MAX_SAMPLE_FILES
        assert kept[0] == "fake-000000000.npy"
        assert kept[-1] == f"fake-{step:09d}.npy"
    gaps = np.diff([int(name[5:14]) for name in kept])
    assert len(kept) == MAX_SAMPLE_FILES
    assert gaps.max() <= 3 * np.median(gaps)  # evenly over the whole run


def test_what_a_roll_back_made_obsolete_is_thinned_first(log, tmp_path):
    for step in range(0, 600, 10):
        log.samples("fake", step, np.zeros((1, 2), np.float32))
    later = RunLog(tmp_path, SETUP, "resume")
    for step in range(300, 500, 10):
        later.samples("fake", step, np.zeros((1, 2), np.float32))
    later.close()
    kept = names(tmp_path / "samples")
    assert len(kept) == MAX_SAMPLE_FILES
    assert all(f"fake-{step:09d}.1.npy" in kept for step in range(310, 500, 10))
    assert "fake-000000590.npy" not in kept


def test_of_reals_only_the_latest_stays(log, tmp_path):
    for step in (10, 40):
        log.samples("real", step, np.full((4, 2), step, np.float32))
    assert names(tmp_path / "samples") == ["real-000000040.npy"]
    assert np.load(tmp_path / "samples" / "real-000000040.npy")[0, 0] == 40


def test_a_batch_at_a_step_that_was_kept_before_takes_its_place(log, tmp_path):
    for value in (1, 2):
        log.samples("real", 10, np.full((4, 2), value, np.float32))
        log.samples("fake", 10, np.full((4, 2), value, np.float32))
    assert names(tmp_path / "samples") == ["fake-000000010.npy", "real-000000010.npy"]
    assert np.load(tmp_path / "samples" / "real-000000010.npy")[0, 0] == 2


def test_a_batch_is_cut_to_its_size(log, tmp_path):
    log.samples("fake", 1, np.zeros((512, 3, 64, 64), np.uint8))
    log.samples("fake", 2, np.zeros((4, 3, 1024, 1024), np.uint8))
    small, large = sorted((tmp_path / "samples").glob("*.npy"))
    assert small.stat().st_size <= MAX_SAMPLE_BYTES + 200
    assert len(np.load(small)) == MAX_SAMPLE_BYTES // (3 * 64 * 64)
    assert len(np.load(large)) == 1


def test_files_of_others_are_neither_counted_nor_thinned(log, tmp_path):
    theirs = tmp_path / "samples" / "fake-best.npy"
    theirs.write_bytes(b"mine")
    for step in range(200):
        log.samples("fake", step, np.zeros((1, 2), np.float32))
        log.samples("real", step, np.zeros((1, 2), np.float32))
    assert theirs.read_bytes() == b"mine"


def test_no_draft_is_left(log, tmp_path):
    log.samples("fake", 1, np.zeros((1, 2), np.float32))
    assert not list(tmp_path.rglob("*draft*"))


def test_a_draft_that_a_killed_process_left_is_no_run(tmp_path):
    (tmp_path / ".draft").write_bytes(b"{")
    RunLog(tmp_path, SETUP, "error").close()
    assert not (tmp_path / ".draft").exists()


def test_a_torn_line_is_ended_before_the_next(log, tmp_path):
    (tmp_path / "events.jsonl").write_bytes(b'{"step":1,"ki')
    log.event(Event(2, "note"))
    assert (tmp_path / "events.jsonl").read_bytes().startswith(b'{"step":1,"ki\n{"step":2')


# Under distributed training


def rank_1(folder: Path, exists: str = "error") -> RunLog:
    return RunLog(folder, SETUP, exists, rank=1)


ROW = [Columns([1], {"a": np.ones(1)})]


def test_another_rank_appends_its_scalars_to_a_file_of_its_own(log, tmp_path):
    before = names(tmp_path)
    other = rank_1(tmp_path)
    other.scalars(ROW)
    other.close()
    assert names(tmp_path) == sorted([*before, "scalars.rank1.jsonl"])
    assert lines(tmp_path / "scalars.rank1.jsonl") == [{"step": [1], "a": [1]}]


def test_what_only_rank_0_writes_is_dropped(log, tmp_path):
    log.event(Event(1, "note"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    other = rank_1(tmp_path)
    other.event(Event(1, "note"))
    other.finding(Finding("GD101", "non-finite", "critical", "NaN.", onset=1, alarm=1))
    other.samples("fake", 1, np.zeros((1, 2), np.float32))
    other.close()
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("exists", ["error", "resume", "overwrite"])
def test_another_rank_neither_refuses_nor_deletes_nor_begins(exists, log, tmp_path):
    log.scalars(ROW)
    before = names(tmp_path)
    rank_1(tmp_path, exists).close()
    assert names(tmp_path) == before


def test_another_rank_may_start_before_rank_0(tmp_path):
    other = rank_1(tmp_path / "run", "resume")
    assert not (tmp_path / "run").exists()
    for _ in range(2):
        RunLog(tmp_path / "run", SETUP, "resume").close()
    other.scalars(ROW)
    other.close()
    (line,) = lines(tmp_path / "run" / "scalars.rank1.jsonl")
    assert line == {"segment": 1, "step": [1], "a": [1]}


def test_another_rank_writes_from_when_rank_0_has_begun(tmp_path):
    other = rank_1(tmp_path / "run")
    with pytest.raises(FileNotFoundError, match="rank 0 has begun no run log in this directory"):
        other.scalars(ROW)
    assert not (tmp_path / "run").exists()
    RunLog(tmp_path / "run", SETUP, "error").close()
    other.scalars(ROW)
    other.close()
    assert lines(tmp_path / "run" / "scalars.rank1.jsonl") == [{"step": [1], "a": [1]}]


def test_another_rank_stays_in_the_segment_of_its_first_line(log, tmp_path):
    other = rank_1(tmp_path)
    other.scalars(ROW)
    RunLog(tmp_path, SETUP, "resume").close()
    other.scalars(ROW)  # a process of the first training that is not dead yet
    other.close()
    assert all("segment" not in line for line in lines(tmp_path / "scalars.rank1.jsonl"))


def test_overwriting_deletes_the_files_of_all_ranks(log, tmp_path):
    other = rank_1(tmp_path)
    other.scalars(ROW)
    other.close()
    theirs = tmp_path / "scalars.rank01.jsonl"
    theirs.write_bytes(b"mine")
    RunLog(tmp_path, SETUP, "overwrite").close()
    kept = ["run.json", "samples", "scalars.jsonl", "scalars.rank01.jsonl"]
    assert names(tmp_path) == kept
