from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from gan_doctor.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """Runs the command line in an empty directory of 80 columns and gives its answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(int(exit_.value.code or 0), said.out, said.err)

    return run


def write_log(folder: Path, columns: dict[str, list[Any]]) -> Path:
    """A run log of one flush."""
    folder.mkdir(parents=True)
    setup = {"objective": {"family": "non-saturating", "reduction": "sum"}, "total_steps": 400}
    header = {"format": 1, "gan_doctor": "0.1.0", "segment": 0, "setup": setup}
    (folder / "run.json").write_bytes(orjson.dumps(header))
    (folder / "scalars.jsonl").write_bytes(orjson.dumps(columns) + b"\n")
    return folder


@pytest.fixture
def sick_log(tmp_path: Path) -> Path:
    """D's loss is NaN from step 201 on: a critical finding, and nothing else is known."""
    loss = [1.0] * 200 + ["NaN"] * 200
    return write_log(tmp_path / "sick", {"step": [*range(1, 401)], "loss/d": loss})


@pytest.fixture
def clear_log(tmp_path: Path) -> Path:
    """Plain losses."""
    return write_log(
        tmp_path / "clear",
        {"step": [*range(1, 401)], "loss/d": [1.0] * 400, "loss/g": [1.0] * 400},
    )
