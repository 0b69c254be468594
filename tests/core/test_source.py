from __future__ import annotations

import io
import sys
from pathlib import Path

import fsspec
import pytest

from gan_doctor.core import ConfigError, ReadError, Source
from gan_doctor.core import source as source_module

FILES = {"run.json": b"{}", "scalars.jsonl": b"a\nb\n", "samples/fake-1.npy": b"1", "b/c": b""}


@pytest.fixture(params=["local", "memory"])
def run(request, tmp_path):
    """A folder with FILES, on disk and in fsspec's memory."""
    if request.param == "local":
        for name, data in FILES.items():
            path = tmp_path / "run" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (tmp_path / "secret").write_text("secret")
        yield str(tmp_path / "run")
    else:
        memory = fsspec.filesystem("memory")
        memory.pipe({f"/run/{name}": data for name, data in FILES.items()} | {"/secret": b"secret"})
        yield "memory://run"
        memory.rm("/run", recursive=True)
        memory.rm("/secret")


def test_a_folder_lists_its_files_sorted_and_not_its_folders(run):
    source = Source.of(run)
    assert source.is_dir()
    assert source.name == run
    assert list(source.files()) == ["run.json", "scalars.jsonl"]
    assert list(source.files("*.jsonl")) == ["scalars.jsonl"]
    assert list(source.files("*.npy", below="samples")) == ["fake-1.npy"]
    assert list(source.files(below="nowhere")) == []


def test_a_folder_lists_the_folders_in_it(run):
    source = Source.of(run)
    assert list(source.folders()) == ["b", "samples"]
    assert list(source.folders("samples")) == list(source.folders("nowhere")) == []
    assert list(Source.of(f"{run}/run.json").folders()) == []
    assert list(Source.of(io.BytesIO(b"1")).folders()) == []
    with pytest.raises(ReadError, match="leads out of the log"):
        list(source.folders(".."))


def test_a_link_is_no_folder_of_a_log(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "latest").symlink_to("run")
    assert list(Source.of(tmp_path).folders()) == ["run"]


def test_files_of_a_folder_are_opened_and_measured_by_name(run):
    source = Source.of(run)
    with source.open("scalars.jsonl") as file:
        file.seek(2)
        assert file.read() == b"b\n"
    with source.open("samples/fake-1.npy") as file:
        assert file.read() == b"1"
    assert source.size("scalars.jsonl") == 4


def test_a_single_file_is_its_own_only_file(run):
    source = Source.of(f"{run}/scalars.jsonl")
    assert not source.is_dir()
    assert list(source.files()) == [""]
    assert list(source.files("*.jsonl")) == [""]
    assert list(source.files("*.csv")) == []
    assert source.size() == 4
    with source.open() as file:
        assert file.read() == b"a\nb\n"


@pytest.mark.parametrize("name", ["../secret", "samples/../../secret", "b/../../secret"])
def test_a_name_that_leads_out_of_the_log_is_refused(run, name):
    source = Source.of(run)
    with pytest.raises(ReadError, match="leads out of the log"):
        source.open(name)
    with pytest.raises(ReadError, match="leads out of the log"):
        source.size(name)
    with pytest.raises(ReadError, match="leads out of the log"):
        source.files(below="..")


def test_an_absolute_name_does_not_leave_the_log(run):
    with pytest.raises(ReadError):
        Source.of(run).open(str(Path(__file__).resolve()))


def test_a_link_out_of_the_log_is_refused(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ReadError, match="leads out of the log"):
        Source.of(tmp_path / "run").open("link")


def test_a_folder_that_is_itself_a_link_is_read(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").write_text("a")
    (tmp_path / "latest").symlink_to(tmp_path / "run")
    with Source.of(tmp_path / "latest").open("a") as file:
        assert file.read() == b"a"


def test_what_is_not_there_is_named(run):
    with pytest.raises(ReadError, match=r"nowhere: there is no such file or directory"):
        Source.of(f"{run}/nowhere")
    source = Source.of(run)
    for read in (source.open, source.size):
        with pytest.raises(ReadError, match=r"run/gone: there is no such file or directory"):
            read("gone")


def test_an_address_that_nobody_knows_is_refused():
    with pytest.raises(ReadError, match="Protocol not known: carrier-pigeon"):
        Source.of("carrier-pigeon://run")


def test_a_stream_is_read_once_and_can_be_opened_again():
    stream = io.BytesIO(b"a,b\n1,2\n")
    source = Source.of(stream)
    assert stream.tell() == 0
    assert not source.is_dir()
    assert list(source.files()) == [""]
    assert list(source.files("*.csv")) == []
    assert source.open().read() == source.open().read() == b"a,b\n1,2\n"
    assert source.size() == 8
    with pytest.raises(ReadError, match="no files in it"):
        source.open("run.json")


def test_a_stream_is_known_by_its_name(tmp_path):
    (tmp_path / "log.csv").write_bytes(b"1")
    with (tmp_path / "log.csv").open("rb") as stream:
        source = Source.of(stream)
        assert source.name.endswith("log.csv")
        assert list(source.files("*.csv")) == [""]
    assert Source.of(sys.stdin.buffer).name


def test_a_text_stream_is_refused_with_the_remedy():
    with pytest.raises(ReadError, match="open it in binary mode"):
        Source.of(io.StringIO("a")).open()


def test_a_source_is_its_own_source(tmp_path):
    source = Source.of(tmp_path)
    assert Source.of(source) is source


def test_what_is_no_place_is_refused():
    with pytest.raises(ConfigError, match="got int"):
        Source.of(3)


def test_a_stream_that_does_not_end_is_refused(monkeypatch):
    monkeypatch.setattr(source_module, "MOST_STREAMED", 1000)
    assert len(Source.of(io.BytesIO(1000 * b"a")).open().read()) == 1000
    with pytest.raises(ReadError, match=r"does not end: save it to a file"):
        Source.of(io.BytesIO(1001 * b"a")).open()
