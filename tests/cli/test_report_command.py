from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gan_doctor.cli import main


def test_a_clear_run_exits_with_0_and_says_what_it_could_not_see(
    command: Any, clear_log: Path
) -> None:
    answer = command("report", clear_log)
    assert answer.code == 0
    assert answer.out.startswith("No problem found; 28 signatures not assessed\n")
    assert answer.err == ""


def test_a_sick_run_exits_with_1_and_names_the_first_bad_step(command: Any, sick_log: Path) -> None:
    answer = command("report", sick_log)
    assert answer.code == 1
    assert answer.out.startswith("1 problem, first sign at step 201;")
    assert "CRITICAL  non-finite (GD101)" in answer.out


def test_json_is_all_that_is_printed(command: Any, sick_log: Path, tmp_path: Path) -> None:
    answer = command("report", sick_log, "--json", "--png", tmp_path / "png")
    report = json.loads(answer.out)
    assert answer.code == 1
    assert [finding["code"] for finding in report["findings"]] == ["GD101"]
    assert "losses.png" in answer.err


def test_pictures_are_drawn_where_one_says(command: Any, sick_log: Path, tmp_path: Path) -> None:
    answer = command("report", sick_log, "--png", tmp_path / "new" / "png")
    assert (tmp_path / "new" / "png" / "losses.png").is_file()
    assert "losses.png" in answer.out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "critical"], 1),
        (["--fail-on", "never"], 0),
        (["--ignore", "GD1"], 0),
        (["--ignore", "gd2,non-finite"], 0),
        (["--select", "GD3", "--select", "GD4"], 0),
        (["--select", "non-finite"], 1),
    ],
)
def test_what_counts_can_be_chosen(
    command: Any, sick_log: Path, options: list[str], code: int
) -> None:
    assert command("report", sick_log, *options).code == code


def test_the_configuration_holds_unless_overruled(
    command: Any, sick_log: Path, tmp_path: Path
) -> None:
    (tmp_path / "gan-doctor.toml").write_text('fail-on = "never"\nselect = ["GD1"]\n')
    assert command("report", sick_log).code == 0
    assert command("report", sick_log, "--fail-on", "warning").code == 1
    verdicts = json.loads(command("report", sick_log, "--json").out)["verdicts"]
    assert {verdict["code"][:3] for verdict in verdicts} == {"GD1"}


def test_a_reader_can_be_chosen(command: Any, clear_log: Path) -> None:
    assert command("report", clear_log, "--format", "run-log").code == 0
    assert command("report", clear_log, "--format", "no-such").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no such file or directory"),
        (["."], "no reader recognises it"),
        (["LOG", "--fail-on", "fatal"], "Known: critical, info, never, warning"),
        (["LOG", "--select", "mode-colapse"], "Did you mean 'mode-collapse'?"),
        (["LOG", "--ignore", "GD9"], "No detector is called 'GD9'"),
        (["LOG", "--format", "run-logs"], "Did you mean 'run-log'?"),
        (["LOG", "--png", "file"], "file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    command: Any, clear_log: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "file").touch()  # no directory for pictures
    answer = command("report", *[str(clear_log) if a == "LOG" else a for a in arguments])
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.startswith("gan-doctor: ")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("scalars", [b"", b'{"step":[1,2],"loss/d":[1.0,', b"\x00\xff garbage\n"])
def test_an_empty_or_torn_log_is_bad_input(command: Any, clear_log: Path, scalars: bytes) -> None:
    (clear_log / "scalars.jsonl").write_bytes(scalars)
    answer = command("report", clear_log)
    assert answer.code == 2
    assert str(clear_log) in answer.err


def test_a_broken_configuration_is_bad_input(command: Any, clear_log: Path, tmp_path: Path) -> None:
    (tmp_path / "gan-doctor.toml").write_text("fail_on = 1\n")
    answer = command("report", clear_log)
    assert answer.code == 2
    assert "gan-doctor.toml" in answer.err
    assert "fail-on" in answer.err


def test_hostile_names_stay_letters_on_both_streams(command: Any, tmp_path: Path) -> None:
    name = "\x1b[2J[red]"
    (tmp_path / name).mkdir()
    answer = command("report", name)
    assert r"\x1b[2J[red]" in answer.err
    assert "\x1b" not in answer.err


def test_a_fault_of_ours_is_told_from_a_finding(
    command: Any, clear_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("oh no")

    monkeypatch.setattr("gan_doctor.readers.read", fault)
    answer = command("report", clear_log)
    assert answer.code == 3
    assert "ZeroDivisionError: oh no" in answer.err
    assert "please report it" in answer.err


def test_any_encoding_can_take_the_report(clear_log: Path, tmp_path: Path) -> None:
    named = clear_log.rename(tmp_path / "模式")
    done = subprocess.run(
        [sys.executable, "-m", "gan_doctor", "report", str(named)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert rb"\u6a21\u5f0f" in done.stdout


def test_the_path_to_a_text_report_imports_nothing_slow(clear_log: Path) -> None:
    code = (
        "import sys\nfrom gan_doctor.cli import main\n"
        f"try: main(['report', {str(clear_log)!r}])\nexcept SystemExit: pass\n"
        "slow = {'torch', 'sklearn', 'matplotlib', 'scipy.stats', 'scipy.signal'}\n"
        "print('slow:', sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("slow: []\n")


def test_main_reads_the_arguments_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gan-doctor", "--version"])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith("gan-doctor ")
