"""Our own run log."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, cast

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

# What the files of segment 0 and of later ones are called.
HEADER = re.compile(r"run(?:\.(?P<segment>[1-9]\d*))?\.json")
SAMPLES = re.compile(r"(?P<kind>fake|real)-(?P<step>\d+)(?:\.(?P<segment>[1-9]\d*))?\.npy")


class RunLogReader(Reader):
    """The directory that `gan_doctor.Monitor` writes.

    What it reads:
        `run.json` and `run.<k>.json` (one for each segment), `scalars.jsonl`, `events.jsonl` and
        the folder `samples`. Lines that are torn or broken are left out and counted in the notes.
        It can be read while it is written.
    """

    title = "gan_doctor run log"
    files = "a directory with our run.json"

    def score(self, source: Source) -> float:
        """1 where there is a run.json of ours, a little where it may be one that was damaged."""
        if not source.is_dir() or "run.json" not in source.files("run.json"):
            return 0.0
        with source.open("run.json") as file:
            return 1.0 if b'"gan_doctor"' in file.read(4096) else 0.1

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        headers = _headers(source)
        log: _Log = since.state if since else _Log()
        if log.started != (log.started := headers[0].get("started")):
            log = _Log()
            log.started = headers[0].get("started")
        log.feed(source, "events.jsonl", log.take_event)
        log.feed(source, "scalars.jsonl", log.take_scalars)
        return log.run(source, headers), Cursor(log)
