from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def sweep(sick_log: Path, clear_log: Path, tmp_path: Path) -> Path:
    """A folder with one sick and one clear run, and nothing else."""
    folder = tmp_path / "runs"
    (folder / "lr 1").mkdir(parents=True)
    sick_log.rename(folder / "lr 1" / "sick")
    clear_log.rename(folder / "clear")
    return folder


def test_a_sweep_with_a_sick_run_exits_with_1_and_shows_it_first(command: Any, sweep: Path) -> None:
    answer = command("triage", sweep, "--workers", "1")
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert lines[0] == "2 runs: 1 to stop, 1 fine"
    assert lines[3].split() == [
        "stop", "50%", "non-finite", "201", "400", "400", "finished", "lr", "1/sick",
    ]  # fmt: skip
    assert answer.err == "1 of 2: clear\n2 of 2: lr 1/sick\n"


def test_where_prints_paths_and_nothing_else(command: Any, sweep: Path) -> None:
    answer = command("triage", sweep, "--workers", "1", "--where", "outlook==stop")
    assert answer.out == f"{sweep}/lr 1/sick\n"
    assert answer.code == 1
    answer = command("triage", sweep, "--workers", "1", "--where", "wasted > .9")
    assert answer.out == ""
    assert answer.code == 0


def test_a_name_of_two_lines_is_no_two_paths(command: Any, sweep: Path) -> None:
    (sweep / "lr 1" / "sick").rename(sweep / "x\n..")
    answer = command("triage", sweep, "--workers", "1", "--where", "outlook==stop")
    assert answer.out == ""
    assert "is left out: it is not one line" in answer.err


def test_a_choice_that_cannot_be_read_reads_no_run(command: Any, sweep: Path) -> None:
    answer = command("triage", sweep, "--where", "outlok==stop")
    assert answer.code == 2
    assert answer.err.startswith("gan-doctor: --where 'outlok==stop': No field is called 'outlok'")
    assert answer.err.count("\n") == 1


def test_json_and_csv_are_all_that_is_printed(command: Any, sweep: Path) -> None:
    content = json.loads(command("triage", sweep, "--workers", "1", "--json").out)
    assert [run["name"] for run in content["runs"]] == ["lr 1/sick", "clear"]
    table = command("triage", sweep, "--workers", "1", "--csv", "--where", "outlook==fine").out
    assert [row["name"] for row in csv.DictReader(io.StringIO(table))] == ["clear"]
    assert command("triage", sweep, "--json", "--csv").code == 2


def test_a_page_is_written_beside_what_is_printed(
    command: Any, sweep: Path, tmp_path: Path
) -> None:
    answer = command("triage", sweep, "--workers", "1", "--html", tmp_path / "sweep.html")
    assert answer.out.startswith("2 runs")
    assert "lr 1/sick" in (tmp_path / "sweep.html").read_text()
    assert command("triage", sweep, "--workers", "1", "--html", tmp_path).code == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "never"], 0),
        (["--fail-on", "critical"], 1),
        (["--ignore", "GD101"], 0),
        (["--select", "GD3"], 0),
        (["--where", "outlook==fine"], 0),
    ],
)
def test_what_counts_can_be_chosen(
    command: Any, sweep: Path, options: list[str], code: int
) -> None:
    assert command("triage", sweep, "--workers", "1", *options).code == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no such file or directory"),
        (["empty"], "no reader recognises anything below it"),
        (["RUNS", "--fail-on", "fatal"], "Known: critical, info, never, warning"),
        (["RUNS", "--cache", "file/cache"], "cannot be made"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    command: Any, sweep: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    answer = command("triage", *[str(sweep) if a == "RUNS" else a for a in arguments])
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_a_cache_makes_the_next_triage_read_nothing(command: Any, sweep: Path) -> None:
    first = command("triage", sweep, "--workers", "1", "--cache", "kept")
    second = command("triage", sweep, "--workers", "1", "--cache", "kept")
    assert second.out == first.out
    assert second.err == ""


def test_watching_looks_again_until_it_is_stopped(
    command: Any, sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            raise KeyboardInterrupt
        (sweep / "clear").rename(sweep / "moved")

    monkeypatch.setattr("gan_doctor.cli.triage.time.sleep", sleep)
    answer = command("triage", sweep, "--workers", "1", "--watch", "7", "--csv")
    assert waited == [7, 7]
    assert answer.code == 1
    assert answer.out.count("outlook,state") == 2
    assert answer.out.count("/clear,") == answer.out.count("/moved,") == 1


def test_progress_of_many_runs_is_told_now_and_then(command: Any, sweep: Path) -> None:
    for n in range(58):
        (sweep / f"b{n}").mkdir()
        (sweep / f"b{n}" / "run.json").write_bytes(b'{"gan_doctor": 1}')
    told = command("triage", sweep, "--workers", "1").err.splitlines()
    assert len(told) == 15
    assert told[-1].startswith("60 of 60")


def test_neither_the_help_nor_a_triage_imports_anything_slow(sweep: Path) -> None:
    code = (
        "import sys\nfrom gan_doctor.cli import main\n"
        "def slow(names):\n"
        "    print('slow:', sorted(set(names) & set(sys.modules)), file=sys.stderr)\n"
        "try: main(['triage', '--help'])\nexcept SystemExit: pass\n"
        "slow(['torch', 'numpy', 'scipy', 'joblib', 'fsspec', 'gan_doctor.triage'])\n"
        f"try: main(['triage', {str(sweep)!r}, '--workers', '1'])\nexcept SystemExit: pass\n"
        "slow(['torch', 'sklearn', 'matplotlib', 'scipy.stats', 'scipy.signal', 'dask'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("slow: []\n") == 2


def test_the_help_shows_examples_and_the_fields_of_where(command: Any) -> None:
    from gan_doctor.triage import FIELDS

    said = command("triage", "--help").out
    assert "gan-doctor triage runs --html sweep.html" in said
    assert all(field in said for field in FIELDS)
