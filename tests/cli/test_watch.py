from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

PROGRAM = [sys.executable, "-m", "gan_doctor", "watch"]
SAVE = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + chr(10))"


def test_once_shows_the_present_state(command: Any, sick_log: Path) -> None:
    answer = command("watch", sick_log, "--once")
    assert answer.code == 0
    assert answer.out.startswith("1 problem, first sign at step 201")
    assert "CRITICAL  non-finite (GD101) since step 201" in answer.out
    assert "last written" in answer.out


def test_once_exits_with_2_where_there_is_nothing(command: Any) -> None:
    answer = command("watch", "nowhere", "--once")
    assert answer.code == 2
    assert answer.err == "gan-doctor: Cannot read nowhere: there is no such file or directory\n"
    assert command("watch", "nowhere", "--once", "--format", "cvs").code == 2
    assert command("watch", "nowhere", "--once", "--notify", "nothing://x").code == 2


def test_a_finished_run_ends_it_with_a_line_for_each_finding_and_a_summary(
    command: Any, sick_log: Path
) -> None:
    answer = command("watch", sick_log)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].startswith("sick, step 400 of 400: 1 problem")
    assert lines[1].startswith("step 400: CRITICAL non-finite (GD101): ")
    assert "1 problem, first sign at step 201" in answer.out.split("\n\n", 1)[1]


def test_each_problem_is_told_once(command: Any, sick_log: Path, tmp_path: Path) -> None:
    out = tmp_path / "told"
    tell = f"{sys.executable} -c {SAVE!r} {out} {{message}}"
    assert command("watch", sick_log, "--notify-command", tell).code == 0
    (line,) = out.read_text().splitlines()
    assert line.startswith("gan_doctor: non-finite (critical): ")
    assert str(sick_log) in line


def append(log: Path, first: int, last: int, loss: Any) -> None:
    rows = {"step": [*range(first, last)], "loss/d": [loss] * (last - first)}
    with (log / "scalars.jsonl").open("ab") as file:
        file.write(orjson.dumps(rows) + b"\n")


def said(process: subprocess.Popen[bytes], word: str, seconds: float = 30) -> str:
    """What it has said, up to a word."""
    out, until = b"", time.monotonic() + seconds
    while word.encode() not in out:
        assert time.monotonic() < until, out
        if select.select([process.stdout], [], [], 0.1)[0]:
            piece = os.read(process.stdout.fileno(), 65536)
            assert piece, out
            out += piece
    return out.decode()


def hears_ctrl_c() -> None:
    """In the new process: a shell in the background may have told its children to ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started(log: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*PROGRAM, str(log), "--every", "0.1", *options],
        stdout=subprocess.PIPE, preexec_fn=hears_ctrl_c,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_waits_for_a_log_tells_what_comes_and_ends_cleanly(tmp_path: Path, how: int) -> None:
    log = tmp_path / "later"
    with started(log) as process:
        said(process, "Waiting: Cannot read")
        log.mkdir()
        setup = {"objective": {"family": "non-saturating"}, "total_steps": 400}
        header = {"format": 1, "gan_doctor": "0.1.0", "segment": 0, "setup": setup}
        (log / "run.json").write_bytes(orjson.dumps(header))
        append(log, 1, 100, 1.0)
        said(process, "later, step 99 of 400")
        append(log, 100, 200, "NaN")
        said(process, "step 199: CRITICAL non-finite")
        process.send_signal(how)
        assert "1 problem, first sign at step 100" in said(process, "D loss")
        process.stdout.read()
        assert process.wait(10) == 0


pty = pytest.importorskip("pty")


def in_a_terminal(log: Path, key: bytes | int, wait_for: bytes) -> tuple[bytes, int, list, list]:
    """What it shows in a terminal, its exit code, and the terminal's mode before and after."""
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    before = termios.tcgetattr(theirs)
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment = {k: v for k, v in environment.items() if k not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        [*PROGRAM, str(log), "--every", "0.2"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
        preexec_fn=hears_ctrl_c,
    )  # fmt: skip
    out, pressed, until = b"", False, time.monotonic() + 40
    while process.poll() is None and time.monotonic() < until:
        if select.select([ours], [], [], 0.1)[0]:
            out += os.read(ours, 65536)
        if wait_for in out and not pressed:
            pressed = True
            os.write(ours, key) if isinstance(key, bytes) else process.send_signal(key)
    process.kill()
    while select.select([ours], [], [], 0.1)[0]:
        out += os.read(ours, 65536)
    after = termios.tcgetattr(theirs)
    os.close(ours)
    os.close(theirs)
    return out, process.wait(), before, after


@pytest.mark.parametrize("key", [b"q", signal.SIGINT, signal.SIGTERM])
def test_in_a_terminal_it_is_live_and_leaves_it_as_it_was(sick_log: Path, key: bytes | int) -> None:
    out, code, before, after = in_a_terminal(sick_log, key, b"q quits")
    assert code == 0
    assert after == before
    enter, leave = out.index(b"\x1b[?1049h"), out.index(b"\x1b[?1049l")
    assert enter < out.index(b"non-finite") < leave
    assert b"\x1b[?25h" in out[enter:]  # the cursor is back
    assert b"1 problem, first sign" in out[leave:]  # and what stood there stays


def test_in_a_terminal_a_log_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    out, code, _, _ = in_a_terminal(tmp_path / "nowhere", b"q", b"Waiting for")
    assert code == 0
    assert b"Cannot read" in out


def test_it_loads_nothing_heavy(sick_log: Path) -> None:
    code = (
        "import sys\nfrom gan_doctor.cli import main\n"
        f"try: main(['watch', {str(sick_log)!r}])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'sklearn', 'matplotlib', 'scipy.stats', 'scipy.signal', 'apprise'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")


def test_a_training_tells_what_is_found(command: Any, tmp_path: Path) -> None:
    out = tmp_path / "told"
    tell = f"{sys.executable} -c {SAVE!r} {out} {{message}}"
    settings = ("--data", "ring", "--steps", "60", "--set", "fault=nan-injected")
    command("train", *settings, "--out", "run", "--checkpoint-every", "0", "--notify-command", tell)
    assert "non-finite" in out.read_text()


def test_alerts_go_with_one_watched_training_only(command: Any) -> None:
    for option in ("--treat", "--no-monitor"):
        answer = command("train", option, "--steps", "1", "--notify-command", "true {message}")
        assert answer.code == 2
        assert "--notify" in answer.err
