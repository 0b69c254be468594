"""What the monitor wrote is what the reader reads, and whatever else lies there harms nobody."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loops.gan_loops import images, plain

import gan_doctor
from gan_doctor import Monitor
from gan_doctor.core import (
    Band,
    Event,
    Key,
    Network,
    Objective,
    OptimizerFacts,
    ReadError,
    Run,
    Series,
    Setup,
    Source,
    to_json,
)
from gan_doctor.monitor.window import Columns
from gan_doctor.monitor.writer import RunLog
from gan_doctor.readers import Cursor
from gan_doctor.readers.run_log import RunLogReader

SETUP = Setup(
    Objective("least-squares", "mean", coding=(-1, 1, 0), penalties=("r1",)),
    total_steps=1000,
    networks=(Network("g", kind="G", parameters=7), Network("d", dropout=0.25)),
    discriminator_output="logit",
    versions={"torch": "2.13.0"},
)  # fmt: skip


class Writer:
    """Writes logs, a line at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = RunLog(folder, SETUP, "error")

    def rows(self, steps: list[int], **columns: list[float]) -> None:
        named = {name.replace("__", "/"): np.array(c, float) for name, c in columns.items()}
        self.log.scalars([Columns(steps, named)])

    def resume(self, step: int) -> None:
        self.log.close()
        self.log = RunLog(self.folder, SETUP, "resume")
        self.log.event(Event(step, "resume"))

    def raw(self, name: str, text: bytes) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(text)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path / "run")
    yield writer
    writer.log.close()


def fresh(folder: Path) -> Run:
    return RunLogReader().read(Source.of(folder))[0]


# What comes back


def test_values_come_back_to_seven_digits(writer):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 60)) * 10.0 ** rng.integers(-30, 30, (4, 60))
    steps = [*range(1, 61)]
    for first in range(0, 60, 20):
        part = slice(first, first + 20)
        names = dict(zip(("loss__d", "loss__g", "auroc", "x"), values[:, part], strict=True))
        writer.rows(steps[part], **names)
    run = fresh(writer.folder)
    for name, expected in zip(("loss/d", "loss/g", "auroc", "x"), values, strict=True):
        assert run.get(name).steps.tolist() == steps
        np.testing.assert_allclose(run.get(name).values, expected, rtol=5e-7)


def test_what_is_not_finite_comes_back(writer):
    writer.rows([1, 2, 3, 4], loss__d=[np.nan, np.inf, -np.inf, 0])
    assert b"null" not in (writer.folder / "scalars.jsonl").read_bytes()
    np.testing.assert_equal(fresh(writer.folder).get("loss/d").values, [np.nan, np.inf, -np.inf, 0])


def test_keys_with_players_features_and_odd_names_come_back(writer):
    keys = [Key("loss/d", "A"), Key("sample/recall", features="raw", label=3), Key("100% @ #1 = é")]
    writer.log.scalars([Columns([1], {str(key): np.ones(1) for key in keys})])
    assert [series.key for series in fresh(writer.folder).series] == keys


def test_the_setup_grows_by_what_was_learned_and_declared(writer):
    optimizers = (OptimizerFacts("d", kind="Adam", lr=1e-3, betas=(0.5, 0.9)),)
    facts = {"optimizers": optimizers, "sample_shape": (1, 8, 8)}
    for detail in ({name: to_json(value) for name, value in facts.items()}, {"batch_size": 64}):
        writer.log.event(Event(1, "setup", detail=detail))
    writer.log.event(Event(2, "declare", detail={"tricks": ["packing"]}))
    run = fresh(writer.folder)
    assert run.setup.optimizers == optimizers
    assert (run.setup.sample_shape, run.setup.batch_size) == ((1, 8, 8), 64)
    assert run.setup.tricks == ("packing",)
    assert run.setup.objective == SETUP.objective
    assert run.setup.networks == SETUP.networks
    assert [event.kind for event in run.events] == ["declare"]


def test_events_come_back_in_order(writer):
    events = [
        Event(3, "learning-rate", detail={"role": "d", "from": 1e-3, "to": 5e-4}),
        Event(3, "note", "A", {"text": "é", "bad": float("inf")}),
    ]
    for event in events:
        writer.log.event(event)
    assert list(fresh(writer.folder).events) == events


def test_bands_come_back_as_bands(writer):
    bands = [Band(Key("sample/recall", features="raw"), 64, 0.5, 0.1, 0.2, float("nan"), 20.0)]
    writer.log.event(Event(20, "bands", detail={"bands": to_json(bands)}))
    (band,) = fresh(writer.folder).bands
    assert (band.key, band.n, band.mean, band.step) == (bands[0].key, 64, 0.5, 20)
    assert np.isnan(band.high)


def test_samples_come_back_when_they_are_asked_for(writer):
    fake, real = np.arange(256, dtype=np.uint8).reshape(4, 1, 8, 8), np.ones((4, 2), np.float32)
    writer.log.samples("real", 10, real)
    writer.log.samples("fake", 20, fake)
    first, second = fresh(writer.folder).samples
    assert (first.step, first.kind, first.path) == (10, "real", "samples/real-000000010.npy")
    np.testing.assert_array_equal(first.load(), real)
    np.testing.assert_array_equal(second.load(), fake)


def test_segments_begin_where_they_were_resumed(writer):
    writer.rows([1, 2, 3], loss__d=[1, 2, 3])
    writer.log.event(Event(3, "note"))
    writer.log.samples("fake", 3, np.zeros((1, 2), np.float32))
    writer.resume(2)
    writer.rows([3, 4], loss__d=[30, 40], loss__g=[5, 6])
    writer.log.samples("fake", 3, np.ones((1, 2), np.float32))
    run = fresh(writer.folder)
    assert [segment.first_step for segment in run.segments] == [0, 2]
    first, second = run.parts
    assert first.get("loss/d").values.tolist() == [1, 2, 3]
    assert second.get("loss/d").values.tolist() == [30, 40]
    assert first.get("loss/g") is None
    assert [event.kind for event in first.events] == ["note"]
    assert [part.samples[0].load()[0, 0] for part in run.parts] == [0, 1]
    assert run.current.get("loss/d").values.tolist() == [1, 2, 30, 40]


def test_a_segment_whose_beginning_was_lost_begins_with_its_first_value(writer):
    writer.rows([1, 2, 3], loss__d=[1, 2, 3])
    writer.resume(3)
    writer.rows([4], loss__d=[4])
    (writer.folder / "events.jsonl").unlink()
    assert [segment.first_step for segment in fresh(writer.folder).segments] == [0, 4]


def test_a_whole_training_comes_back(tmp_path):
    t = images()
    with Monitor(tmp_path / "runs" / "a", t.G, t.D, loss="hinge", sample_every=20) as doctor:
        plain(t, doctor, 45)
    run = gan_doctor.read(tmp_path / "runs" / "a")
    assert (run.name, run.clock, run.last_step) == ("a", "generator_step", 45)
    assert run.source == str(tmp_path / "runs" / "a")
    assert run.notes == ()
    assert run.setup.objective.family == "hinge"
    assert run.band(run.get("sample/recall").key, 45).n > 64
    assert len(run.samples) == 3


def test_a_remote_log_is_read_like_a_local_one(writer):
    writer.rows([1, 2], loss__d=[1, 2])
    writer.log.samples("fake", 2, np.ones((3, 2), np.float32))
    memory = fsspec.filesystem("memory")
    memory.put(str(writer.folder), "/runs/b", recursive=True)
    run = gan_doctor.read("memory://runs/b")
    assert run.name == "b"
    assert run.get("loss/d") == fresh(writer.folder).get("loss/d")
    assert run.samples[0].load().shape == (3, 2)


# What is left out


def test_a_torn_last_line_is_left_out_with_a_note(writer):
    writer.rows([1], loss__d=[1])
    writer.raw("scalars.jsonl", b'{"step":[2],"loss/d":[2')
    run = fresh(writer.folder)
    assert run.get("loss/d").steps.tolist() == [1]
    assert run.notes == ("scalars.jsonl: the last line is torn and left out",)


BROKEN = {
    "no JSON": b"Traceback (most recent call last):",
    "binary": b"\x00\xff\xfe",
    "no record": b"[1, 2]",
    "no steps": b'{"loss/d": [1]}',
    "columns of unequal length": b'{"step": [3, 4], "loss/d": [1]}',
    "words": b'{"step": [3], "loss/d": ["high"]}',
    "a table": b'{"step": [3], "loss/d": [[1]]}',
    "no list": b'{"step": 3, "loss/d": 1}',
    "nothing": b'{"step": [], "loss/d": []}',
    "steps that fall": b'{"step": [4, 3], "loss/d": [1, 2]}',
    "steps that fall back": b'{"step": [1], "loss/d": [1]}',
    "steps that are no numbers": b'{"step": ["NaN"], "loss/d": [1]}',
    "a step that is no number": b'{"step": [3, "NaN", 4], "loss/d": [1, 2, 3]}',
    "steps without end": b'{"step": [3, "Infinity"], "loss/d": [1, 2]}',
    "steps in a table": b'{"step": [[3, 4]], "loss/d": [[1, 2]]}',
    "no key": b'{"step": [3], "a@b@c": [1]}',
    "a key written in another way": b'{"step": [3], "%6Coss/d": [1]}',
    "a strange segment": b'{"segment": "x", "step": [3], "loss/d": [1]}',
    "an earlier segment": b'{"segment": -1, "step": [3], "loss/d": [1]}',
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
def test_a_broken_line_is_left_out_and_counted(line, writer):
    writer.rows([1, 2], loss__d=[1, 2])
    writer.raw("scalars.jsonl", line + b"\n")
    writer.rows([5], loss__d=[5])
    run = fresh(writer.folder)
    assert run.get("loss/d").steps.tolist() == [1, 2, 5]
    assert len(run.series) == 1
    assert run.notes == ("scalars.jsonl: 1 broken lines left out",)


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'{"kind": "note"}',
        b'{"step": "x", "kind": "note"}',
        b'{"step": 1, "kind": "bands", "detail": {"bands": [{"key": "a"}]}}',
        b'{"step": 1, "kind": "bands"}',
        b'{"step": 1, "kind": "setup", "detail": {"total_steps": "many"}}',
        b'{"step": 1, "kind": "setup", "detail": {"objective": {"family": "magic"}}}',
    ],
)
def test_a_broken_event_is_left_out_and_counted(line, writer):
    writer.rows([1], loss__d=[1])
    writer.raw("events.jsonl", line + b"\n")
    writer.log.event(Event(1, "note"))
    run = fresh(writer.folder)
    assert [event.kind for event in run.events] == ["note"]
    assert run.setup == SETUP
    assert run.notes == ("events.jsonl: 1 broken lines left out",)


def test_empty_lines_are_nothing(writer):
    writer.rows([1], loss__d=[1])
    writer.raw("scalars.jsonl", b"\n\n")
    writer.rows([2], loss__d=[2])
    run = fresh(writer.folder)
    assert len(run.get("loss/d")) == 2
    assert run.notes == ()


def test_files_that_are_not_ours_are_left_alone(writer):
    writer.rows([1], loss__d=[1])
    writer.log.samples("fake", 1, np.zeros((1, 2), np.float32))
    theirs = ["run_config.json", "run.x.json", "run.0.json", "samples/best.npy",
              "samples/fake-best.npy", "samples/fake-1.npz", "samples/fake-1.npy.bak"]  # fmt: skip
    for name in theirs:
        (writer.folder / name).write_bytes(b"not ours")
    run = fresh(writer.folder)
    assert len(run.segments) == 1
    assert [s.path for s in run.samples] == ["samples/fake-000000001.npy"]
    assert run.notes == ()


class Boom:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def npy(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def test_samples_are_never_unpickled(writer, tmp_path):
    writer.rows([1], loss__d=[1])
    boom = Boom(tmp_path / "boom")
    archive = io.BytesIO()
    np.savez(archive, a=np.zeros(3))
    images = npy(np.zeros((2, 2), np.float32))
    contents = [
        pickle.dumps(boom), npy(np.array([boom], object)), archive.getvalue(), b"",
        b"\x93NUMPY\x01\x00", images[:-3], npy(np.array(["a"])), npy(np.zeros(3)),
        images.replace(b"(2, 2)", b"(9999999999, 2)"), npy(np.zeros((2, 2), complex)),
    ]  # fmt: skip
    for i, content in enumerate(contents):
        (writer.folder / "samples" / f"fake-{i:09d}.npy").write_bytes(content)
    found = fresh(writer.folder).samples
    assert len(found) == len(contents)
    for samples in found:
        with pytest.raises(ReadError, match=r"samples/fake-\d+\.npy: it holds no samples: "):
            samples.load()
    assert not (tmp_path / "boom").exists()


# What cannot be read


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"", r"run\.json: it is not JSON \(.*Restore it"),
        (b'{"format": 1, "gan_doctor"', r"run\.json: it is not JSON \(.*Restore it"),
        (b"[1]", r"run\.json: it is not of a gan_doctor run: .*Pass a directory of ours"),
        (b'{"experiment": "sacred"}', r"run\.json: it is not of a gan_doctor run"),
        (b'{"gan_doctor": "9.0", "format": 2}', r"run\.json: its format 2 is newer .*upgrade"),
        (
            b'{"gan_doctor": "0.1", "format": 1, "setup": {"total_steps": "x"}}',
            r"run\.json: its setup is damaged: .*total_steps",
        ),
        (
            b'{"gan_doctor": "0.1", "format": 1, "setup": []}',
            r"run\.json: its setup is damaged",
        ),
    ],
)
def test_a_header_that_cannot_be_read_is_named_with_the_remedy(header, said, writer):
    writer.rows([1], loss__d=[1])
    (writer.folder / "run.json").write_bytes(header)
    with pytest.raises(ReadError, match=said) as error:
        gan_doctor.read(writer.folder)
    assert str(writer.folder) in str(error.value)


def test_a_damaged_header_of_a_later_segment_is_named(writer):
    writer.rows([1], loss__d=[1])
    (writer.folder / "run.1.json").write_bytes(b"{")
    with pytest.raises(ReadError, match=r"run\.1\.json: it is not JSON"):
        gan_doctor.read(writer.folder)


@pytest.mark.parametrize("scalars", [None, b"", b'{"step":[1', b"x\ny\n"])
def test_a_log_without_values_says_to_wait(scalars, writer):
    if scalars is not None:
        writer.raw("scalars.jsonl", scalars)
    with pytest.raises(ReadError, match=r"it holds no values.*If it has just begun, wait"):
        gan_doctor.read(writer.folder)
    assert fresh(writer.folder).series == ()  # one that goes on or watches may read it


def test_our_format_asked_of_a_foreign_directory(tmp_path):
    with pytest.raises(ReadError, match=r"there is no run\.json in it"):
        gan_doctor.read(tmp_path, format="run-log")


# Reading on


Act = Callable[[Writer], None]


def test_reading_on_equals_reading_anew(writer):
    acts: list[Act] = [
        lambda w: None,
        lambda w: w.rows([1, 2], loss__d=[1, 2]),
        lambda w: w.rows([3], loss__d=[3], loss__g=[1]),
        lambda w: w.log.event(Event(3, "note")),
        lambda w: w.raw("scalars.jsonl", b'{"step":[4],"loss/'),
        lambda w: w.raw("scalars.jsonl", b'd":[4]}\n'),
        lambda w: w.raw("scalars.jsonl", b"broken\n"),
        lambda w: w.raw("scalars.jsonl", b"broken again\n{"),
        lambda w: w.raw("scalars.jsonl", b"\n"),
        lambda w: w.log.samples("fake", 4, np.zeros((1, 2), np.float32)),
        lambda w: w.resume(4),
        lambda w: w.rows([5], loss__d=[5]),
        lambda w: w.log.event(Event(5, "setup", detail={"batch_size": 7})),
        lambda w: None,
    ]
    cursor: Cursor | None = None
    for act in acts:
        act(writer)
        run, cursor = RunLogReader().read(Source.of(writer.folder), cursor)
        assert run == fresh(writer.folder)
    assert run.get("loss/d").steps.tolist() == [1, 2, 3, 4, 5]
    assert run.notes == ("scalars.jsonl: 3 broken lines left out",)


def test_another_run_in_the_same_place_is_read_anew(writer):
    writer.rows([1, 2, 3], loss__d=[1, 2, 3])
    _, cursor = RunLogReader().read(Source.of(writer.folder))
    writer.log.close()
    writer.log = RunLog(writer.folder, SETUP, "overwrite")
    writer.rows([1], loss__d=[9])
    run, _ = RunLogReader().read(Source.of(writer.folder), cursor)
    assert run == fresh(writer.folder)
    assert run.get("loss/d").values.tolist() == [9]


def test_only_what_is_new_is_read(writer, monkeypatch):
    for i in range(50):
        writer.rows([i], loss__d=[i])
    _, cursor = RunLogReader().read(Source.of(writer.folder))
    writer.rows([50], loss__d=[50])
    parsed: list[bytes] = []
    loads = orjson.loads

    def counting(text: bytes) -> Any:
        parsed.append(text)
        return loads(text)

    monkeypatch.setattr("gan_doctor.readers.run_log.orjson.loads", counting)
    run, _ = RunLogReader().read(Source.of(writer.folder), cursor)
    assert len(run.get("loss/d")) == 51
    assert len([text for text in parsed if b'"step"' in text]) == 1


# A log is untrusted


pieces = st.sampled_from(
    [b'"step"', b":", b"[", b"]", b"{", b"}", b",", b"1", b"2e999", b'"NaN"', b"null", b"true",
     b'"loss/d"', b'"segment"', b'"kind"', b'"setup"', b'"detail"', b'"bands"', b'"player"', b"\n"]
)  # fmt: skip
lines = st.lists(pieces | st.binary(max_size=4), max_size=30).map(b"".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(scalars=lines, events=lines)
def test_no_line_makes_reading_fail(scalars, events, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    RunLog(folder, SETUP, "error").close()
    good = b'{"step":[1],"loss/d":[1]}\n'
    (folder / "scalars.jsonl").write_bytes(good + scalars + b"\n")
    (folder / "scalars.rank1.jsonl").write_bytes(scalars)
    (folder / "events.jsonl").write_bytes(events)
    run = fresh(folder)
    assert isinstance(run.get("loss/d"), Series)
    for part in run.parts:
        assert all((np.diff(series.steps) >= 0).all() for series in part.series)
    gan_doctor.diagnose(run)
