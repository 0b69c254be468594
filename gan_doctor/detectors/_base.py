"""The one way to judge: a detector scores ticks, and one function dates the fault."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np

from gan_doctor.core import (
    SEVERITIES,
    ConfigError,
    Evidence,
    Finding,
    FloatArray,
    Missing,
    Run,
    Severity,
    UnknownNameError,
    Verdict,
    discover,
)
from gan_doctor.core.finding import Status
from gan_doctor.stats import Alarm, Persistence, alarms, evaluations

WARM_UP_STEPS = 500
THREE_CHECKS = Persistence(3, 1.0)  # for the sample checks, which are few
_MOSTLY = 0.5  # of a log too short to judge, in which a fault must show to be told as printed
ASSUMED_BUDGET = 10_000  # generator steps (proposal), for limits in shares of an undeclared budget


@dataclass(frozen=True)
class Limit:
    """A number that separates sick from healthy.

    Args:
        value: The default.
        meaning: What lies beyond it, for people.
        source: Where it comes from; "proposal" until it was measured on design cases.
    """

    value: float
    meaning: str
    source: str


@dataclass(frozen=True)
class Score:
    """What a detector makes of one segment: the fault holds where the value reaches the limit.

    Args:
        severity: Of the finding that this score raises.
        steps: (T,) ticks at which the detector could evaluate, rising.
        values: (T,) the score; NaN where it could not be computed.
        limit: The fault holds where `values >= limit`.
        persistence: How long it must hold.
        not_before: No alarm sounds before this step.
        fact: A fact alarms also during the warm-up.
    """

    severity: Severity
    steps: FloatArray
    values: FloatArray
    limit: float
    persistence: Persistence = Persistence()
    not_before: float = 0
    fact: bool = False


class Detector(ABC):
    """One failure signature. Its docstring is its page, in the sections that `docs` lists.

    Class attributes:
        code: GDnnn.
        title: Name for people.
        limits: Its limits, by name, each with its origin.

    Args:
        limits: Overruled values, by name.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    limits: ClassVar[Mapping[str, Limit]] = {}

    def __init__(self, limits: Mapping[str, float] | None = None) -> None:
        for name, value in (limits or {}).items():
            if name not in self.limits:
                raise UnknownNameError(f"limit of {self.slug}", name, self.limits)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigError(f"limit {self.slug}.{name} must be a number, got {value!r}")
        self._limit = {name: limit.value for name, limit in self.limits.items()} | dict(
            limits or {}
        )

    @property
    def slug(self) -> str:
        """Its name on the command line: the file name with hyphens."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @property
    def page(self) -> str:
        """Its documentation, from the docstring."""
        return inspect.cleandoc(type(self).__doc__ or "")

    @abstractmethod
    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The causal scores of one segment, or why there are none.

        The scores of `run.until(t)` are the prefix of the scores of `run`.
        """

    @abstractmethod
    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """The finding for an alarm that a score of `run` raised: its sentence and evidence."""

    def _report(
        self,
        score: Score,
        alarm: Alarm,
        player: str,
        message: str,
        evidence: tuple[Evidence, ...],
        missing: tuple[Missing, ...] = (),
    ) -> Finding:
        """The finding that a score and its alarm make, with a sentence and evidence.

        Where no row of the evidence is marked as the important one, the first is.
        """
        if evidence and not any(row.important for row in evidence):
            evidence = (replace(evidence[0], important=True), *evidence[1:])
        return Finding(
            code=self.code,
            slug=self.slug,
            player=player,
            severity=score.severity,
            confidence=alarm.confidence,
            message=message,
            onset=alarm.onset,
            alarm=alarm.alarm,
            cleared=alarm.cleared,
            evidence=evidence,
            missing=missing,
        )

    def examine(self, run: Run) -> Verdict:
        """The verdict on a whole run: every player, every segment."""
        findings: list[Finding] = []
        missing: list[Missing] = []
        for player in run.players:
            found, absent = self._examine_player(run, player)
            findings += found
            missing += absent
        if any(finding.standing for finding in findings):
            status: Status = "fired"
        else:
            status = "not assessed" if missing else "clear"
        return Verdict(self.code, self.slug, status, tuple(findings), tuple(dict.fromkeys(missing)))

    def _examine_player(self, run: Run, player: str) -> tuple[list[Finding], list[Missing]]:
        """Each segment by itself; what stands at the end of one that was resumed is over."""
        findings: list[Finding] = []
        missing: list[Missing] = []
        assessed = False
        for part in run.parts:
            scores = self.scores(part, player)
            if isinstance(scores, Missing):
                missing.append(scores)
                ripe = []
            else:
                ripe = [s for s in scores if _evaluations(part, s) >= s.persistence.window]
            assessed |= bool(ripe)
            if not ripe and run.foreign:
                finding = self._as_printed(part, player)
            else:
                finding = self._worst(part, ripe, player)
            if finding is not None:
                over = part is not run.parts[-1] and finding.standing
                findings.append(_cleared(finding, part.last_step) if over else finding)
        if assessed:
            return findings, []
        return findings, missing or [_unripe(run)]

    def _as_printed(self, run: Run, player: str) -> Finding | None:
        """A warning where the last rows of a log too short to judge show the fault, row by row."""
        rows = replace(run, clock="row")
        scores = self.scores(rows, player)
        if isinstance(scores, Missing):
            return None
        shown = [(score, held) for score in scores if (held := _held_at_the_end(score)) is not None]
        if not shown:
            return None
        score, (alarm, n) = max(shown, key=lambda pair: SEVERITIES.index(pair[0].severity))
        finding = self.finding(rows, score, alarm, player)
        return replace(
            finding,
            severity="warning" if score.severity == "critical" else score.severity,
            message=f"As printed, in {n} {'row' if n == 1 else 'rows'}: {finding.message}",
        )

    def _worst(self, run: Run, scores: Sequence[Score], player: str) -> Finding | None:
        """One finding a segment: the worst that stands, since the first of those that stand."""
        found = [
            (score, alarm)
            for score in scores
            for alarm in alarms(
                score.steps,
                score.values,
                score.limit,
                score.persistence,
                warm_up=0 if score.fact else warm_up(run),
                resets=() if score.fact else resets(run),
                not_before=score.not_before,
            )
        ]
        standing = [(score, alarm) for score, alarm in found if alarm.cleared is None]
        together = standing or found
        if not together:
            return None
        score, alarm = max(together, key=lambda pair: SEVERITIES.index(pair[0].severity))
        whole = replace(
            alarm,
            onset=min(a.onset for _, a in together),
            alarm=min(a.alarm for _, a in together),
            cleared=None if standing else max(a.cleared or 0 for _, a in found),
        )
        finding = self.finding(run, score, whole, player)
        return finding if standing else _cleared(finding, finding.cleared or 0)


def graded(
    steps: FloatArray,
    values: FloatArray,
    warning: float,
    critical: float,
    persistence: Persistence = THREE_CHECKS,
    not_before: float = 0,
) -> list[Score]:
    """One score with two limits: it warns from the first on, and is critical from the second.

    Args:
        steps: As in `Score`.
        values: As in `Score`.
        warning: Limit of the warning.
        critical: Limit of the critical finding.
        persistence: As in `Score`; of the sample checks unless given.
        not_before: As in `Score`.
    """
    grades: dict[Severity, float] = {"warning": warning, "critical": critical}
    return [
        Score(severity, steps, values, limit, persistence, not_before)
        for severity, limit in grades.items()
    ]


def warm_up(run: Run) -> float:
    """The step up to which only facts alarm: 500, or 2% of the budget (catalogue 2.2.3)."""
    if not run.tick_steps:
        return 0.0
    return WARM_UP_STEPS if run.budget is None else min(WARM_UP_STEPS, 0.02 * run.budget)


def share_of_budget(run: Run, share: float) -> float:
    """The step at which that share of the budget is spent.

    Of `ASSUMED_BUDGET` where none is declared; 0 where rows have no steps.
    """
    return share * (run.budget or ASSUMED_BUDGET) if run.tick_steps or run.budget else 0.0


def resets(run: Run) -> tuple[float, ...]:
    """The steps at which the training itself changed."""
    return tuple(event.step for event in run.events if event.kind in ("learning-rate", "phase"))


def _held_at_the_end(score: Score) -> tuple[Alarm, int] | None:
    """The stretch in which a score held up to its last row, and how many rows it has in all.

    None where that is less than half of them.
    """
    seen = ~np.isnan(score.values)
    steps, holds = score.steps[seen], score.values[seen] >= score.limit
    held = len(holds) - (int(np.flatnonzero(~holds)[-1]) + 1 if not holds.all() else 0)
    if not held or held < _MOSTLY * len(holds):
        return None
    return Alarm(float(steps[-held]), float(steps[-1]), None, held / len(holds)), len(holds)


def _evaluations(run: Run, score: Score) -> int:
    if score.fact:
        return evaluations(score.steps, score.values)
    return evaluations(score.steps, score.values, warm_up(run), resets(run))


def _unripe(run: Run) -> Missing:
    if run.last_step <= warm_up(run):
        how = f"it is assessed from step {warm_up(run):g} on"
        return Missing("warm-up", f"the run is at step {run.last_step:g}", how)
    return Missing(
        "too short", "enough evaluations to tell a fault from a passing state", "train on"
    )


def _cleared(finding: Finding, step: float) -> Finding:
    """What is over informs."""
    return replace(finding, severity="info", cleared=finding.cleared or step)


@cache
def known() -> Mapping[str, type[Detector]]:
    """All detectors, by slug."""
    from gan_doctor import detectors

    return discover(detectors)
