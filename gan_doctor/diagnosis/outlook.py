"""What to do with a run as a whole, how it gets on, and which step to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Missing, Outlook, Progress, Run, Series
from gan_doctor.detectors import (
    NOTICEABLE,
    SampleState,
    sample_state,
    share_of_budget,
    sound_fid,
)
from gan_doctor.stats import ewma, sen_slope

RECENT = 10  # sample checks that the trend is read from
FLAT = 0.1  # change of the quality over those checks, within which it is a plateau (proposal)
SMOOTHING = 3  # checks over which the quality is averaged before its best is looked for
LATE = 0.25  # share of the budget from which samples should reach some of the data (proposal)
POOR = 0.2  # share of the data that they should reach by then (proposal)
HEALTHY = 0.5  # share of the data that samples worth going back to reach (proposal)
FAST = 0.1  # share of the budget in which an overpowering D counts as fast (catalogue, stop policy)


def outlook(run: Run, findings: Sequence[Finding], best: Mapping[str, float]) -> Outlook:
    """The stop policy of the catalogue: warn, and stop only for what no patience cures.

    What broke after the samples had been good is gone back from, to the last good check.

    Stop: values that are not finite with nothing to roll back to, or a D that won within the first
    tenth of the declared budget and samples that stayed bad. Killing stays the person's decision.
    """
    standing = [f for f in findings if f.standing]
    critical = [f for f in standing if f.severity == "critical"]
    by_slug = {f.slug: f for f in critical}
    if "non-finite" in by_slug:
        broken = by_slug["non-finite"]
        step = best.get("raw")
        if step is not None and step < broken.onset:
            return Outlook("roll back", f"the weights broke at step {broken.onset:g}", step)
        return Outlook(
            "stop", f"the weights broke at step {broken.onset:g}, before any good sample"
        )
    won = by_slug.get("discriminator-overpowering")
    if won is not None and run.budget and won.onset <= share_of_budget(run, FAST):
        reason = f"D won within the first {FAST:.0%} of the budget and the samples stayed bad"
        return Outlook("stop", reason)
    if critical:
        first = min(critical, key=lambda finding: (not finding.wiring, finding.onset))
        since = f"{first.slug} has stood since step {first.onset:g}"
        if first.wiring:
            return Outlook("change", f"{since}: mend it before anything else and start again")
        healthy = _last_healthy(run, first.onset)
        if healthy is not None:
            return Outlook("roll back", f"{since}: go back and change one thing", healthy)
        return Outlook("change", f"{since}: change one thing and start again")
    if any(f.severity == "warning" for f in standing):
        return Outlook("watch", "a warning stands; do not stop for it alone")
    state = _state(run)
    if state is not None and state.steps[-1] >= share_of_budget(run, LATE):
        reached = float(state.quality[-1])
        if reached < POOR:
            said = f"at step {state.steps[-1]:g} the samples reach {reached:.0%} of the data"
            return Outlook("watch", f"no signature was found, but {said}")
    return Outlook("continue", "nothing stands against it")


def progress(run: Run) -> Progress:
    """The trend of the sample quality over the last checks, per 1,000 steps.

    Improving or worse when the 95% interval of Sen's slope lies on one side of 0; a plateau only
    when the interval shows that any change over those checks is small. Else it is not assessed.
    """
    state = _state(run)
    if state is None:
        return Progress()
    steps, quality = state.steps[-RECENT:], state.quality[-RECENT:]
    slope = sen_slope(steps / 1000, quality)
    if slope is None:
        return Progress()
    span = float(steps[-1] - steps[0]) / 1000
    small = max(abs(slope.low), abs(slope.high)) * span < FLAT
    if small:
        status = "plateau"
    elif slope.low > 0:
        status = "improving"
    else:
        status = "worse" if slope.high < 0 else "not assessed"
    measure = "the share of the data that the samples reach"
    return Progress(status, measure, slope.value, slope.low, slope.high)  # type: ignore[arg-type]


def best_step(run: Run) -> dict[str, float]:
    """The check with the best quality, smoothed over those before it; {} if none was any good.

    By the FID of the log where no samples were held against the data.
    """
    state = _state(run)
    if state is None:
        fid = _fid(run)
        return {} if fid is None else _lowest(fid.steps, np.log(fid.values))
    if not np.any(state.quality > NOTICEABLE):
        return {}
    return _lowest(state.steps, -state.quality)


def _lowest(steps: FloatArray, values: FloatArray) -> dict[str, float]:
    return {"raw": float(steps[int(np.nanargmin(ewma(values, SMOOTHING)))])}


def _fid(run: Run) -> Series | None:
    """Of the first player that has one."""
    found = (sound_fid(run.parts[-1], player) for player in run.players)
    return next((fid for fid in found if not isinstance(fid, Missing)), None)


def _last_healthy(run: Run, onset: float) -> float | None:
    """The last check before a step whose samples reached much of the data, unless they still do."""
    state = _state(run)
    if state is None or state.quality[-1] >= HEALTHY:
        return None
    healthy = state.steps[(state.quality >= HEALTHY) & (state.steps < onset)]
    return float(healthy[-1]) if len(healthy) else None


def _state(run: Run) -> SampleState | None:
    """Of the first player that has samples."""
    states = (sample_state(run.parts[-1], player) for player in run.players)
    return next((state for state in states if not isinstance(state, Missing)), None)
