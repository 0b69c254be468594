"""All runs below some places, looked at once or again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from gan_doctor.core import Config, ReadError
from gan_doctor.readers import Cursor, known
from gan_doctor.triage.cache import Cache
from gan_doctor.triage.configuration import configuration_of
from gan_doctor.triage.examine import Examined, examine, examine_on
from gan_doctor.triage.places import Found, Trace, find
from gan_doctor.triage.pool import Backend, each
from gan_doctor.triage.rows import Row, rows

Tell = Callable[[str, int, int], None]  # what was read, how many are, of how many

_KILLED = "the process that read it was killed; it may need more memory than there is"


class Sweep:
    """The runs below some places, and what they said when they were last read.

    A second look reads only what was written to since. Of those runs it reads, here and one after
    the other, what has come since, as far as their reader can.

    Args:
        places: Paths or addresses that fsspec knows.
        config: Which detectors to ask.
        workers: Processes that read at a time, 0 for one a core.
        backend: Where they are.
        cache: A folder that keeps what was read for the next sweep.

    Raises:
        ConfigError: The folder cannot be made.
    """

    def __init__(
        self,
        places: Sequence[str],
        config: Config = Config(),
        workers: int = 0,
        backend: Backend = "loky",
        cache: str | Path | None = None,
    ) -> None:
        self._places, self._config = places, config
        self._workers, self._backend = workers, backend
        self._cache = None if cache is None else Cache(Path(cache), config)
        self._seen: dict[str, tuple[Trace, Examined]] = {}
        self._cursors: dict[str, Cursor] = {}

    def look(self, tell: Tell = lambda name, done, total: None) -> tuple[Row, ...]:
        """The rows as the runs stand now, whatever needs a person first.

        Args:
            tell: Is called after each run that was read.

        Raises:
            ReadError: There is nothing at a place, or no run below any.
            MissingExtraError: The backend is not installed.
        """
        now = time.time()
        said: dict[Found, Examined] = {}
        changed: list[Found] = []
        fresh: list[Found] = []
        found = list(find(self._places))
        if not found:
            formats = ", ".join(f"{slug} ({kind.files})" for slug, kind in known().items())
            raise ReadError(
                ", ".join(self._places), f"no reader recognises anything below it. Known: {formats}"
            )
        for run in found:
            of = self._remembered(run)
            if of is not None:
                said[run] = of
            else:
                (changed if run.path in self._seen else fresh).append(run)
        answers = chain(map(self._read_on, changed), self._read(fresh))
        for done, (run, of) in enumerate(answers, start=1):
            said[run] = of
            self._seen[run.path] = run.trace, of
            if self._cache is not None:
                self._cache.put(run, of)
            tell(run.name, done, len(changed) + len(fresh))
        made = rows(said, now)
        # The others are read no more, and what was read of them takes memory.
        running = {row.found.path for row in made if row.state == "running"}
        self._cursors = {path: at for path, at in self._cursors.items() if path in running}
        return made

    def _remembered(self, run: Found) -> Examined | None:
        """What an unchanged run said; one that could not be read is tried again."""
        if run.error:
            return Examined(configuration_of(None, run.path), error=run.error)
        trace, of = self._seen.get(run.path, (None, None))
        if of is not None:
            return of if trace == run.trace and not of.error else None
        return self._cache.get(run) if self._cache is not None else None

    def _read(self, fresh: Sequence[Found]) -> Iterator[tuple[Found, Examined]]:
        tasks = [(run.path, run.format, self._config) for run in fresh]
        for number, of in each(examine, tasks, self._workers, self._backend):
            run = fresh[number]
            killed = Examined(configuration_of(None, run.path), error=f"{run.path}: {_KILLED}")
            yield run, of or killed

    def _read_on(self, run: Found) -> tuple[Found, Examined]:
        since = self._cursors.pop(run.path, None)
        of, cursor = examine_on(run.path, run.format, self._config, since)
        if cursor is not None:
            self._cursors[run.path] = cursor
        return run, of
