"""The run log on disk: a directory of append-only files, readable while it is written."""

from __future__ import annotations

import datetime
import errno
import os
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote

import numpy as np
import orjson

import gan_doctor
from gan_doctor.core import ConfigError, Event, Finding, RunExistsError, Setup, dumps, to_json
from gan_doctor.monitor.window import Columns
from gan_doctor.readers.run_log import FORMAT, HEADER, SAMPLES, SCALARS

MAX_SAMPLE_FILES = 64
MAX_SAMPLE_BYTES = 1_000_000  # of one file; 64 of them bound the folder

_Exists = Literal["error", "resume", "overwrite"]

_DRAFT = ".draft"  # a file gets its name when it is whole: a reader must never meet half of one


class RunLog:
    """Writes one segment of a run log.

    Every line is handed to the operating system at once and whole, so a killed process loses at
    most the flush it was in. What is thinned is only the folder of samples.

    Under distributed training rank 0 writes the log as if it were alone. Every other rank appends
    its scalars to a file of its own; events, findings and samples that it is given are dropped. It
    deletes nothing and waits for nobody: which segment rank 0 has begun it looks up when it writes
    its first line, since by then all ranks have trained a step together.

    Args:
        directory: Rank 0 makes it where it does not exist.
        setup: What is known at the start.
        exists: What rank 0 does where the directory already holds a run.
        rank: Of this process.

    Raises:
        RunExistsError: It holds a run and `exists` is "error".
        ConfigError: It cannot be written to.
    """

    def __init__(self, directory: Path, setup: Setup, exists: _Exists, rank: int = 0) -> None:
        self.directory, self.rank = directory, rank
        self.segment: int | None = None  # not known yet
        self._files: dict[str, FileIO] = {}
        if rank == 0:
            self._begin(setup, exists)

    def _begin(self, setup: Setup, exists: _Exists) -> None:
        directory = self.directory
        if holds_run(directory) and exists == "error":
            raise RunExistsError(
                f"{directory} already holds a run. Choose another directory, or pass "
                f"exists='resume' to go on with it or exists='overwrite' to delete it."
            )
        try:
            if exists == "overwrite":
                for file in _ours(directory):
                    file.unlink()
            self.segment = max(_segments(directory), default=-1) + 1
            (directory / "samples").mkdir(parents=True, exist_ok=True)
            self._write_header(setup)
            # Opened before another run can take this one's place: what is left to write when this
            # one is let go of must not get into the log of the other.
            self._files["scalars.jsonl"] = _open_for_append(directory / "scalars.jsonl")
        except OSError as error:
            raise ConfigError(
                f"directory {str(directory)!r} cannot be written to: {error.strerror}. "
                "Choose another one"
            ) from error

    def scalars(self, groups: Sequence[Columns]) -> None:
        """Appends the rows of a flush, one line for each group.

        Raises:
            OSError: They could not be written; what comes later can be, if there is room again.
        """
        name = f"scalars.rank{self.rank}.jsonl" if self.rank else "scalars.jsonl"
        for group in groups:
            columns = {key: _column(values) for key, values in group.values.items()}
            self._append(name, {"step": group.steps, **columns})

    def event(self, event: Event) -> None:
        """Appends an event."""
        if self.rank == 0:
            self._append("events.jsonl", to_json(event))

    def finding(self, finding: Finding) -> None:
        """Appends a finding as it was raised."""
        if self.rank == 0:
            self._append("findings.jsonl", to_json(finding))

    def samples(
        self,
        kind: Literal["fake", "real"],
        step: int,
        samples: np.ndarray[Any, Any],
        player: str = "",
    ) -> None:
        """Keeps a batch; of reals only the latest, of fakes a bounded number over the whole run.

        Args:
            kind: `fake` or `real`.
            step: When.
            samples: (N, ...) uint8 images or float rows; cut to `MAX_SAMPLE_BYTES`.
            player: Whose, where there are several.
        """
        if self.rank:
            return
        folder = self.directory / "samples"
        rows = max(1, MAX_SAMPLE_BYTES // max(samples[:1].nbytes, 1))
        with (folder / _DRAFT).open("wb") as file:
            np.save(file, samples[:rows], allow_pickle=False)
        whose = "@" + quote(player, safe="").replace(".", "%2E") if player else ""
        latest = folder / f"{kind}-{step:09d}{whose}{self._suffix}.npy"
        os.replace(folder / _DRAFT, latest)
        kept = [path for path in _kept(folder, kind) if _whose(path) == player]
        if kind == "real":
            superseded = [path for path in kept if path != latest]
        else:
            superseded = [_least_missed(kept)] if len(kept) > MAX_SAMPLE_FILES else []
        for path in superseded:
            path.unlink()

    def close(self) -> None:
        """Closes the files."""
        while self._files:
            self._files.popitem()[1].close()

    @property
    def _suffix(self) -> str:
        return f".{self.segment}" if self.segment else ""

    def _write_header(self, setup: Setup) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        header = {
            "format": FORMAT,
            "gan_doctor": gan_doctor.__version__,
            "segment": self.segment,
            "started": now.isoformat(timespec="milliseconds"),
            "clock": "generator_step",
            "setup": setup,
        }
        (self.directory / _DRAFT).write_bytes(dumps(header, indent=True))
        os.replace(self.directory / _DRAFT, self.directory / f"run{self._suffix}.json")

    def _append(self, name: str, record: Mapping[str, Any]) -> None:
        if self.segment is None:
            self.segment = _latest_segment(self.directory)
        head = {"segment": self.segment} if self.segment else {}
        line = orjson.dumps({**head, **record}, option=orjson.OPT_APPEND_NEWLINE)
        if name not in self._files:
            self._files[name] = _open_for_append(self.directory / name)
        try:
            if self._files[name].write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            # Opened anew for the next line, it gets an end to what was written of this one.
            self._files.pop(name).close()
            raise


def holds_run(directory: Path) -> bool:
    """Whether there are files of a run log in it."""
    return any(file.name != _DRAFT for file in _ours(directory))


def _latest_segment(directory: Path) -> int:
    begun = _segments(directory)
    if not begun:
        raise FileNotFoundError(
            errno.ENOENT, "rank 0 has begun no run log in this directory", str(directory)
        )
    return max(begun)


def _segments(directory: Path) -> list[int]:
    """Those that have a header."""
    headers = (HEADER.fullmatch(file.name) for file in directory.glob("run*.json"))
    return [int(header["segment"] or 0) for header in headers if header]


def _ours(directory: Path) -> list[Path]:
    """The files of a run log: those, and nobody else's."""
    named = ("events.jsonl", "findings.jsonl", _DRAFT)
    found = [
        file
        for file in directory.glob("*")
        if file.name in named or HEADER.fullmatch(file.name) or SCALARS.fullmatch(file.name)
    ]
    samples = directory / "samples"
    return [*found, *samples.glob(_DRAFT), *_kept(samples, "real"), *_kept(samples, "fake")]


def _kept(folder: Path, kind: str) -> list[Path]:
    """The kept batches, in the order in which they were kept."""
    ours = (path for path in folder.glob(f"{kind}-*.npy") if SAMPLES.fullmatch(path.name))
    return sorted(ours, key=_when)


def _when(path: Path) -> tuple[int, int]:
    """Segment and step of a kept batch."""
    match = SAMPLES.fullmatch(path.name)
    assert match is not None
    return int(match["segment"] or 0), int(match["step"])


def _whose(path: Path) -> str:
    """The player of a kept batch."""
    match = SAMPLES.fullmatch(path.name)
    assert match is not None
    return unquote(match["player"] or "")


def _least_missed(kept: Sequence[Path]) -> Path:
    """The batch whose neighbours in time lie closest together, neither the first nor the last."""
    steps = [_when(path)[1] for path in kept]
    return kept[min(range(1, len(kept) - 1), key=lambda i: steps[i + 1] - steps[i - 1])]


def _open_for_append(path: Path) -> FileIO:
    file = path.open("ab", buffering=0)
    try:
        if _ends_within_a_line(path):  # the process was killed, or the disk full
            file.write(b"\n")
    except OSError:
        file.close()
        raise
    return file


def _ends_within_a_line(path: Path) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as tail:
        tail.seek(-1, os.SEEK_END)
        return tail.read(1) != b"\n"


def _column(values: Sequence[float] | np.ndarray[Any, Any]) -> orjson.Fragment:
    """At most 7 digits: a float32 holds no more."""
    text = ",".join(["%.7g"] * len(values)) % tuple(values)
    text = text.replace("nan", '"NaN"').replace("-inf", '"-Infinity"').replace("inf", '"Infinity"')
    return orjson.Fragment(f"[{text}]")
