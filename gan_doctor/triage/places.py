"""Where the runs lie: every folder or file below some places that a reader takes for its own."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from gan_doctor.core import ReadError, Source
from gan_doctor.readers import Reader, known

SURE = 0.5  # from which score on a log below a place is taken for a run

# Weights, pictures, archives and texts for people: by the thousand beside a log and never one, but
# for a README that quotes some lines of it.
_NO_LOGS = re.compile(
    r"\.(bin|bz2|ckpt|gif|gz|h5|html?|jpe?g|md|mp4|np[yz]|onnx|pb|pdf|pickle|pkl|png|pth?|pyc|rst"
    r"|safetensors|so|svg|tar|tgz|wav|webp|xz|zip)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Trace:
    """By what a log that was written to is known again without reading it.

    Args:
        files: How many there are.
        size: Bytes of all.
        written: When the newest was written, in seconds since 1970; None where nobody knows.
    """

    files: int
    size: int
    written: float | None


_UNKNOWN = Trace(0, 0, None)


@dataclass(frozen=True)
class Found:
    """A run that nobody has read yet.

    Args:
        path: A path or address that `Source.of` takes.
        name: The path below the place that was searched.
        format: The slug of the reader that claims it.
        trace: What it is known again by.
        error: Why it can be neither listed nor claimed, "" if it can.
    """

    path: str
    name: str
    format: str = ""
    trace: Trace = _UNKNOWN
    error: str = ""


def find(places: Sequence[str]) -> Iterator[Found]:
    """Every run below some places, in the order of their names, each once.

    A folder that a reader claims is a run, and nothing below it is another one. Links and names
    that begin with a dot are passed over.

    Args:
        places: Paths or addresses that fsspec knows.

    Raises:
        ReadError: There is nothing at a place.
    """
    from fsspec.core import url_to_fs

    ours_first = sorted(known().items(), key=lambda item: item[0] != "run-log")  # it is soon sure
    readers = {slug: kind() for slug, kind in ours_first}
    seen: set[str] = set()
    for place in places:
        Source.of(place)
        files, root = url_to_fs(place)
        files.invalidate_cache()  # a place may be searched again
        here = _Here(files, root, place, "", files.isdir(root))
        for below, found in _search(here, readers):
            if below.root not in seen:
                seen.add(below.root)
                yield found


@dataclass(frozen=True)
class _Here:
    """A folder or file in a search: how its file system, its reader and a person call it."""

    files: Any
    root: str
    path: str
    name: str
    folder: bool

    def entries(self) -> Iterator[_Here]:
        """What may hold a run in it."""
        for entry in sorted(self.files.ls(self.root, detail=True), key=lambda e: str(e["name"])):
            last = PurePosixPath(entry["name"].rstrip("/")).name
            folder = entry["type"] == "directory"
            written = entry["type"] == "file" and entry["size"] != 0
            log = written and not _NO_LOGS.search(last)
            if not last.startswith((".", "__")) and (folder or log):
                yield _Here(
                    self.files,
                    entry["name"].rstrip("/"),
                    f"{self.path}{'' if self.path.endswith('/') else '/'}{last}",
                    f"{self.name}/{last}".lstrip("/"),
                    folder,
                )

    def run(self, format: str = "", error: str = "") -> Found:  # noqa: A002
        """The run that it is."""
        name = self.name or PurePosixPath(self.root).name
        return Found(self.path, name, format, _UNKNOWN if error else self._trace(), error)

    def _trace(self) -> Trace:
        infos: Mapping[str, Mapping[str, Any]] = (
            self.files.find(self.root, detail=True)
            if self.folder
            else {self.root: self.files.info(self.root)}
        )
        times = [_written(self.files, name, info) for name, info in infos.items()]
        known = [time for time in times if time is not None]
        size = sum(int(info["size"] or 0) for info in infos.values())
        return Trace(len(infos), size, max(known) if known else None)


def _search(here: _Here, readers: Mapping[str, Reader]) -> Iterator[tuple[_Here, Found]]:
    try:
        source = Source.of(here.path)
        slug, score = _surest(source, readers)
        # What a person names is a run as soon as anybody reads it.
        if score >= SURE or (score > 0 and not here.name and not here.folder):
            yield here, here.run(slug)
            return
        below = list(here.entries()) if here.folder else []
    except (ReadError, OSError) as error:
        yield here, here.run(error=str(error))
        return
    for entry in below:
        yield from _search(entry, readers)


def _surest(source: Source, readers: Mapping[str, Reader]) -> tuple[str, float]:
    """The first of the readers that are surest of a source, and how sure it is."""
    surest, most = "", 0.0
    for slug, reader in readers.items():
        score = _score(reader, source)
        if score > most:
            surest, most = slug, score
        if score >= 1:  # nobody can be surer, and there may be thousands of runs
            break
    return surest, most


def _score(reader: Reader, source: Source) -> float:
    try:
        return reader.score(source)
    except (ReadError, OSError):
        raise
    except Exception:  # a fault of one reader is no reason to miss what others read
        return 0.0


def _written(files: Any, name: str, info: Mapping[str, Any]) -> float | None:
    if isinstance(info.get("mtime"), float):
        return float(info["mtime"])
    try:
        modified: datetime.datetime = files.modified(name)
    except (NotImplementedError, OSError, KeyError):
        return None
    return modified.timestamp()
