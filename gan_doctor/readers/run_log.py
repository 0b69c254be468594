"""Our own run log."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import orjson

from gan_doctor.core import (
    Band,
    Event,
    FloatArray,
    Key,
    ReadError,
    Run,
    Samples,
    Segment,
    Series,
    Setup,
    Source,
    from_json,
)
from gan_doctor.readers._base import Cursor, Reader

__all__ = ["RunLogReader"]

FORMAT = 1

_SAMPLES = re.compile(r"samples/(?P<kind>fake|real)-(?P<step>\d+)\.npy")


class RunLogReader(Reader):
    """The directory that `gan_doctor.Monitor` writes.

    What it reads:
        `run.json` and `run.<k>.json` (one for each segment), `scalars.jsonl`, `events.jsonl` and the
        folder `samples`. Lines that are torn or broken are left out and counted in the notes. It can
        be read while it is written.
    """

    title = "gan_doctor run log"
    files = "a directory with our run.json"

    def score(self, source: Source) -> float:
        """1 where there is a run.json of ours."""
        if not source.is_dir() or "run.json" not in source.files("run.json"):
            return 0.0
        with source.open("run.json") as file:
            return 1.0 if b'"gan_doctor"' in file.read(4096) else 0.0

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, or what has come since."""
        log: _Log = since.state if since else _Log()
        headers = [_header(source, name) for name in sorted(source.files("run*.json"), key=_number)]
        log.feed(source, "events.jsonl", log.take_event)
        log.feed(source, "scalars.jsonl", log.take_scalars)
        if not log.columns:
            raise ReadError(
                source.name, "the run has recorded no values yet: wait for its first flush"
            )
        return log.run(source, headers), Cursor(log)


class _Log:
    """What has been read so far, each piece with the segment that it belongs to."""

    def __init__(self) -> None:
        self.columns: dict[str, list[tuple[int, FloatArray, FloatArray]]] = defaultdict(list)
        self.events: list[tuple[int, Event]] = []
        self.bands: list[tuple[int, Band]] = []
        self.facts: dict[str, Any] = {}
        self.notes: dict[str, None] = {}
        self._offsets: dict[str, int] = defaultdict(int)

    def feed(self, source: Source, name: str, take: Callable[[int, dict[str, Any]], None]) -> None:
        """Gives the records of the whole lines that have come since to `take`."""
        broken = 0
        for line in self._lines(source, name):
            try:
                record = orjson.loads(line)
                take(record.pop("segment", 0), record)
            except (
                Exception
            ):  # whatever a foreign hand wrote: orjson's, cattrs' or NumPy's word for it
                broken += 1
        if broken:
            self.notes[f"{name}: {broken} broken lines were left out"] = None

    def _lines(self, source: Source, name: str) -> Iterator[bytes]:
        if name not in source.files(name):
            return
        with source.open(name) as file:
            file.seek(self._offsets[name])
            for line in file:
                if not line.endswith(b"\n"):
                    self.notes[f"{name} ends within a line: that line was left out"] = None
                    return
                self._offsets[name] += len(line)
                if line.strip():
                    yield line

    def take_event(self, segment: int, record: dict[str, Any]) -> None:
        """An event. Facts of the setup and null bands come this way too."""
        event = from_json(Event, record)
        if event.kind == "bands":
            self.bands += [(segment, from_json(Band, band)) for band in record["detail"]["bands"]]
            return
        if event.kind in ("setup", "declare"):
            self.facts |= record["detail"]
        if event.kind != "setup":
            self.events.append((segment, event))

    def take_scalars(self, segment: int, record: dict[str, Any]) -> None:
        """One line of columns; "NaN" and "Infinity" become numbers."""
        steps = np.array(record.pop("step"), dtype=np.float64)
        columns = {name: np.array(values, dtype=np.float64) for name, values in record.items()}
        if any(column.shape != steps.shape for column in columns.values()):
            raise ValueError("columns of unequal length")
        for name, column in columns.items():
            self.columns[name].append((segment, steps, column))

    def run(self, source: Source, headers: list[Mapping[str, Any]]) -> Run:
        """The run that the pieces make."""
        samples = _samples(source)
        segments = []
        for k, header in enumerate(headers):
            rows = {
                name: sum(len(steps) for segment, steps, _ in pieces if segment < k)
                for name, pieces in self.columns.items()
            }
            rows["events"] = sum(segment < k for segment, _ in self.events)
            rows["bands"] = sum(segment < k for segment, _ in self.bands)
            first = min(
                (s[0] for pieces in self.columns.values() for i, s, _ in pieces if i == k),
                default=0.0,
            )
            # Sample files carry no segment; a resumed run goes on from where the older ones end.
            rows["samples"] = sum(s.step < first for s in samples) if k else 0
            started = str(header.get("started", ""))
            segments.append(Segment(float(first) if k else 0.0, rows, started))
        return Run(
            name=source.name.rstrip("/").rpartition("/")[2] or source.name,
            clock=headers[0].get("clock", "generator_step"),
            series=tuple(
                Series(
                    Key.parse(name),
                    np.concatenate([steps for _, steps, _ in pieces]),
                    np.concatenate([values for _, _, values in pieces]),
                )
                for name, pieces in self.columns.items()
            ),
            bands=tuple(band for _, band in self.bands),
            samples=samples,
            setup=from_json(Setup, {**headers[-1].get("setup", {}), **self.facts}),
            events=tuple(event for _, event in self.events),
            segments=tuple(segments),
            source=source.name,
            notes=tuple(self.notes),
        )


def _number(name: str) -> int:
    """run.json is segment 0, run.<k>.json is segment k."""
    middle = name.removeprefix("run").removesuffix(".json").strip(".")
    return int(middle) if middle.isdigit() else 0


def _header(source: Source, name: str) -> Mapping[str, Any]:
    with source.open(name) as file:
        try:
            header = orjson.loads(file.read())
        except orjson.JSONDecodeError as error:
            raise ReadError(f"{source.name}/{name}", f"it is not JSON: {error}") from error
    version = header.get("format") if isinstance(header, dict) else None
    if not isinstance(version, int):
        raise ReadError(f"{source.name}/{name}", "it is not a gan_doctor run: no format version")
    if version > FORMAT:
        raise ReadError(
            f"{source.name}/{name}",
            f"format {version} is newer than this gan_doctor knows ({FORMAT}): upgrade gan-doctor",
        )
    return header


def _samples(source: Source) -> tuple[Samples, ...]:
    found = []
    for path in source.files("samples/*.npy"):
        match = _SAMPLES.fullmatch(path)
        if match:
            kind, step = match["kind"], float(match["step"])
            found.append(Samples(step, kind, path, open=partial(_load, source)))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda samples: samples.step))


def _load(source: Source, path: str) -> np.ndarray[Any, Any]:
    with source.open(path) as file:
        try:
            return np.load(file, allow_pickle=False)  # type: ignore[no-any-return]
        except (ValueError, EOFError) as error:
            raise ReadError(f"{source.name}/{path}", f"it holds no samples: {error}") from error
