"""The record of a run while it is made: the open row, the log on disk, the history in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from gan_doctor.core import Band, ConfigError, Event, Finding, Run, Setup, Source, to_json
from gan_doctor.monitor.history import History
from gan_doctor.monitor.shield import Shield
from gan_doctor.monitor.window import Measure, Window
from gan_doctor.monitor.writer import RunLog, holds_run
from gan_doctor.readers.run_log import RunLogReader


class Recorder:
    """Writes one run, and remembers it for live diagnoses.

    Rows and samples that a full disk refuses are lost; what is said only once, events and findings,
    is held until it can be written.

    Args:
        directory: Of the log.
        setup: What is known at the start.
        exists: What to do where the directory already holds a run.
        let_through: Faults are raised, not noted.
        rank: Of this process, under distributed training.

    Raises:
        RunExistsError: The directory holds a run and `exists` is "error".
        ReadError: The run to go on with cannot be read.
        ConfigError: The directory cannot be written to.
    """

    def __init__(
        self,
        directory: Path,
        setup: Setup,
        exists: Literal["error", "resume", "overwrite"],
        let_through: bool = False,
        rank: int = 0,
    ) -> None:
        self.directory, self.setup = directory, setup
        self.shield = Shield(lambda text: self.event("note", {"text": text}), let_through)
        self.step = 0
        if exists == "resume" and holds_run(directory):
            self.step = int(RunLogReader().read(Source.of(directory))[0].last_step)
        self._log = RunLog(directory, setup, exists, rank)
        self._process = os.getpid()
        self._unwritten: deque[Callable[[RunLog], None]] = deque()
        self._closed = False
        self._window = Window(self.shield)
        self._begin()

    def _begin(self, bands: Sequence[Band] = ()) -> None:
        self._history = History(self.directory.name, self.setup, self.step)
        self._history.bands += bands
        if self.step or self._log.segment:
            self.event("resume")

    @property
    def first_step(self) -> int:
        """The clock when this segment began."""
        return self._history.first_step

    @property
    def tick_steps(self) -> int:
        """Steps between two ticks, at which the run is evaluated."""
        return self._history.tick_steps

    @property
    def at_tick(self) -> bool:
        """Whether the run is evaluated at this step."""
        return self.step % self.tick_steps == 0

    def run(self) -> Run:
        """This segment so far, at tick resolution."""
        return self._history.run()

    def put(self, name: str, value: torch.Tensor | float) -> None:
        """Adds a scalar to the open row.

        Args:
            name: The text of a key.
            value: A number, or a tensor whose mean counts.
        """
        self._window.put(name, value)

    def later(self, measure: Measure, raw: torch.Tensor) -> None:
        """Adds to the open row what is measured of a tensor at the next flush.

        Args:
            measure: As in `Window.later`.
            raw: It must not be written over.
        """
        self._window.later(measure, raw)

    def end_row(self) -> None:
        """Closes the open row at the present step."""
        self._window.end_row(self.step)

    def flush(self, wait: bool = False) -> None:
        """Writes the closed rows that have arrived on the host.

        Args:
            wait: Waits for all of them.
        """
        groups = self._window.flush(wait)
        self._history.add(groups)
        with self._writing:
            self._own_log.scalars(groups)
            self._catch_up()

    def event(self, kind: str, detail: Mapping[str, Any] | None = None, player: str = "") -> None:
        """Notes that something happened at the present step."""
        event = Event(self.step, kind, player, detail or {})
        self._history.events.append(event)
        self._say(lambda log: log.event(event))

    def learn(self, **facts: Any) -> None:
        """Adds facts to the setup."""
        self.setup = self._history.setup = replace(self.setup, **facts)
        detail = {name: to_json(value) for name, value in facts.items()}
        event = Event(self.step, "setup", detail=detail)
        self._say(lambda log: log.event(event))

    def declare(self, tricks: tuple[str, ...]) -> None:
        """Says which tricks are in use."""
        self.setup = self._history.setup = replace(self.setup, tricks=tricks)
        self.event("declare", {"tricks": list(tricks)})

    def bands(self, bands: Sequence[Band]) -> None:
        """Adds the null of the sample measures, which holds from now on."""
        self._history.bands += bands
        event = Event(self.step, "bands", detail={"bands": to_json(bands)})
        self._say(lambda log: log.event(event))

    def finding(self, finding: Finding) -> None:
        """Notes a finding as it was raised."""
        self._say(lambda log: log.finding(finding))

    def samples(
        self, kind: Literal["fake", "real"], samples: np.ndarray[Any, Any], player: str = ""
    ) -> None:
        """Keeps a batch in the log."""
        with self._writing:
            self._own_log.samples(kind, self.step, samples, player)

    def go_to(self, step: int) -> None:
        """Sets the clock, as after loading a checkpoint. What was recorded ends a segment."""
        self.flush(wait=True)
        if step != self.step and self.run().series:
            self._own_log.close()
            self._log = RunLog(self.directory, self.setup, "resume", self._log.rank)
        self.step = step
        self._begin(self._history.bands)

    def close(self) -> None:
        """Writes all rows that have ended and closes the files; in a fork, it only closes them."""
        if os.getpid() == self._process and not self._closed:
            if self.step == self.first_step:  # a G that never stepped: better one row than none
                self.end_row()
            self.flush(wait=True)
        self._closed = True
        with self._writing:
            self._log.close()

    def _say(self, write: Callable[[RunLog], None]) -> None:
        """Writes what must not be lost, after all that could not be written before it."""
        self._unwritten.append(write)
        with self._writing:
            self._catch_up()
        # A callback that has closed the doctor may fail yet.
        if self._closed:
            self.close()

    def _catch_up(self) -> None:
        while self._unwritten:
            write = self._unwritten.popleft()
            try:
                write(self._own_log)
            except OSError:
                self._unwritten.appendleft(write)
                raise

    @property
    def _own_log(self) -> RunLog:
        """The log, in the process that began it."""
        if os.getpid() != self._process:
            raise ConfigError(
                f"the run log belongs to process {self._process}, of which this one is a fork: "
                "make a Monitor of its own in the process that trains"
            )
        return self._log

    @property
    def _writing(self) -> AbstractContextManager[None]:
        # One place for the shield, whatever is written: a full disk is one warning.
        return self.shield("writing the run log")
