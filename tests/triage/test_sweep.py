from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_doctor.core import Config, ConfigError, ReadError, Source, dumps, from_json, to_json
from gan_doctor.readers import Cursor
from gan_doctor.readers.run_log import RunLogReader
from gan_doctor.triage import Sweep
from gan_doctor.triage.examine import Examined, examine

Read = list[tuple[str, bool]]


@pytest.fixture
def was_read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """The name of each run that is read, and whether from where an earlier reading ended."""
    seen: Read = []
    read = RunLogReader.read

    def noted(self: RunLogReader, source: Source, since: Cursor | None = None) -> Any:
        seen.append((Path(source.name).name, since is not None))
        return read(self, source, since)

    monkeypatch.setattr(RunLogReader, "read", noted)
    return seen


def sweep(folder: Path, **options: Any) -> Sweep:
    return Sweep([str(folder)], **{"workers": 1, **options})


def write_on(run: Path, first: int, last: int, loss: str = "1.3") -> None:
    steps, values = [*range(first, last + 1)], ",".join([loss] * (last - first + 1))
    with (run / "scalars.jsonl").open("a") as file:
        file.write(f'{{"step":{steps},"loss/d":[{values}],"loss/g":[{values}]}}\n')


def test_a_row_says_what_stands_since_when_and_what_it_cost(make_run: Any, tmp_path: Path) -> None:
    make_run("a", broken_at=101)
    (row,) = sweep(tmp_path).look()
    said = row.plain()
    assert (said["outlook"], said["finding"], said["severity"]) == (
        "stop",
        "non-finite",
        "critical",
    )
    assert (said["onset"], said["step"], said["budget"], said["wasted"]) == (101, 400, 400, 0.7475)
    assert (said["state"], said["format"], said["clock"]) == (
        "finished", "run-log", "generator_step",
    )  # fmt: skip


def test_a_run_that_cannot_be_read_is_a_row_with_the_reason(make_run: Any, tmp_path: Path) -> None:
    make_run("a")
    (make_run("b") / "run.json").write_bytes(b'{"gan_doctor": "0.1", "format": 99}')
    (make_run("c") / "scalars.jsonl").write_bytes(b"")
    said = {row.found.name: row for row in sweep(tmp_path).look()}
    assert said["a"].examined.error == ""
    assert "format 99 is newer" in said["b"].examined.error
    assert "no values yet" in said["c"].examined.error
    assert said["b"].outlook == said["c"].outlook == "unread"


def test_a_fault_of_ours_takes_one_row(
    make_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run("a")
    make_run("b")
    read = RunLogReader.read

    def faulty(self: RunLogReader, source: Source, since: Cursor | None = None) -> Any:
        if source.name.endswith("a"):
            raise ZeroDivisionError("oh no")
        return read(self, source, since)

    monkeypatch.setattr(RunLogReader, "read", faulty)
    first, second = sweep(tmp_path).look()
    assert first.examined.error.endswith("/a: ZeroDivisionError: oh no")
    assert second.examined.error == ""


def test_rows_do_not_depend_on_the_number_of_workers(make_run: Any, tmp_path: Path) -> None:
    for n in range(6):
        make_run(f"a_s{n}", broken_at=[None, 101, 301][n % 3])
    (make_run("b") / "run.json").write_bytes(b'{"gan_doctor": 1}')
    assert sweep(tmp_path, workers=1).look() == sweep(tmp_path, workers=2).look()


def test_the_best_fid_is_one_that_is_sound(make_run: Any, tmp_path: Path) -> None:
    text = b'{"step":[1,2,3,4,5],"metric/fid":[30,1e57,"NaN",20,-3e68]}\n'
    (make_run("a") / "scalars.jsonl").write_bytes(text)
    (row,) = sweep(tmp_path).look()
    assert (row.examined.measure, row.examined.best) == ("metric/fid", 20)


def test_a_log_that_is_written_every_so_often_ends_within_its_interval(
    make_run: Any, tmp_path: Path
) -> None:
    for name, last in {"a": 390, "b": 380}.items():
        text = "".join(
            f'{{"step":[{step}],"loss/d":[1.3],"loss/g":[0.7]}}\n'
            for step in range(10, last + 1, 10)
        )
        (make_run(name) / "scalars.jsonl").write_text(text)
    ended = {row.found.name: row.state for row in sweep(tmp_path).look()}
    assert ended == {"a": "finished", "b": "running"}


def test_runs_at_an_address_are_read(make_run: Any, memory: Any) -> None:
    memory.put(str(make_run("a", broken_at=201)), "/sweep/a", recursive=True)
    (row,) = Sweep(["memory://sweep"], workers=1).look()
    assert row.outlook == "stop"
    assert row.found.path == "memory://sweep/a"


def test_places_without_a_run_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"no reader recognises anything .* Known: .*run-log"):
        sweep(tmp_path).look()


def test_progress_is_told_run_by_run(make_run: Any, tmp_path: Path) -> None:
    for name in "abc":
        make_run(name)
    told: list[tuple[str, int, int]] = []
    sweep(tmp_path).look(lambda *args: told.append(args))
    assert told == [("a", 1, 3), ("b", 2, 3), ("c", 3, 3)]


# Looking again


def test_a_second_look_reads_what_has_come_since(
    make_run: Any, tmp_path: Path, was_read: Read
) -> None:
    make_run("a", steps=200)
    run = make_run("b", steps=200)
    twice = sweep(tmp_path)
    twice.look()
    assert was_read == [("a", False), ("b", False)]
    for n, loss in enumerate(["1.2", "1.1", '"NaN"']):
        write_on(run, 201 + 50 * n, 250 + 50 * n, loss)
        rows = twice.look()
        assert rows == sweep(tmp_path).look()
        # Whole the first time, for it was read elsewhere; then from where it ended.
        assert was_read[2:][0] == ("b", n > 0)
        assert len(was_read[2:]) == 3  # and twice by the other sweep
        del was_read[2:]
    assert rows[0].outlook == "stop"


def test_a_run_that_has_ended_holds_no_memory(make_run: Any, tmp_path: Path) -> None:
    run = make_run("a", steps=200)
    twice = sweep(tmp_path)
    twice.look()
    write_on(run, 201, 250)
    twice.look()
    assert list(twice._cursors) == [str(run)]
    write_on(run, 251, 400)
    twice.look()
    assert not twice._cursors


def test_an_unreadable_run_is_tried_again(make_run: Any, tmp_path: Path) -> None:
    run = make_run("a")
    header = (run / "run.json").read_bytes()
    (run / "run.json").write_bytes(b'{"gan_doctor": 1}')
    twice = sweep(tmp_path)
    assert twice.look()[0].outlook == "unread"
    (run / "run.json").write_bytes(header)
    assert twice.look()[0].outlook == "fine"


def test_states_change_though_nothing_is_read(
    make_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run("a", steps=200)
    twice = sweep(tmp_path)
    assert twice.look()[0].state == "running"
    later = time.time() + 3600
    monkeypatch.setattr("gan_doctor.triage.sweep.time.time", lambda: later)
    assert twice.look()[0].state == "stopped"


# The cache


def test_the_cache_keeps_what_an_unchanged_run_said(
    make_run: Any, tmp_path: Path, was_read: Read
) -> None:
    make_run("runs/a", broken_at=201)
    changed = make_run("runs/b", steps=200)
    cache = tmp_path / "cache"
    first = sweep(tmp_path / "runs", cache=cache).look()
    assert sweep(tmp_path / "runs", cache=cache).look() == first
    assert was_read == [("a", False), ("b", False)]
    write_on(changed, 201, 250)
    assert sweep(tmp_path / "runs", cache=cache).look()[1].examined.step == 250
    assert was_read[2:] == [("b", False)]


@pytest.mark.parametrize(
    "act",
    [
        lambda cache: [file.write_bytes(b"{") for file in cache.iterdir()],
        lambda cache: [file.write_bytes(b"[]") for file in cache.iterdir()],
        lambda cache: [
            file.write_bytes(file.read_bytes().replace(b'"outlook":"fine"', b'"outlook":[]'))
            for file in cache.iterdir()
        ],
    ],
)
def test_a_damaged_cache_is_no_cache(
    act: Callable[[Path], Any], make_run: Any, tmp_path: Path, was_read: Read
) -> None:
    make_run("runs/a", steps=200)
    cache = tmp_path / "cache"
    first = sweep(tmp_path / "runs", cache=cache).look()
    act(cache)
    assert sweep(tmp_path / "runs", cache=cache).look() == first


def test_another_question_is_answered_anew(make_run: Any, tmp_path: Path, was_read: Read) -> None:
    make_run("runs/a", broken_at=201)
    options = {"cache": tmp_path / "cache"}
    assert sweep(tmp_path / "runs", **options).look()[0].outlook == "stop"
    config = Config(ignore=["non-finite"])
    assert sweep(tmp_path / "runs", config=config, **options).look()[0].outlook != "stop"


def test_what_could_not_be_read_is_not_kept(make_run: Any, tmp_path: Path) -> None:
    (make_run("runs/a") / "scalars.jsonl").write_bytes(b"")
    sweep(tmp_path / "runs", cache=tmp_path / "cache").look()
    assert not list((tmp_path / "cache").iterdir())


def test_a_cache_below_the_runs_is_no_run(make_run: Any, tmp_path: Path) -> None:
    make_run("a")
    for _ in range(2):
        rows = sweep(tmp_path, cache=tmp_path / "cache").look()
        assert [row.found.name for row in rows] == ["a"]


def test_a_cache_that_cannot_be_made_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be made"):
        sweep(tmp_path, cache=tmp_path / "file" / "cache")


def test_what_a_run_said_comes_back_from_json(make_run: Any) -> None:
    said = examine(str(make_run("a", broken_at=201)), "run-log", Config())
    assert from_json(Examined, to_json(said)) == said
    assert dumps(said)
