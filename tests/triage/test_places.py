from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import Cursor, Reader
from gan_doctor.readers.run_log import RunLogReader
from gan_doctor.triage.places import Found, find


class Toy(Reader):
    """Files of which the first number says how sure it is of them; a folder is never its own."""

    title, files = "toy", "*.toy"

    def score(self, source: Source) -> float:
        if source.is_dir():
            return 0.1 if "unsure.toy" in source.files("*.toy") else 0.0
        with source.open() as file:
            return float(file.read(3))  # a fault of its own where it is no number

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def two_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"run-log": RunLogReader, "toy": Toy}
    monkeypatch.setattr("gan_doctor.triage.places.known", lambda: known)


def names(place: Path | str) -> list[str]:
    return [found.name for found in find([str(place)])]


def test_runs_are_found_at_any_depth_in_the_order_of_their_names(
    make_run: Any, tmp_path: Path
) -> None:
    for name in ("b/deep/down", "a", "b/up"):
        make_run(name)
    assert names(tmp_path) == ["a", "b/deep/down", "b/up"]


def test_what_lies_in_a_run_is_no_other_run(make_run: Any, tmp_path: Path) -> None:
    make_run("a")
    make_run("a/samples/copy")
    (tmp_path / "a" / "log.toy").write_text("1.0")
    assert names(tmp_path) == ["a"]


def test_a_run_that_is_named_itself_is_found_by_the_name_of_its_folder(make_run: Any) -> None:
    (found,) = find([str(make_run("a"))])
    assert found.name == "a"
    assert found.format == "run-log"


def test_loose_logs_are_runs_where_a_reader_is_sure_of_them(tmp_path: Path) -> None:
    for name, sure in {"a.toy": "0.5", "b.toy": "0.4", "c.toy": "0.9", "d.toy": "0.0"}.items():
        (tmp_path / name).write_text(sure)
    assert names(tmp_path) == ["a.toy", "c.toy"]


def test_a_log_that_a_person_names_needs_no_sure_reader(tmp_path: Path) -> None:
    (tmp_path / "b.toy").write_text("0.2")
    assert names(tmp_path / "b.toy") == ["b.toy"]


def test_a_folder_that_is_claimed_half_heartedly_is_searched(make_run: Any, tmp_path: Path) -> None:
    (tmp_path / "unsure.toy").write_text("0.1")
    make_run("a")
    assert names(tmp_path) == ["a"]


def test_weights_pictures_and_empty_files_are_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("w.pt", "w.CKPT", "fake.png", "README.md", "empty.toy", "log.toy"):
        (tmp_path / name).write_text("" if name == "empty.toy" else "0.9")
    asked = []
    score = Toy.score
    monkeypatch.setattr(Toy, "score", lambda self, s: asked.append(s.name) or score(self, s))
    assert names(tmp_path) == ["log.toy"]
    assert asked == [str(tmp_path), f"{tmp_path}/log.toy"]


def test_links_and_hidden_folders_are_passed_over(make_run: Any, tmp_path: Path) -> None:
    make_run("a")
    make_run(".trash/b")
    make_run("__pycache__/c")
    os.symlink(tmp_path / "a", tmp_path / "latest")
    os.symlink(tmp_path, tmp_path / "round")
    assert names(tmp_path) == ["a"]


def test_places_within_each_other_give_each_run_once(make_run: Any, tmp_path: Path) -> None:
    run = make_run("a/b")
    found = list(find([str(run), str(tmp_path / "a"), f"{tmp_path}/"]))
    assert [one.path for one in found] == [str(run)]


def test_runs_at_an_address_are_found_and_can_be_opened(make_run: Any, memory: Any) -> None:
    memory.put(str(make_run("a")), "/sweep/lr1/a", recursive=True)
    memory.pipe("/sweep/b.toy", b"0.9")
    found = list(find(["memory://sweep"]))
    assert [one.path for one in found] == ["memory://sweep/b.toy", "memory://sweep/lr1/a"]
    assert Source.of(found[0].path).size() == found[0].trace.size == 3
    assert all(one.trace.written for one in found)
    everything = {one.name for one in find(["memory://"])}  # other tests may leave more there
    assert {"sweep/b.toy", "sweep/lr1/a"} <= everything


def test_a_place_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="there is no such file or directory"):
        list(find([str(tmp_path / "nowhere")]))


def test_what_cannot_be_listed_is_told_and_the_search_goes_on(
    make_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run("a/locked")
    make_run("b")
    score = RunLogReader.score

    def locked(self: RunLogReader, source: Source) -> float:
        if source.name.endswith("locked"):
            raise ReadError(source.name, "Permission denied")
        return score(self, source)

    monkeypatch.setattr(RunLogReader, "score", locked)
    first, second = find([str(tmp_path)])
    assert first.error == f"Cannot read {tmp_path}/a/locked: Permission denied"
    assert second.error == ""


def test_a_fault_of_one_reader_hides_no_run_of_another(make_run: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.toy").write_text("no number")
    make_run("a")
    assert names(tmp_path) == ["a"]


def test_where_our_own_reader_is_sure_no_other_is_asked(
    make_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("a")
    asked = []
    score = Toy.score
    monkeypatch.setattr(Toy, "score", lambda self, s: asked.append(s.name) or score(self, s))
    known = {"a-toy": Toy, "run-log": RunLogReader}
    monkeypatch.setattr("gan_doctor.triage.places.known", lambda: known)
    (found,) = find([str(tmp_path)])
    assert (found.path, found.format) == (str(run), "run-log")
    assert asked == [str(tmp_path)]


def test_a_run_that_was_written_to_leaves_another_trace(make_run: Any, tmp_path: Path) -> None:
    run = make_run("a")
    (run / "samples").mkdir()
    traces = []
    for act in (
        lambda: None,
        lambda: (run / "samples" / "fake-000000001.npy").write_bytes(b"1"),
        lambda: os.utime(run / "scalars.jsonl", (9e9, 9e9)),
    ):
        act()
        (found,) = find([str(tmp_path)])
        traces.append(found.trace)
    assert len(set(traces)) == 3
    assert traces[2].written == 9e9
    assert isinstance(found, Found)
