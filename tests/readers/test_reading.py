"""How a reader is found for a log."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import gan_doctor
from gan_doctor.core import ConfigError, ReadError, Source, UnknownNameError
from gan_doctor.readers import Cursor, Reader, _base, known, reader_for
from gan_doctor.readers.run_log import RunLogReader


def test_our_own_reader_is_known_by_its_file_name():
    assert known()["run-log"] is RunLogReader
    assert RunLogReader().slug == "run-log"
    assert RunLogReader().page.startswith("The directory that `gan_doctor.Monitor` writes.")


def test_nothing_at_the_path(tmp_path):
    with pytest.raises(ReadError, match="no/such/run: there is no such file or directory"):
        gan_doctor.read(tmp_path / "no" / "such" / "run")


@pytest.mark.parametrize("content", [{}, {"log.txt": b"epoch 1"}, {"runs/run.json": b"{}"}])
def test_a_foreign_directory_names_what_is_known(content, tmp_path):
    for name, text in content.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text)
    with pytest.raises(ReadError, match=r"no reader recognises it.*run-log \(a dir.*--format") as e:
        gan_doctor.read(tmp_path)
    assert str(tmp_path) in str(e.value)


def test_a_foreign_file_or_stream_names_what_is_known(tmp_path):
    (tmp_path / "run.json").write_text('{"gan_doctor": 1}')
    for place in (tmp_path / "run.json", io.BytesIO(b"1,2,3")):
        with pytest.raises(ReadError, match="no reader recognises it"):
            gan_doctor.read(place)


def test_a_reader_with_a_typo_is_suggested(tmp_path):
    with pytest.raises(UnknownNameError, match=r"No reader is called 'runlog'.*mean 'run-log'"):
        gan_doctor.read(tmp_path, format="runlog")


def test_what_is_no_place_is_refused():
    with pytest.raises(ConfigError, match=r"A log is a path, .* got int"):
        gan_doctor.read(7)


class Guess(Reader):
    """Is as sure as it is told to be."""

    title, files = "guess", "anything"
    sure = 0.0

    def score(self, source: Source) -> float:
        return self.sure

    def read(self, source: Source, since: Cursor | None = None) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(("sure", "chosen"), [(0.05, RunLogReader), (0.5, Guess)])
def test_the_surest_reader_reads(sure, chosen, tmp_path: Path, monkeypatch):
    (tmp_path / "run.json").write_text("{}")  # ours, but damaged: we are a little sure
    monkeypatch.setattr(Guess, "sure", sure)
    monkeypatch.setattr(_base, "known", lambda: {"guess": Guess, "run-log": RunLogReader})
    assert isinstance(reader_for(Source.of(tmp_path)), chosen)


@pytest.mark.parametrize(("sure", "named"), [(0.98, True), (0.5, False)])
def test_readers_that_are_nearly_as_sure_are_named(sure, named, tmp_path: Path, monkeypatch):
    (tmp_path / "run.json").write_text('{"format":1,"gan_doctor":"0.1.0","setup":{}}')
    (tmp_path / "scalars.jsonl").write_text('{"step":[1],"loss/d":[1.0]}\n')
    monkeypatch.setattr(Guess, "sure", sure)
    monkeypatch.setattr(_base, "known", lambda: {"guess": Guess, "run-log": RunLogReader})
    notes = gan_doctor.read(tmp_path).notes
    assert ("it may also be read with --format test-reading" in notes) is named
    assert gan_doctor.read(tmp_path, format="run-log").notes == ()
