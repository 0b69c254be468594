"""What a diagnosis says: evidence, findings, verdicts, remedies, outlook and progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import gan_doctor
from gan_doctor.core.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
Status = Literal["fired", "clear", "not assessed"]
Why = Literal[
    "no series",
    "warm-up",
    "too short",
    "objective unknown",
    "orientation unknown",
    "degenerate data",
]


@dataclass(frozen=True)
class Evidence:
    """A number against its limit.

    Args:
        series: The text of the key it was read from.
        statistic: What was computed, in words: "mean over the window".
        value: What it gave.
        limit: What it is held against; None for a number that only informs.
        window: (first, last) step that it covers.
        important: The one row to show when only one can be shown.
        sense: On which side of the limit the fault lies.
    """

    series: str
    statistic: str
    value: float
    limit: float | None = None
    window: tuple[float, float] | None = None
    important: bool = False
    sense: Literal["above", "below"] = "above"


@dataclass(frozen=True)
class Missing:
    """Something that could not be assessed.

    Args:
        why: The reason, in one word of the list.
        what: What is missing: "D's logits on real and fake batches".
        how: How to get it.
    """

    why: Why
    what: str
    how: str = ""


@dataclass(frozen=True)
class Remedy:
    """A trick prescribed for this run.

    Args:
        slug: The trick's card.
        title: Its name, for people.
        action: One sentence with this run's numbers.
        values: What to set, by name: {"lr_d": 4e-4}.
        cost: Factor on the time of an iteration.
        cost_note: What else it costs.
        check: How to see that it worked, and after how many steps.
        avoid_when: When not to do it.
        references: Where it comes from.
        if_not_already: The log does not tell whether it is in use.
    """

    slug: str
    title: str
    action: str
    values: Mapping[str, Any] = field(default_factory=dict)
    cost: float = 1.0
    cost_note: str = ""
    check: str = ""
    avoid_when: str = ""
    references: tuple[str, ...] = ()
    if_not_already: bool = False


@dataclass(frozen=True)
class Finding:
    """A failure signature that was found in a run.

    Args:
        code: GDnnn.
        slug: Its name, the file name of its detector.
        player: Which G or D, where there are several.
        severity: How bad, as of the end of the record; what has cleared is info.
        confidence: How sure, 0 to 1: a share of evaluations in the window, not a calibrated
            probability.
        message: One sentence, a number, a time.
        onset: First step of the fault.
        alarm: First step at which it could be known.
        cleared: Step at which it was over, None while it stands.
        cause: Slug of the finding that this one follows from, "" for a cause of its own.
        evidence: The numbers.
        missing: What would have made it surer.
        remedies: What to do, in order.
    """

    code: str
    slug: str
    severity: Severity
    message: str
    onset: float
    alarm: float
    player: str = ""
    confidence: float = 1.0
    cleared: float | None = None
    cause: str = ""
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[Missing, ...] = ()
    remedies: tuple[Remedy, ...] = ()

    @property
    def standing(self) -> bool:
        """Whether it still holds at the end of the record."""
        return self.cleared is None

    @property
    def wiring(self) -> bool:
        """Whether it says that something is connected wrongly, which outranks all that follows."""
        return self.code.startswith("GD6")


@dataclass(frozen=True)
class Verdict:
    """What one detector says of a run.

    Args:
        code: Of the detector.
        detector: Its slug.
        status: `fired` if a finding stands, `clear` if it looked and found none, else
            `not assessed`.
        findings: Those that stand, and those that have cleared.
        missing: Why it was not assessed.
    """

    code: str
    detector: str
    status: Status
    findings: tuple[Finding, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class Outlook:
    """What to do with the run as a whole.

    Args:
        action: From leaving it alone to stopping it.
        reason: One sentence.
        step: Where to roll back to, for `roll back`.
    """

    action: Literal["continue", "watch", "change", "roll back", "stop"]
    reason: str
    step: float | None = None


@dataclass(frozen=True)
class Progress:
    """Whether the samples still get better.

    Args:
        status: `improving`, `plateau`, `worse`, or `not assessed`.
        measure: The text of the series it was read from.
        gain: Change per 1,000 steps, positive is better, in the unit of the measure.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    status: Literal["improving", "plateau", "worse", "not assessed"] = "not assessed"
    measure: str = ""
    gain: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor says of a run.

    Args:
        run: The run it is about.
        verdicts: One for each detector that was asked.
        outlook: What to do with the run.
        progress: Whether the samples still get better.
        best_step: The best step to keep, by generator: "raw", "ema"; empty when not assessed.
    """

    run: Run
    verdicts: tuple[Verdict, ...]
    outlook: Outlook
    progress: Progress = Progress()
    best_step: Mapping[str, float] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the standing and worst first, consequences right after their cause.

        Of two that are as bad, a fault of the wiring comes first, and then what began first.
        """

        def rank(finding: Finding) -> tuple[bool, int, bool, float]:
            worst = -SEVERITIES.index(finding.severity)
            return (not finding.standing, worst, not finding.wiring, finding.onset)

        waiting = sorted((f for verdict in self.verdicts for f in verdict.findings), key=rank)
        ordered: list[Finding] = []

        def place(cause: Finding) -> None:
            waiting.remove(cause)
            ordered.append(cause)
            while (effect := next((f for f in waiting if _follows(f, cause)), None)) is not None:
                place(effect)

        while waiting:
            causes = (f for f in waiting if not any(_follows(f, other) for other in waiting))
            place(next(causes, waiting[0]))  # two that blame each other: the first by rank
        return tuple(ordered)

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst standing finding, None when nothing stands."""
        standing = [SEVERITIES.index(f.severity) for f in self.findings if f.standing]
        return SEVERITIES[max(standing)] if standing else None

    def plot(self) -> Figure:
        """The curves of the run under a timeline of the findings, as a matplotlib figure."""
        return gan_doctor.diagnosis_figure(self)

    def _repr_html_(self) -> str:
        return gan_doctor.diagnosis_html(self)


def _follows(effect: Finding, cause: Finding) -> bool:
    return effect.cause == cause.slug and effect.player == cause.player
