"""A log that another process writes, diagnosed anew whenever it has grown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gan_doctor.core import Config, Diagnosis, GanDoctorError, ReadError, Source, UnknownNameError
from gan_doctor.diagnosis.diagnose import diagnose
from gan_doctor.readers import Cursor, Reader, known, reader_for

QUIET_SECONDS = 600  # a writer that was silent for so long may be dead; our choice, as in a triage
MOST_FILES = 2_000  # of a directory that are looked at for the time of the last change

_Trace = tuple[int, int, int]  # files, bytes of all, the newest change in ns


@dataclass(frozen=True)
class Look:
    """What one look at a log has shown.

    Args:
        diagnosis: As the log stood when it could last be read; None if it never could.
        written: When it was last written to, in seconds since 1970; None where nobody knows.
        waiting: Why there is nothing newer to see, "" if the log was read.
    """

    diagnosis: Diagnosis | None
    written: float | None
    waiting: str = ""

    @property
    def finished(self) -> bool:
        """Whether the declared budget is reached."""
        run = self.diagnosis.run if self.diagnosis else None
        return run is not None and run.budget is not None and run.last_step >= run.budget

    def silent(self, now: float) -> float | None:
        """Seconds since the last change, None where nobody knows.

        Args:
            now: Seconds since 1970.
        """
        return None if self.written is None else max(0.0, now - self.written)

    def maybe_dead(self, now: float) -> bool:
        """Whether the writer has been silent for long, before the budget was reached."""
        silent = self.silent(now)
        return silent is not None and silent >= QUIET_SECONDS and not self.finished


class Following:
    """Looks at a log again and again; each look reads only what has come since.

    A log that is not there yet, has nothing in it, or is being replaced is waited for.

    Args:
        place: A path, or an address that fsspec knows.
        config: Which detectors to ask.
        format: The slug of a reader, None to find it.
        told: Series by tag, as `gan_doctor.read` takes them.

    Raises:
        UnknownNameError: No reader is called `format`.
    """

    def __init__(
        self,
        place: str,
        config: Config = Config(),
        format: str | None = None,  # noqa: A002
        told: Mapping[str, str] | None = None,
    ) -> None:
        if format is not None and format not in known():
            raise UnknownNameError("reader", format, known())
        self._place, self._config, self._format, self._told = place, config, format, told
        self._begin()
        self.latest = Look(None, None, f"{place} was not looked at yet")

    def _begin(self) -> None:
        self._reader: Reader | None = None
        self._cursor: Cursor | None = None
        self._trace: _Trace | None = None
        self._file: tuple[int, int] | None = None

    def look(self) -> Look:
        """The log as it stands now; where it cannot be read, as it last stood, and why."""
        self.latest = self._look()
        return self.latest

    def _look(self) -> Look:
        diagnosis, trace = self.latest.diagnosis, None
        try:
            source = Source.of(self._place)
            trace = _trace(self._place)
            if _identity(self._place) != self._file:  # another file has taken its place
                self._begin()
            if trace is None or trace != self._trace:
                diagnosis = self._read(source)
            self._trace, self._file = trace, _identity(self._place)
        except (GanDoctorError, OSError) as error:
            self._begin()  # what was read is used up
            return Look(diagnosis, _written(trace), str(error))
        return Look(diagnosis, _written(trace))

    def _read(self, source: Source) -> Diagnosis:
        if self._reader is None:
            self._reader = reader_for(source, self._format, self._told)
        run, self._cursor = self._reader.read(source, self._cursor)
        if not run.series and not run.samples:
            raise ReadError(source.name, "it holds no values yet")
        return diagnose(run, self._config)


def _written(trace: _Trace | None) -> float | None:
    return None if trace is None else trace[2] / 1e9


def _identity(place: str) -> tuple[int, int] | None:
    """By what a local file or directory is told from one of the same name."""
    if "://" in place:
        return None
    found = os.stat(place)
    return found.st_dev, found.st_ino


def _trace(place: str) -> _Trace | None:
    """By what a change is seen without reading; None where it is not."""
    if "://" in place:
        return None
    files = list(islice(_files(Path(place)), MOST_FILES + 1))
    if not files or len(files) > MOST_FILES:
        return None
    return len(files), sum(f.st_size for f in files), max(f.st_mtime_ns for f in files)


def _files(path: Path) -> Iterator[os.stat_result]:
    if not path.is_dir():
        yield path.stat()
        return
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                yield os.stat(os.path.join(folder, name))
            except OSError:  # thinned away meanwhile
                continue
