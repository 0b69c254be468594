"""Sentences about a diagnosis that every report of a training says alike."""

from __future__ import annotations

from gan_doctor.core import Diagnosis, Finding, Missing, Remedy, Run
from gan_doctor.report.wording import at, between, harmless, number


def since(run: Run, finding: Finding) -> str:
    """When a finding began; in a log that left rows out, between which two it did."""
    shown = {row.series for row in finding.evidence if row.important}
    steps = [s.steps[s.steps < finding.onset] for s in run.series if str(s.key) in shown]
    before = [float(known[-1]) for known in steps if len(known)]
    if run.foreign and before and finding.onset - max(before) > 1:
        return f"in {between(run, max(before), finding.onset)}"
    return f"at {at(run, finding.onset)}"


def wanted(missing: Missing) -> str:
    """What is missing, why, and how to get it, without a full stop."""
    how = f": {harmless(missing.how).rstrip('.')}" if missing.how else ""
    return f"{harmless(missing.what).rstrip('.')} ({missing.why}){how}"


def cost(remedy: Remedy) -> str:
    """What a remedy costs, "none" for nothing."""
    factor = f"{number(remedy.cost)} x the time of an iteration." * (remedy.cost != 1)
    return " ".join(filter(None, [factor, harmless(remedy.cost_note)])) or "none"


def gain(diagnosis: Diagnosis) -> str:
    """Whether the samples still get better, and by how much."""
    progress = diagnosis.progress
    if progress.status == "not assessed":
        return "not assessed: needs samples kept over several evaluations"
    if progress.gain is None:
        return progress.status
    interval = (
        f" (95% interval {progress.low:.2g} to {progress.high:.2g})"
        if progress.low is not None and progress.high is not None
        else ""
    )
    told = f"{progress.gain:+.2g} per 1,000 steps{interval}"
    return f"{progress.status}: {harmless(progress.measure)} gains {told}"
