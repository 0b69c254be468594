"""Diagnoses a run while it is made, and tells of what is found."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gan_doctor.core import SEVERITIES, Config, Diagnosis, Finding
from gan_doctor.diagnosis import diagnose
from gan_doctor.monitor.recorder import Recorder

_logger = logging.getLogger(__name__)
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}


class LiveDiagnosis:
    """The latest diagnosis, and who was told of which finding.

    Args:
        record: The run.
        config: Which detectors look.
        on_finding: Is told of each finding when it is raised, and again if it gets worse.
    """

    def __init__(
        self, record: Recorder, config: Config, on_finding: Callable[[Finding], None] | None
    ) -> None:
        self._record, self._config, self._on_finding = record, config, on_finding
        self._told: dict[tuple[str, str], int] = {}
        self.latest: Diagnosis | None = None

    def make(self) -> None:
        """Diagnoses the run as it was recorded so far."""
        with self._record.shield("the diagnosis"):
            self.latest = diagnose(self._record.run(), self._config)

    def make_and_tell(self) -> None:
        """Diagnoses, and tells of findings that are new or have become worse."""
        self.make()
        findings = self.latest.findings if self.latest else ()
        standing = {(f.slug, f.player): f for f in findings if f.standing}
        rank = {name: SEVERITIES.index(f.severity) for name, f in standing.items()}
        worse = [f for name, f in standing.items() if rank[name] > self._told.get(name, -1)]
        # What is over is forgotten, so that it is told again when it comes back.
        self._told = {name: max(r, self._told.get(name, r)) for name, r in rank.items()}
        for finding in worse:
            self._tell(finding)

    def _tell(self, finding: Finding) -> None:
        self._record.finding(finding)
        _logger.log(_LEVELS[finding.severity], "%s (step %g)", finding.message, finding.alarm)
        if self._on_finding is not None:
            with self._record.shield("on_finding"):
                self._on_finding(finding)
