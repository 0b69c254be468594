"""Our own run log."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, cast
from urllib.parse import unquote

import numpy as np
import orjson

from gan_doctor.core import (
    Band,
    Event,
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
from gan_doctor.readers._scalars import Column, Scalars, mean_over_ranks

__all__ = ["RunLogReader"]

FORMAT = 1

# What the files of the first segment and of rank 0 are called, and those of a later one.
HEADER = re.compile(r"run(\.(?P<segment>[1-9]\d*))?\.json")
SAMPLES = re.compile(
    r"(?P<kind>fake|real)-(?P<step>\d+)(@(?P<player>[^.]+))?(\.(?P<segment>[1-9]\d*))?\.npy"
)
SCALARS = re.compile(r"scalars(\.rank(?P<rank>[1-9]\d*))?\.jsonl")


class RunLogReader(Reader):
    """The directory that `gan_doctor.Monitor` writes.

    What it reads:
        `run.json` and `run.<k>.json` (one for each segment), `scalars.jsonl`, `events.jsonl` and
        the folder `samples`. Lines that are torn or broken are left out and counted in the notes.
        It can be read while it is written.

        Under distributed training there is also a `scalars.rank<k>.jsonl` from each rank k > 0. At
        each step a series is the mean over the ranks that recorded it, each counting alike; NaN on
        one rank is NaN in the mean. A rank that lags behind takes no step from the others: the
        last steps may be means over fewer ranks and change when it has caught up.
    """

    title = "gan_doctor run log"
    files = "a directory with our run.json"

    def score(self, source: Source) -> float:
        """1 where there is a run.json of ours, a little where it may be a damaged one."""
        if not source.is_dir() or "run.json" not in source.files("run.json"):
            return 0.0
        with source.open("run.json") as file:
            return 1.0 if b'"gan_doctor"' in file.read(4096) else 0.1

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        headers = _headers(source)
        log: _Log = since.state if since else _Log()
        if log.headers and log.headers[0] != headers[0]:  # another run has taken its place
            log = _Log()
        log.headers = headers
        log.feed(source, "events.jsonl", log.take_event)
        for rank, name in _ranks(source).items():
            log.feed(source, name, log.ranks[rank].take)
        return log.run(source), Cursor(log)


_Scalars = Mapping[str, Mapping[int, Column]]  # by series and segment


class _Log:
    """What has been read so far, each piece with the segment that it belongs to."""

    def __init__(self) -> None:
        self.headers: dict[int, Mapping[str, Any]] = {}
        self.ranks: dict[int, Scalars] = defaultdict(Scalars)
        self._events: list[tuple[int, Event]] = []
        self._bands: list[tuple[int, Band]] = []
        self._facts: dict[str, Any] = {}
        self._offsets: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self._torn: set[str] = set()

    def feed(self, source: Source, name: str, take: Callable[[int, dict[str, Any]], None]) -> None:
        """Gives the records of the whole lines that have come since to `take`."""
        for line in self._lines(source, name):
            # Whatever a foreign hand wrote, in the words of orjson, cattrs or NumPy.
            try:
                record = orjson.loads(line)
                take(int(record.pop("segment", 0)), record)
            except Exception:
                self._broken[name] += 1

    def _lines(self, source: Source, name: str) -> Iterator[bytes]:
        self._torn.discard(name)
        if name not in source.files(name):
            return
        with source.open(name) as file:
            file.seek(self._offsets[name])
            for line in file:
                if not line.endswith(b"\n"):
                    self._torn.add(name)
                    return
                self._offsets[name] += len(line)
                if line.strip():
                    yield line

    def take_event(self, segment: int, record: dict[str, Any]) -> None:
        """An event. Facts of the setup and null bands come this way too."""
        event = from_json(Event, record)
        if event.kind == "bands":
            bands = [from_json(Band, band) for band in record["detail"]["bands"]]
            self._bands += [(segment, band) for band in bands]
            return
        if event.kind in ("setup", "declare"):
            from_json(Setup, record["detail"])
            self._facts |= record["detail"]
        if event.kind != "setup":
            self._events.append((segment, event))

    def run(self, source: Source) -> Run:
        """The run that the pieces make."""
        scalars = mean_over_ranks([self.ranks[rank] for rank in sorted(self.ranks)])
        samples = _samples(source)
        name = source.name.rstrip("/")
        last = self.headers[max(self.headers)]
        return Run(
            name=name.rpartition("/")[2] or name,
            clock=self.headers[0].get("clock", "generator_step"),
            series=tuple(_series(text, [*columns.values()]) for text, columns in scalars.items()),
            bands=tuple(band for _, band in self._bands),
            samples=tuple(batch for _, batch in samples),
            setup=from_json(Setup, {**last["setup"], **self._facts}),
            events=tuple(event for _, event in self._events),
            segments=tuple(
                self._segment(k, scalars, [of for of, _ in samples]) for k in self.headers
            ),
            source=source.name,
            notes=self._notes,
        )

    def _segment(self, k: int, scalars: _Scalars, samples: Sequence[int]) -> Segment:
        rows = {
            name: sum(len(column.steps) for segment, column in columns.items() if segment < k)
            for name, columns in scalars.items()
        }
        rows["events"] = sum(segment < k for segment, _ in self._events)
        rows["bands"] = sum(segment < k for segment, _ in self._bands)
        rows["samples"] = sum(segment < k for segment in samples)
        first_step = self._first_step(k, scalars)
        return Segment(first_step, rows, str(self.headers[k].get("started", "")))

    def _first_step(self, k: int, scalars: _Scalars) -> float:
        resumed = [e.step for segment, e in self._events if segment == k and e.kind == "resume"]
        if resumed or k == 0:
            return resumed[-1] if resumed else 0
        begun = [columns[k].steps[0] for columns in scalars.values() if k in columns]
        if begun:
            return float(min(begun))
        # Its header is all that has been written: it goes on from what there is.
        ends = (c.steps[-1] for columns in scalars.values() for of, c in columns.items() if of < k)
        return float(max(ends, default=0))

    @property
    def _notes(self) -> tuple[str, ...]:
        broken = (f"{name}: {n} broken lines left out" for name, n in sorted(self._broken.items()))
        torn = (f"{name}: the last line is torn and left out" for name in sorted(self._torn))
        return (*broken, *torn)


def _ranks(source: Source) -> dict[int, str]:
    """The file of each rank's scalars, in order."""
    names = source.files("scalars*.jsonl")
    matches = (match for name in names if (match := SCALARS.fullmatch(name)))
    return dict(sorted((int(match["rank"] or 0), match.string) for match in matches))


def _series(text: str, columns: Sequence[Column]) -> Series:
    if len(columns) == 1:
        return Series(Key.parse(text), columns[0].steps, columns[0].values)
    steps = np.concatenate([column.steps for column in columns])
    return Series(Key.parse(text), steps, np.concatenate([column.values for column in columns]))


def _headers(source: Source) -> dict[int, Mapping[str, Any]]:
    """The header of each segment, in order."""
    names = {
        int(match["segment"] or 0): name
        for name in source.files("run*.json")
        if (match := HEADER.fullmatch(name))
    }
    if 0 not in names:
        raise ReadError(source.name, "there is no run.json in it, which every run of ours has")
    return {k: _header(source, names[k]) for k in sorted(names)}


def _header(source: Source, name: str) -> Mapping[str, Any]:
    place = f"{source.name}/{name}"
    with source.open(name) as file:
        try:
            header = orjson.loads(file.read())
        except orjson.JSONDecodeError as error:
            raise ReadError(
                place, f"it is not JSON ({error}). Restore it, or record the run anew"
            ) from error
    version = header.get("format") if isinstance(header, dict) else None
    if not isinstance(version, int):
        raise ReadError(
            place, "it is not of a gan_doctor run: it names no format. Pass a directory of ours"
        )
    if version > FORMAT:
        raise ReadError(
            place,
            f"its format {version} is newer than this gan_doctor knows ({FORMAT}): "
            "upgrade with pip install -U gan-doctor",
        )
    if not isinstance(header.setdefault("setup", {}), dict):
        raise ReadError(place, "its setup is damaged: restore it, or record the run anew")
    try:
        from_json(Setup, header["setup"])
    except ReadError as error:
        raise ReadError(place, f"its setup is damaged: {error.reason}") from error
    return cast("Mapping[str, Any]", header)


def _samples(source: Source) -> list[tuple[int, Samples]]:
    """The kept batches, each with its segment, in the order in which they were kept."""
    found = []
    for name in source.files("*.npy", below="samples"):
        match = SAMPLES.fullmatch(name)
        if match:
            kind = cast("Literal['fake', 'real']", match["kind"])
            load, step = partial(_load, source), float(match["step"])
            player = unquote(match["player"] or "")
            batch = Samples(step, kind, f"samples/{name}", player, open=load)
            found.append((int(match["segment"] or 0), batch))
    return sorted(found, key=lambda pair: (pair[0], pair[1].step))


def _load(source: Source, path: str) -> np.ndarray[Any, Any]:
    with source.open(path) as file:
        try:
            samples: np.ndarray[Any, Any] = np.lib.format.read_array(file, allow_pickle=False)
        except Exception as error:  # whatever NumPy says of a file that is none of ours
            raise ReadError(f"{source.name}/{path}", f"it holds no samples: {error}") from error
    if samples.dtype.kind not in "uif" or samples.ndim < 2:
        found = f"{samples.dtype} of shape {samples.shape}"
        raise ReadError(f"{source.name}/{path}", f"it holds no samples: {found}")
    return samples
