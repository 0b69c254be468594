"""Diagnoses a run while it is made, and tells of what is found."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gan_doctor.core import SEVERITIES, Config, Diagnosis, Finding, Setup
from gan_doctor.diagnosis import diagnose
from gan_doctor.diagnosis.preflight import preflight
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
        self._warned: dict[tuple[str, str], int] | None = None  # of before the first step
        self.latest: Diagnosis | None = None

    def look_first(self) -> None:
        """Tells, once the optimizers are known, what in the set-up is known to fail.

        Advice on what works at a loss is left to `gan-doctor preflight`: a run is not sick by it.
        """
        setup = self._record.setup
        if self._warned is not None or not _known(setup):
            return
        chosen = [f for f in preflight(setup) if self._config.selects(f.code, f.slug)]
        warned = [f for f in chosen if f.severity != "info"]
        self._warned = {_name(f): SEVERITIES.index(f.severity) for f in reversed(warned)}
        for finding in warned:
            self._tell(finding)

    def make(self) -> None:
        """Diagnoses the run as it was recorded so far."""
        with self._record.shield("the diagnosis"):
            self.latest = diagnose(self._record.run(), self._config)

    def make_and_tell(self) -> None:
        """Diagnoses, and tells of findings that are new or have become worse.

        What follows from another finding is in the diagnosis and no alarm of its own.
        """
        self.make()
        findings = self.latest.findings if self.latest else ()
        standing = {_name(f): f for f in findings if f.standing}
        rank = {name: SEVERITIES.index(f.severity) for name, f in standing.items()}
        told = (self._warned or {}) | self._told
        worse = {
            name: f
            for name, f in standing.items()
            if not f.cause and rank[name] > told.get(name, -1)
        }
        # What is over is forgotten, so that it is told again when it comes back.
        self._told = {
            name: rank[name] if name in worse else told[name]
            for name in standing
            if name in worse or name in told
        }
        for finding in worse.values():
            self._tell(finding)

    def _tell(self, finding: Finding) -> None:
        self._record.finding(finding)
        _logger.log(_LEVELS[finding.severity], "%s (step %g)", finding.message, finding.alarm)
        if self._on_finding is not None:
            with self._record.shield("on_finding"):
                self._on_finding(finding)


def _name(finding: Finding) -> tuple[str, str]:
    return finding.slug, finding.player


def _known(setup: Setup) -> bool:
    """Whether an optimizer of each network has stepped."""
    stepped = {(o.role, o.player) for o in setup.optimizers}
    return {(n.role, n.player) for n in setup.networks if n.parameters} <= stepped
