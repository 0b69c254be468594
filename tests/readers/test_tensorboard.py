"""Event files, made here byte by byte and by PyTorch's writer, and read again."""

from __future__ import annotations

import csv
import io
import random
import struct
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gan_doctor
from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import _event_file, _tfrecord, reader_for
from gan_doctor.readers._event_file import EventFile
from gan_doctor.readers._tfrecord import Stretch
from gan_doctor.readers.tensorboard import TensorboardReader

BEGUN = 1_700_000_000


@pytest.fixture(autouse=True)
def short_first_piece(monkeypatch):
    """So that the shapes which the first records teach are used in files as short as these."""
    monkeypatch.setattr(_tfrecord, "_FIRST_PIECE", 150)


def crc32c(data: bytes) -> int:
    """Bit by bit, as RFC 3720 defines it."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes, checksum: bytes | None = None) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + (checksum or masked(data))


def varint(number: int) -> bytes:
    number %= 1 << 64
    some = b""
    while number > 127:
        some += bytes([number & 127 | 128])
        number >>= 7
    return some + bytes([number])


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def scalar(tag: str, number: float) -> bytes:
    return field(1, tag.encode()) + b"\x15" + struct.pack("<f", number)


def tensor(tag: str, kind: int, content: bytes, shape: bytes = b"") -> bytes:
    plugin = field(9, field(1, field(1, b"scalars")))
    return field(1, tag.encode()) + field(8, field(1, kind) + field(2, shape) + content) + plugin


def event(step: int, *values: bytes, time: float = BEGUN) -> bytes:
    counted = field(2, step) if step else b""
    summary = field(5, b"".join(field(1, value) for value in values))
    return record(b"\t" + struct.pack("<d", time) + counted + summary)


def version(time: float = BEGUN) -> bytes:
    return record(b"\t" + struct.pack("<d", time) + field(3, b"brain.Event:2"))


def losses(steps: Iterable[int], begun: float = BEGUN, **extra: float) -> bytes:
    """D's loss is the step, G's twice that."""
    tags = {"d_loss": 1.0, "g_loss": 2.0} | extra
    return version(begun) + b"".join(
        event(step, scalar(tag, factor * step), time=begun + step)
        for step in steps
        for tag, factor in tags.items()
    )


def write(folder: Path, data: bytes, begun: int = BEGUN, of: str = "node1") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{begun}.{of}"
    path.write_bytes(data)
    return path


def read(place: Any, **told: Any) -> Run:
    return TensorboardReader(**told).read(Source.of(place))[0]


def values(run: Run, name: str, player: str = "") -> list[float]:
    series = run.get(name, player)
    assert series is not None, run.notes
    return series.values.tolist()


def steps(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None, run.notes
    return series.steps.tolist()


# What is a scalar


@pytest.mark.parametrize(
    "value",
    [
        scalar("d_loss", 1.5),
        tensor("d_loss", 1, field(5, struct.pack("<f", 1.5))),
        tensor("d_loss", 1, varint(5 << 3 | 5) + struct.pack("<f", 1.5)),
        tensor("d_loss", 1, field(4, struct.pack("<f", 1.5))),
        tensor("d_loss", 2, field(6, struct.pack("<d", 1.5))),
        tensor("d_loss", 2, field(4, struct.pack("<d", 1.5))),
        tensor("d_loss", 19, field(13, varint(int.from_bytes(struct.pack("<e", 1.5), "little")))),
        tensor("d_loss", 19, varint(13 << 3) + varint(0x3E00)),
        tensor("d_loss", 19, field(4, struct.pack("<e", 1.5))),
    ],
)
def test_a_scalar_is_read_however_it_was_written(tmp_path, value):
    path = write(tmp_path, version() + event(7, value) + event(8, value))
    run = read(path)
    assert run.clock == "iteration"
    assert (steps(run, "loss/d"), values(run, "loss/d")) == ([7, 8], [1.5, 1.5])


@pytest.mark.parametrize(
    "other",
    [
        tensor("g_loss", 1, field(5, struct.pack("<f", 1.5)), shape=field(2, field(1, 1000))),
        tensor("g_loss", 1, field(5, struct.pack("<ff", 1, 2))),
        tensor("g_loss", 7, field(8, b"text")),
        tensor("g_loss", 1, b""),
        tensor("g_loss", 19, field(13, varint(1 << 20))),
        field(1, b"g_loss") + field(4, field(4, b"\x89PNG")),
        field(1, b"g_loss") + field(5, field(1, 3)),
        field(1, b"_hparams_/experiment") + field(9, field(1, field(1, b"hparams"))),
    ],
)
def test_what_is_not_one_number_is_passed_over(tmp_path, other):
    path = write(tmp_path, version() + event(1, other) + event(2, other, scalar("d_loss", 3)))
    run = read(path)
    assert [str(series.key) for series in run.series] == ["loss/d"]
    assert values(run, "loss/d") == [3]
    assert run.notes == ("read: d_loss as loss/d",)


def test_scalars_that_share_a_record_with_images_are_found(tmp_path):
    image = field(1, b"G") + field(4, field(4, random.Random(0).randbytes(5_000)))
    both = [scalar("dis_loss", 1), image, scalar("gen_loss", 2)]
    graph = record(b"\t" + struct.pack("<d", BEGUN) + field(4, bytes(40_000)))
    path = write(tmp_path, version() + graph + event(3, *both) + event(4, *both))
    run = read(path)
    assert (steps(run, "loss/d"), values(run, "loss/g")) == ([3, 4], [2, 2])
    assert TensorboardReader().score(Source.of(path)) == 0.95


def test_nan_and_infinity_are_values(tmp_path):
    numbers = [float("nan"), float("inf"), float("-inf"), -0.0]
    data = b"".join(event(i + 1, scalar("FID", number)) for i, number in enumerate(numbers))
    found = values(read(write(tmp_path, version() + data)), "metric/fid")
    np.testing.assert_array_equal(found, numbers)
    assert np.signbit(found[3])


def test_a_tag_may_change_its_shape_and_its_step_its_length(tmp_path):
    """The shapes that are known by heart must not be taken for others."""
    at = [0, 1, 127, 128, 16_383, 16_384, 2**31, 2**40]
    shapes = [
        lambda number: scalar("d_loss", number),
        lambda number: tensor("d_loss", 1, field(5, struct.pack("<f", number))),
        lambda number: scalar("d_loss", number) + field(9, b""),
        lambda number: tensor("d_loss", 2, field(6, struct.pack("<d", number))),
    ]
    data = [event(step, shapes[(i + j) % 4](i)) for j in range(4) for i, step in enumerate(at)]
    run = read(write(tmp_path, version() + b"".join(data)))
    assert len(run.segments) == 4
    for part in run.parts:
        assert (steps(part, "loss/d"), values(part, "loss/d")) == (at, [*range(8)])


def test_a_step_may_be_below_0(tmp_path):
    data = event(-1, scalar("d_loss", 5)) + event(3, scalar("d_loss", 6))
    assert steps(read(write(tmp_path, version() + data)), "loss/d") == [-1, 3]


def test_tags_in_events_without_a_time_are_told_apart(tmp_path):
    """Where others have their time, these have their tag."""
    data = [record(field(5, field(1, scalar(tag, 1)))) for tag in ("GP", "DR", "GP", "DR", "GP")]
    run = read(write(tmp_path, version() + b"".join(data)))
    assert [len(values(run, name)) for name in ("penalty/d", "loss/d/real")] == [3, 2]


# Clocks


def test_a_writer_without_steps_has_rows(tmp_path):
    """`add_scalar(tag, value)`: every step is 0. FID comes with every other row."""
    data = b"".join(
        event(0, scalar("g_loss", i))
        + event(0, scalar("d_loss", 10 + i))
        + (event(0, scalar("FID", 100 - i)) if i % 2 else b"")
        for i in range(6)
    )
    run = read(write(tmp_path, version() + data))
    assert (run.clock, steps(run, "loss/d")) == ("row", [1, 2, 3, 4, 5, 6])
    assert values(run, "loss/g") == [0, 1, 2, 3, 4, 5]
    assert (steps(run, "metric/fid"), values(run, "metric/fid")) == ([2, 4, 6], [99, 97, 95])
    assert "it has none" in " ".join(run.notes)


def test_rows_are_counted_in_each_file_of_writers_for_each_metric(tmp_path):
    for tag in ("d_loss", "g_loss"):
        data = b"".join(event(0, scalar(tag, i)) for i in range(3))
        write(tmp_path / tag, version() + data)
    run = read(tmp_path)
    assert (steps(run, "loss/d"), values(run, "loss/g")) == ([1, 2, 3], [0, 1, 2])


def test_stylegan_counts_thousands_of_images(tmp_path):
    data = b"".join(
        event(kimg, scalar(tag, kimg))
        for kimg in (0, 4, 8)
        for tag in ("Loss/D/loss", "Progress/kimg", "Timing/sec_per_tick", "Progress/augment")
    )
    run = read(write(tmp_path, version() + data))
    assert (run.clock, steps(run, "loss/d")) == ("kimg", [0, 4, 8])
    assert values(run, "augment/p") == [0, 4, 8]
    assert not any("left over" in note for note in run.notes)


def test_lightnings_epoch_and_empty_metric_are_no_series(tmp_path):
    data = losses(range(49, 500, 50), epoch=0.01) + event(0, scalar("hp_metric", -1))
    run = read(write(tmp_path, data))
    assert {str(series.key) for series in run.series} == {"loss/d", "loss/g"}
    assert len(run.segments) == 1
    assert not any("hp_metric" in note or "epoch" in note for note in run.notes)


def test_a_metric_by_epoch_stands_where_it_was_written_among_the_iterations(tmp_path):
    data = version() + b"".join(
        losses(range(300 * epoch, 300 * epoch + 300, 30))[len(version()) :]
        + event(epoch, scalar("FID", 90 - epoch))
        for epoch in range(4)
    )
    run = read(write(tmp_path, data))
    assert (run.clock, steps(run, "metric/fid")) == ("iteration", [270, 570, 870, 1170])
    assert any("counted otherwise" in note and "FID" in note for note in run.notes)


def test_a_tag_that_counts_at_a_third_of_the_pace_is_moved_and_one_at_two_thirds_is_not(tmp_path):
    data = version() + b"".join(
        losses([step])[len(version()) :]
        + event(step // 3, scalar("GP", 1))
        + event(2 * step // 3, scalar("FID", 1))
        for step in range(300, 900, 30)
    )
    run = read(write(tmp_path, data))
    assert steps(run, "penalty/d") == [*range(300, 900, 30)]
    assert steps(run, "metric/fid") == [*range(200, 600, 20)]


def test_a_metric_that_is_rare_keeps_its_steps(tmp_path):
    data = losses(range(0, 1000, 10))
    data += b"".join(event(step, scalar("FID", 1)) for step in (100, 200, 300, 400))
    assert steps(read(write(tmp_path, data)), "metric/fid") == [100, 200, 300, 400]


# Several files


def test_later_files_are_later_segments_in_the_order_in_which_they_were_begun(tmp_path):
    write(tmp_path, losses(range(200, 600, 100), BEGUN + 50), BEGUN + 50, "a")
    write(tmp_path, losses(range(100, 400, 100), BEGUN), BEGUN, "z")
    run = read(tmp_path)
    assert [part.segments[0].first_step for part in run.parts] == [0, 200]
    assert [steps(part, "loss/d") for part in run.parts] == [[100, 200, 300], [200, 300, 400, 500]]
    assert any("2 event files" in note for note in run.notes)


def test_a_file_that_goes_on_where_the_last_one_ended_is_no_new_segment(tmp_path):
    write(tmp_path, losses(range(300, 600, 100), BEGUN + 9), BEGUN + 9)
    write(tmp_path, losses(range(100, 300, 100)), BEGUN)
    run = read(tmp_path)
    assert len(run.segments) == 1
    assert steps(run, "loss/d") == [100, 200, 300, 400, 500]


def test_the_first_record_tells_when_a_renamed_file_was_begun(tmp_path):
    (tmp_path / "a.tfevents").write_bytes(losses(range(5, 8), BEGUN + 50))
    (tmp_path / "b.tfevents").write_bytes(losses(range(2, 5), BEGUN))
    assert steps(read(tmp_path), "loss/d") == [2, 3, 4, 5, 6, 7]


def one_tag(tag: str, factor: float = 1, at: Iterable[int] = range(100, 400, 100)) -> bytes:
    return version() + b"".join(event(step, scalar(tag, factor * step)) for step in at)


def test_a_writer_for_each_metric_is_one_run(tmp_path):
    """mimicry: the folder is the metric, the tag is its group."""
    groups = {
        "errD": "loss",
        "errG": "loss",
        "D(x)": "prob",
        "D(G(z))": "prob",
        "errG_SS": "loss_SS",
    }
    for i, (metric, group) in enumerate(groups.items()):
        write(tmp_path / "data" / metric, one_tag(group, i + 1))
    run = read(tmp_path)
    assert values(run, "loss/d") == [100, 200, 300]
    assert values(run, "loss/g") == [200, 400, 600]
    assert values(run, "score/real") == [300, 600, 900]
    assert values(run, "score/fake") == [400, 800, 1200]
    assert len(run.segments) == 1
    # Whoever looks for runs finds it once, where its folders are.
    assert TensorboardReader().score(Source.of(tmp_path)) == 0.3
    assert TensorboardReader().score(Source.of(tmp_path / "data")) == 0.5


def test_writers_for_each_metric_need_no_names_that_we_know(tmp_path):
    for metric, group in {"alpha": "first", "beta": "first", "gamma": "second"}.items():
        write(tmp_path / metric, one_tag(group))
    run = read(tmp_path, told={"beta": "loss/g"})
    assert values(run, "loss/g") == [100, 200, 300]
    assert "left over: alpha, second" in run.notes


def test_add_scalars_is_one_run(tmp_path):
    write(tmp_path, one_tag("FID"))
    write(tmp_path / "loss_D", one_tag("loss", 1))
    write(tmp_path / "loss_G", one_tag("loss", 2))
    run = read(tmp_path)
    assert values(run, "loss/g") == [200, 400, 600]
    assert values(run, "metric/fid") == [100, 200, 300]
    assert TensorboardReader().score(Source.of(tmp_path)) == 0.8


def test_restarts_of_writers_for_each_metric_are_one_restart(tmp_path):
    for again in (0, 50):
        for metric in ("errD", "errG"):
            data = losses([], BEGUN + again) + one_tag("loss", at=[100, 200])[len(version()) :]
            write(tmp_path / metric, data, BEGUN + again)
    run = read(tmp_path)
    assert [steps(part, "loss/g") for part in run.parts] == 2 * [[100, 200]]


def test_training_and_validation_are_one_run_and_training_counts(tmp_path):
    for i, side in enumerate(("validation", "train")):
        data = b"".join(
            event(step, scalar("d_loss", i)) + event(step, scalar("g_loss", i)) for step in range(3)
        )
        write(tmp_path / side, version() + data)
    run = read(tmp_path)
    assert values(run, "loss/d") == [1, 1, 1]
    assert "left over: validation/d_loss, validation/g_loss" in run.notes


def test_sides_that_log_the_same_tags_are_called_by_their_folder(tmp_path):
    for side in "DG":
        data = one_tag("loss") + one_tag("lr")[len(version()) :]
        write(tmp_path / side, data)
    names = {str(series.key) for series in read(tmp_path).series}
    assert names == {"loss/d", "loss/g", "lr/d", "lr/g"}


def test_what_add_hparams_writes_beside_a_run_is_passed_over(tmp_path):
    write(tmp_path, losses([100, 200]))
    write(tmp_path / "1700000123.456", losses([0]))
    run = read(tmp_path)
    assert (steps(run, "loss/d"), len(run.segments)) == ([100, 200], 1)


@pytest.mark.parametrize("nested", ["", "lightning_logs"])
def test_a_folder_of_several_runs_says_which_there_are(tmp_path, nested):
    folder = tmp_path / nested
    for i in range(3):
        write(folder / f"version_{i}", losses([100, 200]))
    names = [f"{nested}/version_{i}".lstrip("/") for i in range(3)]
    with pytest.raises(ReadError, match=f"several runs: {', '.join(names)}. Choose one .*triage"):
        gan_doctor.read(tmp_path)
    assert TensorboardReader().score(Source.of(tmp_path)) == 0.3
    assert steps(gan_doctor.read(folder / "version_1"), "loss/d") == [100, 200]


def test_runs_with_a_single_tag_are_told_from_writers_for_each_metric(tmp_path):
    for seed in ("seed1", "seed2"):
        write(tmp_path / seed, one_tag("d_loss"))
    with pytest.raises(ReadError, match="several runs: seed1, seed2"):
        read(tmp_path)
    for run in ("one", "two"):
        for metric in ("errD", "errG"):
            write(tmp_path / "more" / run / "data" / metric, one_tag("loss"))
    with pytest.raises(ReadError, match="several runs: one, two"):
        read(tmp_path / "more")


def test_a_run_beside_older_ones_below_it(tmp_path):
    path = write(tmp_path, losses([100, 200]))
    write(tmp_path / "old", losses([100, 200]))
    with pytest.raises(ReadError, match=r"several runs: \., old"):
        read(tmp_path)
    assert read(path).last_step == 200


# Files that are damaged, or being written


def test_a_torn_record_is_left_out_and_read_when_it_is_whole(tmp_path):
    whole = losses(range(1, 5))
    for cut in range(len(whole) - 40, len(whole), 3):
        path = write(tmp_path, whole[:cut])
        first, cursor = TensorboardReader().read(Source.of(path))
        assert len(values(first, "loss/g")) == 3
        assert "the last record is torn and left out" in first.notes
        path.write_bytes(whole)
        again, _ = TensorboardReader().read(Source.of(path), cursor)
        assert again == read(path)
        assert values(again, "loss/g") == [2, 4, 6, 8]


def test_what_was_read_is_not_read_again(tmp_path, monkeypatch):
    path = write(tmp_path, losses(range(1, 200)))
    before, cursor = TensorboardReader().read(Source.of(tmp_path))
    taken: list[int] = []
    take = EventFile._take

    def counting(self: EventFile, stretch: Stretch) -> None:
        taken.append(len(stretch.starts))
        take(self, stretch)

    monkeypatch.setattr(EventFile, "_take", counting)
    with path.open("ab") as file:
        file.write(event(200, scalar("d_loss", 200)) + event(200, scalar("g_loss", 400)))
    write(tmp_path, losses([300], BEGUN + 500), BEGUN + 500)
    run, _ = TensorboardReader().read(Source.of(tmp_path), cursor)
    assert taken == [2, 3]
    assert steps(run, "loss/d") == [*range(1, 201), 300]
    assert before.last_step == 199


@pytest.mark.parametrize("n", [3, 500])
def test_a_file_that_was_written_anew_is_read_anew(tmp_path, n):
    path = write(tmp_path, losses(range(1, 100)))
    _, cursor = TensorboardReader().read(Source.of(path))
    path.write_bytes(losses(range(5, 5 + n), BEGUN + 7))
    run, _ = TensorboardReader().read(Source.of(path), cursor)
    assert steps(run, "loss/d") == [*range(5, 5 + n)]


@pytest.mark.parametrize("at", [0, 3, 8, 11, 12, 20, 40, -1])
def test_reading_ends_where_a_byte_is_wrong(tmp_path, at):
    data = losses(range(1, 4))
    broken = bytearray(event(4, scalar("d_loss", 4)))
    broken[at] ^= 4
    path = write(tmp_path, data + broken + losses(range(5, 9)))
    run = read(path)
    assert steps(run, "loss/d") == [1, 2, 3]
    assert f"it is damaged at byte {len(data)}: the rest is left out" in run.notes


def test_in_a_folder_the_damaged_file_is_named(tmp_path):
    write(tmp_path, losses([1, 2]) + bytes(16))
    assert any(
        note.startswith(f"events.out.tfevents.{BEGUN}.node1: it is damaged at byte")
        for note in read(tmp_path).notes
    )


def test_an_absurd_length_allocates_nothing(tmp_path):
    for n in (1 << 40, (1 << 64) - 1, 1 << 31):
        length = struct.pack("<Q", n)
        path = write(tmp_path, losses([1, 2]) + length + masked(length) + bytes(100))
        tracemalloc.start()
        run = read(path)
        assert tracemalloc.get_traced_memory()[1] < 30e6
        tracemalloc.stop()
        assert steps(run, "loss/d") == [1, 2]
        assert any("torn" in note for note in run.notes)


def test_a_record_that_is_too_long_is_passed_over_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(_tfrecord, "MOST_BYTES", 50_000)
    monkeypatch.setattr(_tfrecord, "_PIECE", 1_000)
    large = record(b"\t" + struct.pack("<d", BEGUN) + field(4, bytes(60_000)))
    path = write(tmp_path, losses([1, 2]) + large + losses([3])[len(version()) :])
    run = read(path)
    assert steps(run, "loss/d") == [1, 2, 3]
    assert any(note.startswith("1 records of over") for note in run.notes)


def test_a_large_record_is_left_out_if_it_is_damaged_and_has_scalars(tmp_path):
    image = field(1, b"G") + field(4, field(4, bytes(3_000)))
    large = bytearray(event(4, scalar("d_loss", 4), image, scalar("g_loss", 4)))
    large[1_000] ^= 1
    path = write(tmp_path, losses([1, 2]) + bytes(large) + losses([5])[len(version()) :])
    run = read(path)
    assert steps(run, "loss/d") == [1, 2, 5]
    assert "1 records left out that are damaged or no events" in run.notes


@pytest.mark.parametrize(
    "data", [b"\x0b", b"\x2a\xff\x01", b"\x10" + 11 * b"\xff", b"\x15\x00", b"\x09\x00", b"\xff"]
)
def test_a_record_that_is_no_event_is_left_out_and_counted(tmp_path, data):
    path = write(tmp_path, losses([1, 2]) + record(data) + event(3, scalar("d_loss", 3)))
    run = read(path)
    assert steps(run, "loss/d") == [1, 2, 3]
    assert "1 records left out that are damaged or no events" in run.notes


def test_tags_without_end_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(_event_file, "MOST_TAGS", 5)
    data = b"".join(event(i + 1, scalar(f"layer{i}", i)) for i in range(50))
    path = write(tmp_path, losses([1, 2]) + data + event(9, scalar(2_000 * "x", 1)))
    run = read(path)
    assert any(note.startswith("48 values left out whose tag") for note in run.notes)


def test_mutated_files_raise_nothing_but_our_error(tmp_path):
    rng = random.Random(0)
    good = losses(range(1, 30)) + event(30, tensor("FID", 1, field(5, struct.pack("<f", 1.5))))
    for _ in range(150):
        data = bytearray(good)
        for _ in range(rng.choice([1, 1, 5, 50])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        del data[rng.randrange(len(data)) :]
        run, _ = TensorboardReader().read(Source.of(io.BytesIO(bytes(data))))
        assert all(len(series) for series in run.series)


def test_mutated_messages_raise_nothing_but_our_error():
    """The checksums are right, what is in the record is not."""
    rng = random.Random(1)
    good = [event(300, scalar("d_loss", 1), tensor("FID", 19, field(13, varint(15_872))))[12:-4]]
    for _ in range(150):
        data = bytearray(rng.choice(good))
        for _ in range(rng.choice([1, 2, 9])):
            data[rng.randrange(9, len(data))] = rng.randrange(256)
        TensorboardReader().read(Source.of(io.BytesIO(version() + record(bytes(data)))))


# Whose it is


def test_a_stream_and_a_remote_folder_are_read_too(tmp_path):
    data = losses(range(1, 5))
    assert steps(gan_doctor.read(io.BytesIO(data)), "loss/d") == [1, 2, 3, 4]
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe({f"/tb/{side}/events.out.tfevents.1.n": losses([1, 2]) for side in "ab"})
    try:
        assert steps(read("memory://tb/a"), "loss/d") == [1, 2]
        with pytest.raises(ReadError, match="several runs: a, b"):
            read("memory://tb")
    finally:
        memory.rm("/tb", recursive=True)


def test_what_is_no_event_file_is_none_of_ours(tmp_path):
    (tmp_path / "log.txt").write_text("Loss_D: 1.0\n")
    for place in (tmp_path, tmp_path / "log.txt", io.BytesIO(b""), io.BytesIO(bytes(100))):
        assert TensorboardReader().score(Source.of(place)) == 0
    with pytest.raises(ReadError, match="no event files"):
        read(tmp_path)


def test_a_file_without_scalars_is_left_to_others_if_there_are_any(tmp_path):
    for data in (b"", version()):
        path = write(tmp_path, data)
        assert TensorboardReader().score(Source.of(path)) == 0.1
        assert TensorboardReader().score(Source.of(tmp_path)) == 0.1
        assert read(path).series == ()
    with pytest.raises(ReadError, match="it holds no values"):
        gan_doctor.read(path)


def test_what_a_person_says_of_a_tag_counts(tmp_path):
    path = write(tmp_path, one_tag("loss1"))
    assert values(read(path, told={"loss1": "loss/d"}), "loss/d") == [100, 200, 300]


# Against others


@pytest.mark.parametrize("n", [*range(12), 1023, 1024, 1025, 2048, 5000])
def test_checksums_are_those_of_the_definition(n):
    data = random.Random(n).randbytes(n)
    array = np.frombuffer(data, np.uint8)
    assert _tfrecord._checksum(array) == crc32c(data)
    if n <= 1024:
        where = np.array([0, n, 0]), np.array([n, n, min(n, 5)])
        expected = [crc32c(data), 0, crc32c(data[:5])]
        assert _tfrecord._checksums(array, *where).tolist() == expected


def test_it_reads_what_tensorboard_reads(tmp_path):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    rng = np.random.default_rng(0)
    with tensorboard.SummaryWriter(str(tmp_path)) as writer:
        writer.add_text("note", "a text")
        writer.add_hparams({"lr": 1e-3}, {"hparam/fid": 3.0}, run_name="hp")
        for step in range(0, 1_000, 7):
            writer.add_scalar("Loss/D", rng.lognormal(), step)
            writer.add_scalar("Loss/G", rng.normal(), step)
            if step % 10 == 0:
                writer.add_scalar("FID", 1e3 * rng.random(), step, new_style=True)
                writer.add_scalar("GP", rng.normal(), step, new_style=True, double_precision=True)
                writer.add_histogram("weights", rng.normal(size=50), step)
                writer.add_image("G(z)", rng.random((3, 16, 16)), step)
    (path,) = tmp_path.glob("events*")
    source = Source.of(path)
    file = EventFile("")
    file.feed(source)
    theirs = accumulators.EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    theirs.Reload()
    expected = {
        tag: ([one.step for one in theirs.Scalars(tag)], [one.value for one in theirs.Scalars(tag)])
        for tag in theirs.Tags()["scalars"]
    }
    for tag in ("FID", "GP"):
        found = theirs.Tensors(tag)
        numbers = [
            (list(t.float_val) or list(t.double_val))[0] for t in (o.tensor_proto for o in found)
        ]
        expected[tag] = ([one.step for one in found], numbers)
    assert {
        tag: (column.steps.tolist(), column.values.tolist()) for tag, column in file.columns.items()
    } == expected
    assert len(expected["Loss/D"][0]) == 143


def table(path: Path) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            found.setdefault(row["tag"], []).append((float(row["step"]), float(row["value"])))
    return found


def test_a_real_log_of_lightning(real_logs):
    folder = real_logs / "lightning-scrna-v1"
    run = gan_doctor.read(folder)
    assert reader_for(Source.of(folder)).slug == "tensorboard"
    expected = table(folder / "scalars.csv")
    for tag, name in (("g_loss", "loss/g"), ("d_loss", "loss/d")):
        found = list(zip(steps(run, name), values(run, name), strict=True))
        assert found == expected[tag]
    assert (run.clock, len(run.segments)) == ("iteration", 1)
    assert run.notes == ("read: g_loss as loss/g, d_loss as loss/d",)


def test_a_real_log_of_stylegan(real_logs):
    (path,) = (real_logs / "sg2ada-rpgsprite").glob("events*")
    run = gan_doctor.read(path)
    assert run.clock == "kimg"
    assert steps(run, "loss/d") == [*range(0, 320, 4)]
    assert set(values(run, "metric/fid")) == {np.inf, -np.inf}


def test_a_real_log_of_which_only_the_graph_was_kept(real_logs):
    (path,) = (real_logs / "tfevents-celeba-1497880895").glob("events*")
    assert TensorboardReader().score(Source.of(path)) == 0.1
    with pytest.raises(ReadError, match="it holds no values"):
        gan_doctor.read(path, format="tensorboard")
