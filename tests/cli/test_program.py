from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest

import gan_doctor

COMMANDS = ["report", "watch", "compare", "triage", "train", "demo", "list", "explain"]


def test_without_a_command_it_shows_all_of_them(command: Any) -> None:
    said = command("--help").out
    for name in COMMANDS:
        assert f" {name} " in said


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_shows_examples(command: Any, name: str) -> None:
    answer = command(name, "--help")
    assert answer.code == 0
    assert f"gan-doctor {name} " in answer.out


def test_version(command: Any) -> None:
    assert command("--version").out == f"gan-doctor {gan_doctor.__version__}\n"


def test_a_wrong_command_or_option_exits_with_2(command: Any) -> None:
    assert command("reprot").code == 2
    assert command("report", "--fialon").code == 2


def test_help_is_quick_and_needs_neither_torch_nor_numpy() -> None:
    code = (
        "import sys\nfrom gan_doctor.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print('slow:', sorted({'torch', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    fastest = float("inf")
    for _ in range(3):  # the machine may be busy
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        fastest = min(fastest, time.perf_counter() - start)
    assert done.stdout.endswith("slow: []\n")
    assert fastest < 1.0  # 0.2 s on an idle machine


def test_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gan_doctor", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"gan-doctor {gan_doctor.__version__}\n"


def test_shells_complete_the_commands() -> None:
    # Typer would look for a shell among the parents, where a CI job may have none.
    done = subprocess.run(
        [sys.executable, "-m", "gan_doctor", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert "complete" in done.stdout
