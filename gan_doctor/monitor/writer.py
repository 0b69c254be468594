"""The run log on disk: a directory of append-only files, readable while it is written."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import orjson

import gan_doctor
from gan_doctor.core import Event, Finding, RunExistsError, Setup, to_json
from gan_doctor.core.json_form import number_to_json
from gan_doctor.monitor.window import Columns

FORMAT = 1
MAX_SAMPLE_FILES = 64
MAX_SAMPLE_BYTES = 1_000_000  # of one file; 64 of them bound the folder

_OURS = ("run*.json", "scalars*.jsonl", "events.jsonl", "findings.jsonl", "samples/*.npy")


class RunLog:
    """Writes one segment of a run log.

    Every line is written whole and handed to the operating system at once, so a killed process loses
    at most the flush it was in. What is thinned is only the folder of samples.

    Args:
        directory: Made where it does not exist.
        setup: What is known at the start.
        exists: What to do where the directory already holds a run.

    Raises:
        RunExistsError: It holds a run and `exists` is "error".
    """

    def __init__(
        self, directory: Path, setup: Setup, exists: Literal["error", "resume", "overwrite"]
    ) -> None:
        self.directory = directory
        runs = sorted(directory.glob("run*.json")) if directory.is_dir() else []
        if runs and exists == "error":
            raise RunExistsError(
                f"{directory} already holds a run. Choose another directory, or pass "
                f"exists='resume' to go on with it or exists='overwrite' to delete it."
            )
        if runs and exists == "overwrite":
            _delete(directory)
            runs = []
        self.segment = len(runs)
        (directory / "samples").mkdir(parents=True, exist_ok=True)
        name = f"run.{self.segment}.json" if self.segment else "run.json"
        header = {
            "format": FORMAT,
            "gan_doctor": gan_doctor.__version__,
            "segment": self.segment,
            "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "clock": "generator_step",
            "setup": to_json(setup),
        }
        (directory / name).write_bytes(orjson.dumps(header, option=orjson.OPT_INDENT_2))
        self._files: dict[str, IO[bytes]] = {}

    def scalars(self, groups: Sequence[Columns]) -> None:
        """Appends the rows of a flush, one line for each group."""
        for group in groups:
            columns = {name: _column(values) for name, values in group.values.items()}
            self._append("scalars.jsonl", {"step": group.steps, **columns})

    def event(self, event: Event) -> None:
        """Appends an event."""
        self._append("events.jsonl", to_json(event))

    def finding(self, finding: Finding) -> None:
        """Appends a finding as it was raised."""
        self._append("findings.jsonl", to_json(finding))

    def samples(
        self, kind: Literal["fake", "real"], step: int, samples: np.ndarray[Any, Any]
    ) -> None:
        """Keeps a batch; of reals only the latest, of fakes a bounded number over the whole run.

        Args:
            kind: `fake` or `real`.
            step: When.
            samples: (N, ...) uint8 images or float rows; cut to `MAX_SAMPLE_BYTES`.
        """
        folder = self.directory / "samples"
        if kind == "real":
            for old in folder.glob("real-*.npy"):
                old.unlink()
        rows = max(1, MAX_SAMPLE_BYTES // max(samples[:1].nbytes, 1))
        # A name of its own first: a reader must never meet half a file.
        draft = folder / f".{kind}.draft"
        with draft.open("wb") as file:
            np.save(file, samples[:rows], allow_pickle=False)
        os.replace(draft, folder / f"{kind}-{step:09d}.npy")
        self._thin(sorted(folder.glob("fake-*.npy")))

    def close(self) -> None:
        """Closes the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _thin(self, files: list[Path]) -> None:
        if len(files) > MAX_SAMPLE_FILES:
            # Every second one goes, never the first and never the latest.
            for file in files[1:-1:2]:
                file.unlink()

    def _append(self, name: str, record: Mapping[str, Any]) -> None:
        if name not in self._files:
            self._files[name] = _open_for_append(self.directory / name)
        head = {"segment": self.segment} if self.segment else {}
        self._files[name].write(orjson.dumps({**head, **record}) + b"\n")
        self._files[name].flush()


def _open_for_append(path: Path) -> IO[bytes]:
    file = path.open("ab")
    if path.stat().st_size:
        with path.open("rb") as tail:
            tail.seek(-1, os.SEEK_END)
            torn = tail.read(1) != b"\n"
        if torn:  # the process before was killed within a line
            file.write(b"\n")
    return file


def _column(values: Sequence[float] | np.ndarray[Any, Any]) -> list[Any]:
    """At most 7 digits: a float32 holds no more."""
    return [
        number_to_json(float(f"{v:.7g}")) if math.isfinite(v) else number_to_json(v) for v in values
    ]


def _delete(directory: Path) -> None:
    for pattern in _OURS:
        for file in directory.glob(pattern):
            file.unlink()
