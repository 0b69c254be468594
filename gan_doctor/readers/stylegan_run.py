"""The run directory of StyleGAN2-ADA, StyleGAN3 and what was built on them."""

from __future__ import annotations

import io
import json
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import orjson

from gan_doctor.core import FloatArray, Objective, OptimizerFacts, ReadError, Run, Setup, Source
from gan_doctor.core.setup import Role
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._table import Block, IntArray, as_run

__all__ = ["StyleGANRunReader"]

LARGEST = 16 * 2**30  # bytes of a file
LONGEST = 2**20  # bytes of a line; that of a tick has about 2,000
MOST_TAGS = 1000
_HEAD = 2**16  # bytes that tell what a file is
_MARK = 64  # bytes before the place where a reading ended, to see that they are still the same

_SNAPSHOT = re.compile(r"network-snapshot-(?P<kimg>\d+)")
_TICK = re.compile(rb"^tick\s+\d+\s+kimg\s", re.MULTILINE)
_NAMED_NUMBER = re.compile(r"([A-Za-z][\w/]*)\s+(-?\d[\d.]*(?:e[+-]?\d+)?|-?inf|nan)(?!\S)")
_IMAGE_SHAPE = re.compile(rb"Image shape:\s*\[(\d{1,5}), (\d{1,5}), (\d{1,5})\]")

# What a line tells beside the training: they are no series, and nobody misses them.
_ASIDE = ("Timing/", "Resources/", "Progress/tick", "Progress/kimg")
_METRICS = {"fid": "metric/fid", "kid": "metric/kid", "is": "metric/is"}

# What the loss classes of this family of codes print as Loss/D/loss. Projected GAN and StyleGAN-XL
# share a name; one takes the mean over its discriminators, the other the sum.
_OBJECTIVES = {
    "StyleGAN2Loss": Objective("non-saturating", "sum", smoothing=1, flip=0, penalties=("r1",)),
    "ProjectedGANLoss": Objective("hinge", penalties=()),
    "R3GANLoss": Objective("relativistic-paired", penalties=("r1", "r2")),
}


class StyleGANRunReader(Reader):
    """The directory that StyleGAN2-ADA and StyleGAN3 write.

    What it reads:
        `stats.jsonl`, the mean of every quantity at each tick, and `metric-<name>.jsonl`. Both may
        be read while they are written: each line of theirs ends with a newline, so that a last one
        without is torn and left out. Steps are thousands of real images, `Progress/kimg`; a metric
        stands where its snapshot does. A quantity of which a tick collected nothing has no value
        there. A metric out of its range stays what it is.

        Where there is no `stats.jsonl`, the probability of the augmentation is read from `log.txt`,
        which has no losses, and the metrics of the first StyleGAN2 from `metric-<name>.txt`, or
        from `log.txt`.

        `training_options.json` tells the budget, the batch size, both optimizers and the tricks in
        use, and by the class of the loss also the objective. Without it the objective of StyleGAN2
        is known by its R1 penalty.

        A single one of these files is read too.

    What it leaves out:
        Pictures of samples (`fakes000200.png`), TensorBoard files, which hold the same numbers, and
        what a run that it was resumed from had written into its own directory.
    """

    title = "StyleGAN run"
    files = "stats.jsonl"

    def score(self, source: Source) -> float:
        """Nearly sure of the JSON lines of this family, fairly of its printed ticks."""
        if not source.is_dir():
            return _sureness(source, "")
        files = _files(source)
        return max((_sureness(source, name) for name in files), default=0.0)

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        files = _files(source) if source.is_dir() else [""]
        if not files:
            raise ReadError(source.name, f"there is none of {', '.join(_PATTERNS)} in it")
        log: _Log = since.state if since else _Log()
        if not log.goes_on(source, files):
            log = _Log()
        for name in files:
            log.feed(source, name, files)
        return log.run(source, self.told), Cursor(log)


_PATTERNS = ("stats.jsonl", "metric-*.jsonl", "metric-*.txt", "log.txt")


def _files(source: Source) -> list[str]:
    """The files to read; the printed log only where there is nothing better."""
    found = [name for pattern in _PATTERNS for name in source.files(pattern)]
    return [name for name in found if name != "log.txt" or "stats.jsonl" not in found]


def _sureness(source: Source, name: str) -> float:
    """How sure one file makes that this is a run of the family."""
    with source.open(name) as file:
        head = file.read(_HEAD)
    if b'"num"' in head and (b'"Progress/kimg"' in head or b'"Loss/' in head):
        return 0.95
    if b'"snapshot_pkl"' in head:
        return 0.9
    return 0.85 if _TICK.search(head) or b"network-snapshot-" in head else 0.0


class _Log:
    """What has been read so far."""

    def __init__(self) -> None:
        self._rows: dict[str, _Rows] = defaultdict(_Rows)
        self._ends: dict[str, tuple[int, bytes]] = {}
        self._told: Counter[str] = Counter()
        self._torn: set[str] = set()

    def goes_on(self, source: Source, files: Sequence[str]) -> bool:
        """Whether all that was read is still there as it was."""
        if not set(self._ends) <= set(files):
            return False
        for name, (end, mark) in self._ends.items():
            with source.open(name) as file:
                file.seek(end - len(mark))
                if file.read(len(mark)) != mark:
                    return False
        return True

    def feed(self, source: Source, name: str, files: Sequence[str]) -> None:
        """Takes the whole lines that have come since."""
        where = f"{source.name}/{name}" if name else source.name
        if source.size(name) > LARGEST:
            limit = f"{LARGEST // 2**30} GiB"
            raise ReadError(where, f"it is larger than {limit}: cut off what is of no interest")
        # The printed log repeats the metrics that have files of their own.
        metrics = name != "log.txt" or not any(other.startswith("metric-") for other in files)
        end, mark = self._ends.get(name, (0, b""))
        self._torn.discard(name)
        with source.open(name) as file:
            file.seek(end)
            for line in _lines(file):
                if not line.endswith(b"\n"):
                    self._torn.add(name)
                    break
                end, mark = end + len(line), (mark + line[-_MARK:])[-_MARK:]
                self._take(name, line, metrics)
        self._ends[name] = (end, mark)
