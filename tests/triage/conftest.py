from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import orjson
import pytest

MakeRun = Callable[..., Path]


def header(setup: dict[str, Any]) -> bytes:
    """A run.json of ours."""
    return orjson.dumps({"format": 1, "gan_doctor": "0.1.0", "segment": 0, "setup": setup})


def lines(first: int, last: int, **values: Any) -> bytes:
    """One flush: the same value at every step."""
    steps = [*range(first, last + 1)]
    columns = {name.replace("__", "/"): [value] * len(steps) for name, value in values.items()}
    return orjson.dumps({"step": steps, **columns}) + b"\n"


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a run log: 400 steps of plain losses, or NaN from a step on."""

    def make(name: str, broken_at: int | None = None, steps: int = 400, **setup: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        setup = {"objective": {"family": "non-saturating", "reduction": "sum"}, **setup}
        (folder / "run.json").write_bytes(header({"total_steps": 400, **setup}))
        good = steps if broken_at is None else broken_at - 1
        text = lines(1, good, loss__d=1.3, loss__g=0.7)
        if broken_at is not None:
            text += lines(broken_at, steps, loss__d="NaN", loss__g="NaN")
        (folder / "scalars.jsonl").write_bytes(text)
        return folder

    return make


@pytest.fixture
def memory() -> Iterator[Any]:
    """fsspec's file system in memory, emptied afterwards."""
    files = fsspec.filesystem("memory")
    yield files
    if files.exists("/sweep"):
        files.rm("/sweep", recursive=True)
