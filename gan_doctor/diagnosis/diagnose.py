"""From a run to its diagnosis."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

from gan_doctor.core import Config, Diagnosis, Run, Source, Verdict
from gan_doctor.detectors import known
from gan_doctor.diagnosis.causes import grouped
from gan_doctor.diagnosis.decision_table import remedies
from gan_doctor.diagnosis.measured import measured
from gan_doctor.diagnosis.outlook import best_step, outlook, progress
from gan_doctor.readers import read

HEALTHY = "GD001"  # not a fault: the statement that a run looks as it should


def diagnose(
    run: Run | str | os.PathLike[str] | BinaryIO | Source, config: Config = Config()
) -> Diagnosis:
    """What is wrong with a run, since when, on what evidence, and what to do.

    Args:
        run: A run, or a log that `gan_doctor.read` can read. Samples that it keeps are measured
            where nobody has.
        config: Which detectors to ask, and overruled limits.

    Raises:
        ReadError: The log cannot be read.
        UnknownNameError: The configuration names a detector or limit that there is not.
    """
    run = measured(run if isinstance(run, Run) else read(run))
    detectors = known()
    config.check({slug: kind.code for slug, kind in detectors.items()})
    asked = [
        kind(config.limits.get(slug))
        for slug, kind in detectors.items()
        if config.selects(kind.code, slug)
    ]
    verdicts = grouped(_no_health_beside_a_fault([detector.examine(run) for detector in asked]))
    verdicts = tuple(_treated(run, verdict) for verdict in verdicts)
    findings = [finding for verdict in verdicts for finding in verdict.findings]
    best = best_step(run)
    return Diagnosis(run, verdicts, outlook(run, findings, best), progress(run), best)


def _no_health_beside_a_fault(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """A run with a fault is not healthy, whatever the shape of its losses (catalogue S12)."""
    faults = any(f.standing and f.severity != "info" for v in verdicts for f in v.findings)
    return [
        replace(v, status="clear", findings=()) if faults and v.code == HEALTHY else v
        for v in verdicts
    ]


def _treated(run: Run, verdict: Verdict) -> Verdict:
    """The remedies of each finding that stands; a consequence is cured by curing its cause."""
    return replace(
        verdict,
        findings=tuple(
            replace(f, remedies=remedies(run, f)) if f.standing and not f.cause else f
            for f in verdict.findings
        ),
    )
