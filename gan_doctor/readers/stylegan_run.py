"""The run directory of StyleGAN2-ADA, StyleGAN3 and what was built on them."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson

from gan_doctor.core import ReadError, Run, Setup, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._rows import name_of
from gan_doctor.readers._stylegan_options import STYLEGAN2, resumed_from, setup_of
from gan_doctor.readers._table import as_run
from gan_doctor.readers._tail import Tail
from gan_doctor.readers._timed_rows import MOST_TAGS, TimedRows, in_order_of_time

__all__ = ["StyleGANRunReader"]

_HEAD = 2**16  # bytes that tell what a file is
_LARGEST_OPTIONS = 2**20  # bytes

_PATTERNS = ("stats.jsonl", "metric-*.jsonl", "metric-*.txt", "log.txt")
_OPTIONS = "training_options.json"
_SNAPSHOT = re.compile(r"network-snapshot-(?P<kimg>\d{1,9})")
_TICK = re.compile(rb"^tick\s+\d+\s+kimg\s", re.MULTILINE)
_NAMED_NUMBER = re.compile(r"([A-Za-z][\w/]*)\s+(-?\d[\d.]*(?:e[+-]?\d+)?|-?inf|nan)(?!\S)")
_IMAGE_SHAPE = re.compile(rb"Image shape:\s*\[(\d{1,5}), (\d{1,5}), (\d{1,5})\]")

# What a line tells beside the training: none of it is a series.
_ASIDE = ("Timing/", "Resources/", "Progress/tick", "Progress/kimg")
_METRICS = ("fid", "kid", "is")  # `fid50k_full`, `kid50k`, `is50k_mean`


class StyleGANRunReader(Reader):
    """The directory that StyleGAN2-ADA and StyleGAN3 write.

    What it reads:
        `stats.jsonl`, the mean of every quantity at each tick, and `metric-<name>.jsonl`. Both can
        be read while they are written: each line ends with a newline, and a last one without is
        torn and left out. Steps are thousands of real images, `Progress/kimg`; a metric stands
        where its snapshot does. A quantity of which a tick collected nothing has no value there. A
        metric out of its range stays what it is.

        Where there is no `stats.jsonl`, the probability of the augmentation is read from `log.txt`,
        which has no losses. The metrics of the first StyleGAN2 are read from `metric-<name>.txt`,
        or from `log.txt` where that is all there is.

        `training_options.json` tells the budget, the batch size, both optimizers and the tricks in
        use, and the class of the loss tells the objective. Without it a regularised D loss beside
        one R1 penalty is that of StyleGAN2.

        A single one of these files is read too.

    What it leaves out:
        Pictures of samples such as `fakes000200.png`, TensorBoard files, which hold the same
        numbers, and the run that this one was resumed from, which has a directory of its own.
    """

    title = "StyleGAN run"
    files = "stats.jsonl"

    def score(self, source: Source) -> float:
        """Nearly sure of the JSON lines of this family, fairly of its printed ticks."""
        return max((_sureness(source, name) for name in _files(source)), default=0.0)

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        files = _files(source)
        if not files:
            raise ReadError(source.name, f"it holds none of {', '.join(_PATTERNS)}")
        log: _Log = since.state if since else _Log()
        if not log.goes_on(source, files):
            log = _Log()
        for name in files:
            log.feed(source, name, files)
        return log.run(source, self.told), Cursor(log)


def _files(source: Source) -> list[str]:
    """The files to read; the printed log only where there is nothing better."""
    if not source.is_dir():
        return [""]
    found = [name for pattern in _PATTERNS for name in source.files(pattern)]
    return [name for name in found if name != "log.txt" or "stats.jsonl" not in found]


def _sureness(source: Source, name: str) -> float:
    """How sure one file makes that this is a run of the family."""
    head = _head(source, name)
    if b'"num"' in head and (b'"Progress/kimg"' in head or b'"Loss/' in head):
        return 0.95
    if b'"snapshot_pkl"' in head:
        return 0.9
    return 0.85 if _TICK.search(head) or b"network-snapshot-" in head else 0.0


def _head(source: Source, name: str) -> bytes:
    with source.open(name) as file:
        return file.read(_HEAD)


class _Log:
    """What has been read so far."""

    def __init__(self) -> None:
        self._tails: dict[str, Tail] = {}
        self._rows: dict[str, TimedRows] = defaultdict(TimedRows)
        self._broken: Counter[str] = Counter()
        self._unplaced = 0

    def goes_on(self, source: Source, files: Sequence[str]) -> bool:
        """Whether all that was read is still there as it was."""
        there = set(self._tails) <= set(files)
        return there and all(tail.goes_on(source) for tail in self._tails.values())

    def feed(self, source: Source, name: str, files: Sequence[str]) -> None:
        """Takes the whole lines that have come since."""
        # The printed log repeats the metrics that have files of their own.
        metrics = name != "log.txt" or not any(other.startswith("metric-") for other in files)
        tail = self._tails.setdefault(name, Tail(name))
        for piece in tail.pieces(source):
            for line in piece.split(b"\n"):
                if line.strip():
                    self._take(name, line, metrics)

    def _take(self, name: str, line: bytes, metrics: bool) -> None:
        """A line: a tick, a metric, or one of the many that say nothing of the course."""
        if name.endswith(".jsonl") or line.startswith(b"{"):
            record = _record(line)
            if record is None:
                self._broken[name] += 1
            elif "snapshot_pkl" not in record:
                values = dict(_means(record))
                kimg = values.get("Progress/kimg", np.nan)
                told = {tag: v for tag, v in values.items() if not tag.startswith(_ASIDE)}
                self._rows[name].add(kimg, record.get("timestamp"), told)
            elif metrics:
                results = record.get("results")
                found = dict(_numbers(results)) if isinstance(results, dict) else {}
                self._add_metrics(name, str(record["snapshot_pkl"]), record, found)
            return
        text = line.decode("utf-8", "replace")
        if _TICK.match(line):
            values = {word: float(number) for word, number in _printed(text)}
            told = {"Progress/augment": values["augment"]} if "augment" in values else {}
            self._rows[name].add(values.get("kimg", np.nan), None, told)
        elif metrics and text.startswith("network-snapshot-"):
            self._add_metrics(name, text, {}, dict(_printed(text)))

    def _add_metrics(
        self, name: str, snapshot: str, record: Mapping[str, Any], found: Mapping[str, float]
    ) -> None:
        place = _SNAPSHOT.match(snapshot)
        if place is None:
            self._unplaced += 1
        else:
            self._rows[name].add(float(place["kimg"]), record.get("timestamp"), found)

    def run(self, source: Source, told: Mapping[str, str]) -> Run:
        """The run that the rows make."""
        setup, notes = _setup(source)
        tags = list(dict.fromkeys(tag for rows in self._rows.values() for tag in rows.values))
        if setup.objective.family is None and _regularised_by_r1(tags):
            setup = replace(
                setup,
                objective=STYLEGAN2,
                objective_inferred=True,
                discriminator_output="logit",
            )
        return as_run(
            name_of(source),
            source.name,
            in_order_of_time(list(self._rows.values())),
            Naming(told, _dialect(tags)),
            setup,
            (*notes, *self._notes()),
        )

    def _notes(self) -> Iterator[str]:
        for name, n in sorted(self._broken.items()):
            yield f"{name or 'the file'}: {n} broken lines left out"
        for tail in self._tails.values():
            yield from tail.notes
        if self._unplaced:
            yield f"{self._unplaced} metrics left out: their snapshots tell no kimg"
        if any(rows.too_many for rows in self._rows.values()):
            yield f"more than {MOST_TAGS} quantities: the others are left out"
        if not any(rows.values for rows in self._rows.values()):
            yield "a log.txt of this family holds no losses: stats.jsonl does"


def _record(line: bytes) -> Mapping[str, Any] | None:
    """The object in a line of JSON; orjson knows no NaN, which Python writes."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return None
    return record if isinstance(record, dict) else None


def _means(record: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The mean of each quantity of which something was collected."""
    collected = {
        tag: entry.get("mean")
        for tag, entry in record.items()
        if isinstance(entry, dict) and entry.get("num") != 0
    }
    return _numbers(collected)


def _numbers(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for tag, value in values.items():
        if isinstance(value, float) or (type(value) is int and abs(value) < 2**63):
            yield tag, float(value)


def _printed(text: str) -> Iterator[tuple[str, float]]:
    """The numbers of a printed line that follow a name, by that name."""
    for name, number in _NAMED_NUMBER.findall(text):
        try:
            yield name, float(number)
        except ValueError:  # 1.2.3
            continue


def _regularised_by_r1(tags: Sequence[str]) -> bool:
    return "Loss/D/reg" in tags and "Loss/r2_penalty" not in tags


def _dialect(tags: Iterable[str]) -> dict[str, str]:
    """What the metrics are called, with the number of images in their names.

    A penalty is told twice, bare and as it was added to the loss, `Loss/D/reg`, which counts.
    """
    tags = set(tags)
    known = {
        tag: f"metric/{kind}"
        for tag in tags
        for kind in _METRICS
        if re.fullmatch(rf"{kind}\d+k(_full|_mean)?", tag)
    }
    bare = {"Loss/D/reg": "Loss/r1_penalty", "Loss/G/reg": "Loss/pl_penalty"}
    return known | {tag: "" for added, tag in bare.items() if added in tags}


def _setup(source: Source) -> tuple[Setup, list[str]]:
    """What the options and the head of the printed log tell."""
    setup, notes = Setup(), []
    if source.is_dir() and _OPTIONS in source.files(_OPTIONS):
        with source.open(_OPTIONS) as file:
            text = file.read(_LARGEST_OPTIONS)
        try:
            setup = setup_of(text)
        except ValueError as error:
            notes.append(f"{_OPTIONS} is left out: {error}")
        if before := resumed_from(text):
            notes.append(f"it went on from {before}: what came before is not in this log")
    if source.is_dir() and "log.txt" in source.files("log.txt"):
        shape = _IMAGE_SHAPE.search(_head(source, "log.txt"))
        if shape:
            setup = replace(setup, sample_shape=tuple(map(int, shape.groups())))
    return setup, notes
