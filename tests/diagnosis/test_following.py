from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gan_doctor.core import UnknownNameError
from gan_doctor.diagnosis import following as module
from gan_doctor.diagnosis.following import Following, Look

HEAD = "step,loss_d,loss_g\n"


def rows(first: int, last: int) -> str:
    return "".join(f"{step},1.0,1.5\n" for step in range(first, last))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


def test_a_log_that_is_not_there_yet_is_waited_for(log: Path) -> None:
    following = Following(str(log))
    look = following.look()
    assert look.diagnosis is None
    assert "no such file" in look.waiting
    log.write_text("")
    assert following.look().diagnosis is None
    log.write_text(HEAD + rows(1, 100))
    assert following.look().diagnosis.run.last_step == 99
    assert following.latest.waiting == ""


def test_only_what_has_come_is_read_and_nothing_where_nothing_has(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write_text(HEAD + rows(1, 100))
    following = Following(str(log))
    first = following.look()
    assert following.look().diagnosis is first.diagnosis
    with log.open("a") as file:
        file.write(rows(100, 200))
    given = []
    read = type(following._reader).read
    monkeypatch.setattr(
        type(following._reader),
        "read",
        lambda self, source, since=None: given.append(since) or read(self, source, since),
    )
    assert following.look().diagnosis.run.last_step == 199
    assert given[0] is not None


@pytest.mark.parametrize("how", ["renamed", "cut"])
def test_rotation_starts_anew_and_keeps_the_last_view_meanwhile(log: Path, how: str) -> None:
    log.write_text(HEAD + rows(1, 500))
    following = Following(str(log))
    following.look()
    if how == "renamed":
        log.rename(log.with_suffix(".1"))
        gone = following.look()
        assert "no such file" in gone.waiting
        assert gone.diagnosis.run.last_step == 499
    log.write_text("")
    empty = following.look()
    assert empty.waiting
    assert empty.diagnosis.run.last_step == 499
    log.write_text(HEAD + rows(500, 520))
    look = following.look()
    assert look.waiting == ""
    assert look.diagnosis.run.last_step == 519
    assert min(s.steps[0] for s in look.diagnosis.run.series) == 500


def test_a_file_of_another_format_may_take_its_place(log: Path) -> None:
    log.write_text(HEAD + rows(1, 100))
    following = Following(str(log))
    following.look()
    other = log.with_suffix(".new")
    other.write_text("".join(f'{{"step": {n}, "loss_d": 1.0, "loss_g": 2.0}}\n' for n in range(50)))
    other.replace(log)
    assert following.look().diagnosis.run.last_step == 49


def test_a_silent_writer_may_be_dead_unless_the_run_is_finished(log: Path) -> None:
    log.write_text(HEAD + rows(1, 100))
    now = time.time()
    os.utime(log, (now - 900, now - 900))
    look = Following(str(log)).look()
    assert look.silent(now) == pytest.approx(900, abs=1)
    assert look.maybe_dead(now)
    assert not look.maybe_dead(now - 600)
    assert Look(None, None).silent(now) is None
    assert not Look(None, None).maybe_dead(now)


def test_in_a_large_directory_the_last_change_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.csv").write_text(HEAD + rows(1, 100))
    assert Following(str(tmp_path)).look().written is not None
    monkeypatch.setattr(module, "MOST_FILES", 0)
    look = Following(str(tmp_path)).look()
    assert look.written is None
    assert look.diagnosis is not None


def test_an_unknown_format_is_refused_at_once() -> None:
    with pytest.raises(UnknownNameError, match="No reader is called 'cvs'"):
        Following("x", format="cvs")
