"""The disk gets full, is lost or may not be written to: the training goes on, and so does the log.

The faults are those of the operating system itself, on a training of 165 steps from step 45 to 115.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import orjson
import pytest
import torch
from loops.gan_loops import plain, points
from loops.outcome import STEPS, bits, undisturbed_bits

import gan_doctor
from gan_doctor import Run
from gan_doctor.core import Event, MonitorWarning, Setup
from gan_doctor.monitor.writer import RunLog

BEGIN, END = 45, 115


def notes(run: Run) -> list[str]:
    return [event.detail["text"] for event in run.events if event.kind == "note"]


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """What a full disk does, to this process alone: writes end within a line, and then fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def full(directory: Path) -> AbstractContextManager[None]:
    return no_file_beyond(0)


def full_within_a_line(directory: Path) -> AbstractContextManager[None]:
    return no_file_beyond((directory / "scalars.jsonl").stat().st_size + 100)


@contextlib.contextmanager
def denied(directory: Path) -> Iterator[None]:
    """Nobody may enter the directory; files that are open stay so."""
    nobody, me, mode = 65534, os.geteuid(), directory.stat().st_mode
    directory.chmod(0)
    if me == 0:  # whom no mode stops
        os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(me)
        directory.chmod(mode)


@contextlib.contextmanager
def elsewhere(directory: Path) -> Iterator[None]:
    """A mount that is lost, and comes back with what it held."""
    away = directory.with_name("away")
    directory.rename(away)
    yield
    shutil.rmtree(directory, ignore_errors=True)
    away.rename(directory)


@pytest.fixture
def through(attach: Any) -> Callable[..., Run]:
    """Trains with a fault on the way, and reads the log that has one note of it."""

    def read(fault: Callable[[Path], AbstractContextManager[None]], **options: Any) -> Run:
        t = points()
        doctor = attach(t, total_steps=400, **options)  # so it flushes every 2 steps
        plain(t, doctor, BEGIN)
        failed = "writing the run log failed"
        with pytest.warns(MonitorWarning, match=failed) as said, fault(doctor.directory):
            plain(t, doctor, END - BEGIN)
        plain(t, doctor, STEPS - END)
        doctor.close()
        assert len(said) == 1
        assert torch.equal(bits(t), undisturbed_bits())
        run = gan_doctor.read(doctor.directory)
        assert [f"gan_doctor: {note}" for note in notes(run)] == [str(said[0].message)]
        for batch in run.samples:
            batch.load()
        return run

    return read


def missing(run: Run) -> set[int]:
    return {*range(1, STEPS + 1)} - {int(step) for step in run.get("loss/d").steps}


@pytest.mark.parametrize("fault", [full, full_within_a_line])
def test_a_full_disk_costs_only_the_rows_that_it_refused(fault, through):
    run = through(fault)
    assert missing(run) == {*range(BEGIN, END)}
    assert run.get("sample/recall").steps.tolist() == [20, 40, 120, 140, 160]


def test_a_line_that_the_disk_cut_off_is_told_by_the_reader(through):
    assert through(full_within_a_line).notes == ("scalars.jsonl: 1 broken lines left out",)


def test_findings_and_facts_come_into_the_log_once_there_is_room(through):
    told: list[tuple[str, float]] = []
    run = through(full, on_finding=lambda f: told.append((f.slug, f.alarm)))
    assert any(BEGIN < alarm <= END for _, alarm in told)
    lines = (Path(run.source) / "findings.jsonl").read_bytes().splitlines()
    assert [(f["slug"], f["alarm"]) for f in map(orjson.loads, lines)] == told


@pytest.mark.parametrize("fault", [denied, elsewhere])
def test_what_is_open_goes_on_where_the_directory_cannot_be_entered(fault, through):
    run = through(fault)
    assert missing(run) == set()
    assert {batch.step for batch in run.samples if batch.kind == "fake"} == {20, 40, 120, 140, 160}


@pytest.mark.parametrize("at", [0, BEGIN])
def test_a_directory_that_is_removed_is_one_warning(at, attach):
    t = points()
    doctor = attach(t)
    plain(t, doctor, at)
    shutil.rmtree(doctor.directory)
    with pytest.warns(MonitorWarning, match="writing the run log failed: FileNotFound") as said:
        plain(t, doctor, STEPS - at)
    doctor.close()
    assert len(said) == 1
    assert torch.equal(bits(t), undisturbed_bits())
    assert doctor.diagnose().run.last_step == STEPS  # what is in memory is judged all the same


def test_a_disk_without_room_for_the_header_of_a_new_segment(attach):
    t = points()
    doctor = attach(t)
    plain(t, doctor, BEGIN)
    with full(doctor.directory), pytest.warns(MonitorWarning) as said:
        doctor.load_state_dict({"step": 20})
    plain(t, doctor, STEPS - BEGIN)
    doctor.close()
    assert torch.equal(bits(t), undisturbed_bits())
    run = gan_doctor.read(doctor.directory)
    assert run.notes == ()
    assert run.last_step == STEPS  # it goes on with the segment that it has
    assert len(notes(run)) == len(said) == 2  # that it could not, and that no row was written


A_FILE_SYSTEM_OF_ITS_OWN = """
import os, subprocess, sys, warnings
import torch
import gan_doctor
from loops.gan_loops import plain, points
from loops.outcome import bits, undisturbed_bits

def mount(*options):
    subprocess.run(["mount", *options], check=True)

place = sys.argv[1]
mount("-t", "tmpfs", "-o", "size=512k", "tmpfs", place)
torch.set_num_threads(1)
warnings.simplefilter("always")
t = points()
doctor = gan_doctor.Monitor(f"{place}/run", t.G, t.D, total_steps=400, sample_every=20)
plain(t, doctor, 45)
try:  # full
    with open(f"{place}/ballast", "wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))
except OSError:
    plain(t, doctor, 30)
os.unlink(f"{place}/ballast")
plain(t, doctor, 30)
mount("--bind", place, place)
mount("-o", "remount,bind,ro", place)  # read-only
plain(t, doctor, 30)
subprocess.run(["umount", "--lazy", place], check=True)
plain(t, doctor, 10)
run = gan_doctor.read(doctor.directory)
subprocess.run(["umount", "--lazy", place], check=True)  # gone
plain(t, doctor, 20)
doctor.close()
assert torch.equal(bits(t), undisturbed_bits(165))
assert len([event for event in run.events if event.kind == "note"]) == 1
steps = {int(step) for step in run.get("loss/d").steps}
assert steps >= {*range(1, 47), *range(75, 145)}  # a page that was begun has a little room yet
assert not steps & {*range(55, 75), *range(150, 200)}
"""


def test_a_mount_that_is_full_then_read_only_then_gone(tmp_path):
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("a process gets no file system of its own here")
    child = subprocess.run(
        [*alone, sys.executable, "-c", A_FILE_SYSTEM_OF_ITS_OWN, tmp_path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert child.stderr.count("MonitorWarning") == 1


def test_a_line_that_was_cut_off_by_the_disk_costs_no_other(tmp_path):
    log, event, file = RunLog(tmp_path, Setup(), "error"), Event(1, "note"), "events.jsonl"
    log.event(event)
    with no_file_beyond((tmp_path / file).stat().st_size + 9), pytest.raises(OSError):  # noqa: PT011
        log.event(event)
    log.event(event)
    log.close()
    lines = (tmp_path / file).read_bytes().splitlines()
    assert [len(line) for line in lines] == [len(lines[0]), 9, len(lines[0])]
    assert orjson.loads(lines[0]) == orjson.loads(lines[2])
