"""What a run says of itself and the doctor of it, in the few words that a row holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gan_doctor.core import (
    VOCABULARY,
    Config,
    Diagnosis,
    GanDoctorError,
    ReadError,
    Run,
    Source,
)
from gan_doctor.detectors import BROKEN_FID
from gan_doctor.diagnosis import diagnose
from gan_doctor.readers import Cursor, known
from gan_doctor.triage.configuration import configuration_of

# What runs of one configuration are compared by: the first of these that was recorded.
_MEASURES = (
    "metric/fid",
    "metric/kid",
    "sample/coverage",
    "sample/recall",
    "sample/kernel_distance",
    "metric/is",
)


@dataclass(frozen=True)
class Examined:
    """One run, whoever asks and whenever.

    Args:
        configuration: The same for runs that differ in their seed alone.
        outlook: The action that the diagnosis calls for, "unread" for a run that cannot be read.
        reason: Why.
        severity: Of the worst finding that stands, "" for none.
        finding: The slug of the first problem that stands.
        onset: First step of that.
        step: The last step.
        budget: The declared number of steps.
        clock: What a step is.
        wasted: Share of the steps that came after the first critical onset.
        ended: Whether it came within one interval of its log to its budget.
        measure: What `best` is.
        best: The best value of a FID or sample measure.
        error: Why it cannot be read.
    """

    configuration: str = ""
    outlook: str = "unread"
    reason: str = ""
    severity: str = ""
    finding: str = ""
    onset: float | None = None
    step: float | None = None
    budget: int | None = None
    clock: str = ""
    wasted: float | None = None
    ended: bool = False
    measure: str = ""
    best: float | None = None
    error: str = ""


def examine(path: str, format: str, config: Config) -> Examined:  # noqa: A002
    """Reads and diagnoses a run; what goes wrong is in what it returns.

    Args:
        path: Where it lies.
        format: The slug of its reader.
        config: Which detectors to ask.
    """
    return examine_on(path, format, config, None)[0]


def examine_on(
    path: str,
    format: str,  # noqa: A002
    config: Config,
    since: Cursor | None,
) -> tuple[Examined, Cursor | None]:
    """The same, going on from where an earlier reading ended.

    Args:
        path: Where it lies.
        format: The slug of its reader.
        config: Which detectors to ask.
        since: What an earlier call returned; it is used up.
    """
    try:
        source = Source.of(path)
        run, cursor = known()[format]().read(source, since)
        if not run.series:
            raise ReadError(path, "it holds no values yet")
        return _examined(diagnose(run, config), configuration_of(run, source)), cursor
    except (GanDoctorError, OSError) as error:
        return Examined(configuration_of(None, path), error=str(error)), None
    except Exception as error:  # one run must not take the others with it
        fault = f"a fault of gan-doctor's own on {path}: {type(error).__name__}: {error}"
        return Examined(configuration_of(None, path), error=fault), None


def _examined(diagnosis: Diagnosis, configuration: str) -> Examined:
    run = diagnosis.run
    problems = [f for f in diagnosis.findings if f.standing and f.severity != "info"]
    critical = [f.onset for f in problems if f.severity == "critical"]
    last = run.last_step
    measure, best = _best(run)
    return Examined(
        configuration=configuration,
        outlook=diagnosis.outlook.action,
        reason=diagnosis.outlook.reason,
        severity=(diagnosis.worst or "") if problems else "",
        finding=problems[0].slug if problems else "",
        onset=problems[0].onset if problems else None,
        step=last,
        budget=run.budget,
        clock=run.clock,
        wasted=_share_after(min(critical), last) if critical else 0.0,
        ended=run.budget is not None and last + _interval(run) >= run.budget,
        measure=measure,
        best=best,
    )


def _share_after(onset: float, last: float) -> float:
    return float(np.clip((last - onset) / last, 0, 1)) if last > 0 else 0.0


def _interval(run: Run) -> float:
    """Between the last two steps of the series that has the most."""
    most = max(run.parts[-1].series, key=len)
    steps = np.unique(most.steps[-2:])
    return float(steps[-1] - steps[0]) if len(steps) == 2 else 0.0


def _best(run: Run) -> tuple[str, float | None]:
    """The name of the first measure that has a sound value, and its best."""
    for name in _MEASURES:
        for series in run.series:
            if series.key.name == name and series.key.label is None:
                sound = series.values[np.abs(series.values) <= BROKEN_FID]
                low = VOCABULARY[name].low
                sound = sound if low is None else sound[sound >= low]
                if len(sound):
                    lower = VOCABULARY[name].better == "lower"
                    return str(series.key), float(sound.min() if lower else sound.max())
    return "", None
