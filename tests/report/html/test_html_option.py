from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gan_doctor.cli import main

LOG = "step,loss_d,loss_g\n" + "".join(f"{n},{1.3 + n % 3 / 9},{0.8}\n" for n in range(1, 300))


def report(*options: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["report", "log.csv", *options])
    return int(exit_.value.code or 0)


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text(LOG)


def test_the_page_is_written_where_one_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert report("--html", "page.html", "--fail-on", "never") == 0
    assert Path("page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "Page: page.html" in capsys.readouterr().out


def test_beside_json_nothing_else_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    report("--json", "--html", "page.html")
    said = capsys.readouterr()
    assert json.loads(said.out)["format"] == "gan-doctor report"
    assert "page.html" in said.err


def test_a_page_that_cannot_be_written_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["report", "log.csv", "--html", "no/such/folder.html"])
    assert exit_.value.code == 2
    assert "no/such/folder.html" in capsys.readouterr().err


def test_the_page_needs_no_torch() -> None:
    code = "import gan_doctor.report.html, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
