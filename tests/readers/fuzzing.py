"""Logs that somebody has broken, and what no reader may do with them."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gan_doctor.core import ReadError, Run, Source
from gan_doctor.readers import known

Files = Mapping[str, bytes]  # of a folder; "" alone for a log that is a single file


def _lines(line: str, n: int = 30) -> bytes:
    rows = (
        line.format(i=i, step=100 * i, epoch=i // 10, batch=i % 10, d=1.3 - 0.01 * i, g=0.7)
        for i in range(n)
    )
    return "".join(f"{row}\n" for row in rows).encode()


def _varint(n: int) -> bytes:
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def _masked_crc(data: bytes) -> bytes:
    """CRC-32C, bit by bit, masked as TFRecord does it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


def _event(step: int, tag: bytes, value: float) -> bytes:
    scalar = b"\x0a" + _varint(len(tag)) + tag + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + _varint(len(scalar)) + scalar
    time = b"\x09" + struct.pack("<d", 1.5e9 + step)
    return _record(time + b"\x10" + _varint(step) + b"\x2a" + _varint(len(summary)) + summary)


def _png(level: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes((level + x * y) % 256 for x in range(16)) for y in range(16))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


_STATS = b"".join(
    json.dumps(
        {
            "Loss/G/loss": {"num": 8, "mean": 1.1, "std": 0.1},
            "Loss/D/loss": {"num": 8, "mean": 0.8, "std": 0.1},
            "Progress/kimg": {"num": 1, "mean": 4.0 * i, "std": 0.0},
            "timestamp": 1.6e9 + i,
        }
    ).encode() + b"\n"
    for i in range(20)
)  # fmt: skip
_OBJECTS = [{"iteration": 100 * i, "loss_dis": 0.9, "loss_gen": 1.0 + i} for i in range(30)]
_PRINTED = _lines("[{epoch}/20][{batch}/10]\tLoss_D: {d:.4f}\tLoss_G: {g:.4f}\tD(x): 0.7")
_CELL = {
    "cell_type": "code",
    "outputs": [{"output_type": "stream", "name": "stdout", "text": _PRINTED.decode()}],
}

# A small sound log for each reader; where it reads several forms, several.
SOUND: Mapping[str, tuple[Files, ...]] = {
    "run-log": (
        {
            "run.json": b'{"format":1,"gan_doctor":"0.1.0","segment":0,"setup":{}}',
            "scalars.jsonl": b'{"step":[1,2,3],"loss/d":[1.0,1.1,"NaN"]}\n' * 3,
            "events.jsonl": b'{"step":1,"kind":"note","detail":{"text":"x"}}\n',
        },
    ),
    "printed-text": (
        {"": _PRINTED},
        {"": _lines("Epoch [ {epoch}/200] | d_loss: {d:.4f} | g_loss: {g:.4f}")},
        {
            "": _lines(
                "[Epoch {epoch}/200] [Batch {batch}/938] [D loss: {d}, acc: 50%] [G loss: {g}]"
            )
        },
        {"": _lines("Epoch {epoch}: 10%|#| {batch}/10 [00:01<00:00, 2.7it/s, D={d}, G={g}]\r")},
    ),
    "cyclegan-log": (
        {
            "loss_log.txt": b"================ Training Loss (Wed) ================\n"
            + _lines("(epoch: {epoch}, iters: {batch}00, time: 0.1, data: 0.2) D_A: {d} G_A: {g} ")
        },
    ),
    "studiogan-log": (
        {
            "": _lines(
                "[INFO] 2020-09-15 13:24:04 > Step:     {step} Progress: 0.1% Elapsed: 0:00:05 "
                "temperature: no ada_p: No Discriminator_loss: {d} Generator_loss: {g} "
            )
            + b"[INFO] 2020-09-15 13:27:01 > FID score (Step: 2000, Using test moments): 114.9\n"
        },
    ),
    "basicsr-log": (
        {
            "": _lines(
                "19-08-09 08:25:25.996 - INFO: <epoch: {epoch}, iter: {step}, lr:2.5e-05> "
                "l_g_gan: {g:.4e} l_d_real: {d:.4e} l_d_fake: 1.0e-01 D_real: -2.5e+01 D_fake: 3.0 "
            )
        },
    ),
    "csv-table": (
        {"": b"Iteration,Generator Loss,Discriminator Loss\n" + _lines("{step},{g},{d}")},
        {"": b"epoch,disc_loss,gen_loss,val_disc_loss\n" + _lines("{i},{d},{g},NA")},
        {"": b"iteration\terrD\terrG\n" + _lines("{step}\t{d}\t{g}")},
    ),
    "bare-numbers": ({"D_loss.txt": _lines("{d:.18e}"), "G_loss.txt": _lines("{g:.18e}", 15)},),
    "json-lines": (
        {"": b"".join(json.dumps(row).encode() + b"\n" for row in _OBJECTS)},
        {"": b'{"_step": 1, "d_loss": NaN, "g_loss": 0.7}\n' * 20},
    ),
    "json-array": (
        {"": json.dumps(_OBJECTS).encode()},
        {"": json.dumps({"d_loss": [1.0] * 30, "g_loss": [0.7] * 30}).encode()},
        {"": json.dumps({"log_history": _OBJECTS}).encode()},
    ),
    "biggan-log": (
        {"x_log.jsonl": b'{"itr": 2000, "IS_mean": 2.8, "FID": 173.7, "_stamp": 1.0}\n' * 9},
        {"G_loss.log": _lines("{step}: {g:.3e}"), "D_loss_real.log": _lines("{step}: {d:.3e}")},
    ),
    "mlflow-runs": (
        {
            "meta.yaml": b"run_name: gan\n",
            "metrics/d_loss": _lines("160000{i} {d} {step}"),
            "metrics/g/loss": _lines("160000{i} {g} {step}"),
            "params/lr": b"0.0002",
        },
    ),
    "tensorboard": (
        {
            "events.out.tfevents.1500000000.host": _record(b"\x1a\x0dbrain.Event:2")
            + b"".join(
                _event(step, tag, 1.0) for step in range(20) for tag in (b"d_loss", b"g_loss")
            )
        },
    ),
    "stylegan-run": (
        {
            "stats.jsonl": _STATS,
            "metric-fid50k_full.jsonl": b'{"results": {"fid50k_full": 28.7}, "metric": '
            b'"fid50k_full", "snapshot_pkl": "network-snapshot-000040.pkl"}\n',
            "training_options.json": b'{"batch_size": 16, "total_kimg": 25000}',
        },
        {"log.txt": _lines("tick {i}  kimg {step}.0  time 4h 36m  sec/tick 153.8  augment 0.5")},
    ),
    "notebook": ({"": json.dumps({"nbformat": 4, "cells": [_CELL]}).encode()},),
    "image-folder": (
        {f"fakes{100 * i:06d}.png": _png(i) for i in range(4)} | {"real/0.png": _png(9)},
    ),
}

_TOKENS = [
    b"NaN", b"-inf", b"1e999", b"-1e-400", b"9" * 400, b"null", b"N/A", b"\0", b"\xff\xfe", b"\r",
    b"\n\n\n", b"[" * 2000, b'{"a":' * 2000, b"," * 500, b'"', b"\\", b"%s%n", b"../../etc/passwd",
    b"0x1p3", b"1_000", "\u0661\u0662".encode(), b"Loss_D: ", b"step: ", b"epoch: -1", b"=" * 300,
    struct.pack("<Q", 2**63), struct.pack("<Q", 2**40), b"\x80" * 30, b"a" * 70_000,
]  # fmt: skip


@st.composite
def _broken(draw: st.DrawFn, data: bytes) -> bytes:
    """A file that was changed in up to six places."""
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.integers(0, 6))
        at, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data = data[:at] + data[end:]
        elif kind == 2:
            data = data[:end] + data[at:end] + data[end:]
        elif kind == 3:
            data = data[:at] + draw(st.sampled_from(_TOKENS)) + data[at:]
        elif kind == 4:
            data = data[:at] + draw(st.binary(max_size=16)) + data[at + 8 :]
        elif kind == 5 and data:
            flipped = bytearray(data)
            flipped[min(at, len(data) - 1)] ^= 1 << draw(st.integers(0, 7))
            data = bytes(flipped)
        else:
            lines = data.splitlines(keepends=True)
            data = b"".join(draw(st.permutations(lines)) if len(lines) < 40 else reversed(lines))
    return data


def broken_logs(slug: str) -> st.SearchStrategy[Files]:
    """Logs for one reader, each changed here and there."""

    def each(files: Files) -> st.SearchStrategy[Files]:
        return st.fixed_dictionaries({name: _broken(data) for name, data in files.items()})

    return st.one_of([each(files) for files in SOUND[slug]])


def written(files: Files, folder: Path) -> Path:
    """Puts a log down, and gives its path."""
    for name, data in files.items():
        file = folder / (name or "log.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder / "log.txt" if "" in files else folder


def read_by(slug: str, path: Path) -> Run | None:
    """Reads a log twice, the second time on from the first; None where it is refused.

    Raises:
        AssertionError: A score that is none, another error than ours, or a second reading that
            differs from the first.
    """
    reader, source = known()[slug](), Source.of(path)
    try:
        score = reader.score(source)
        assert 0 <= score <= 1
        run, cursor = reader.read(source)
        again, _ = reader.read(source, cursor)
    except ReadError:
        return None
    assert again == run
    for series in run.series:
        assert all((part.steps[1:] >= part.steps[:-1]).all() for part in _parts(run, series))
    return run


def _parts(run: Run, series: Any) -> Iterator[Any]:
    for part in run.parts:
        found = [one for one in part.series if one.key == series.key]
        yield from found
