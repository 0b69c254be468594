"""The one alarm function: from a score and its limit to since when, known when, and over when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gan_doctor.core import FloatArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Persistence:
    """How long a fault must hold before it counts.

    Args:
        window: The number of latest evaluations looked at.
        share: The share of them in which the fault must hold, in (.5, 1]; it is over when it holds
            in at most the rest of them.
    """

    window: int = 10
    share: float = 0.8


@dataclass(frozen=True)
class Alarm:
    """One stretch of a fault.

    Args:
        onset: First step of the stretch.
        alarm: First step at which it could be known.
        cleared: Step at which it was known to be over, None while it stands.
        confidence: The largest share of a window in which the fault held.
    """

    onset: float
    alarm: float
    cleared: float | None
    confidence: float


def alarms(
    steps: FloatArray,
    values: FloatArray,
    limit: float,
    persistence: Persistence = Persistence(),
    warm_up: float = 0,
    resets: Sequence[float] = (),
    not_before: float = 0,
) -> tuple[Alarm, ...]:
    """Turns a causal score into alarms.

    The fault holds at an evaluation where `values >= limit`. It counts once it holds in `share` of
    the last `window` evaluations, and is over once it holds in at most `1 - share` of them: between
    the two, things stay as they are. A reset empties the window. Nothing is decided from values
    that come after the step in question.

    Args:
        steps: (T,) evaluations, rising.
        values: (T,) the score; NaN is no evaluation.
        limit: The fault holds where the score reaches it.
        persistence: How long it must hold.
        warm_up: Evaluations up to this step raise no alarm, 0 for none; an onset may lie in it.
        resets: Steps at which the training changed, such as a new learning rate.
        not_before: No alarm sounds before this step, but evaluations before it count.

    Returns:
        The alarms in order; only the last can still stand.

    Example:
        >>> steps = np.arange(10.0)
        >>> [a.onset for a in alarms(steps, 1.0 * (steps > 4), 1, Persistence(3, 1.0))]
        [5.0]
    """
    seen = ~np.isnan(values)
    steps, holds = steps[seen], values[seen] >= limit
    share, ripe = _shares(steps, holds, persistence.window, warm_up, resets)
    found: list[Alarm] = []
    standing: Alarm | None = None
    if not np.any(share[ripe] >= persistence.share):  # as in most runs
        return ()
    for i in np.flatnonzero(ripe):
        if standing is None:
            if share[i] >= persistence.share and steps[i] >= not_before:
                onset = _stretch_start(holds, int(i) + 1 - persistence.window)
                standing = Alarm(float(steps[onset]), float(steps[i]), None, float(share[i]))
        elif share[i] <= 1 - persistence.share + 1e-9:
            found.append(replace(standing, cleared=float(steps[i])))
            standing = None
        else:
            standing = replace(standing, confidence=max(standing.confidence, float(share[i])))
    return (*found, standing) if standing else tuple(found)


def evaluations(
    steps: FloatArray, values: FloatArray, warm_up: float = 0, resets: Sequence[float] = ()
) -> int:
    """The most evaluations that any window could draw on; with too few, no alarm can sound."""
    seen = steps[~np.isnan(values)]
    starts = _window_starts(seen, warm_up, resets)
    return int((np.arange(len(seen)) + 1 - starts).max(initial=0))


def _shares(
    steps: FloatArray, holds: BoolArray, window: int, warm_up: float, resets: Sequence[float]
) -> tuple[FloatArray, BoolArray]:
    """(T,) the share of each window in which the fault holds, and which windows are full."""
    here = np.arange(len(steps)) + 1
    first = np.maximum(_window_starts(steps, warm_up, resets), here - window)
    total = np.concatenate([[0], np.cumsum(holds)])
    return (total[here] - total[first]) / window, here - first == window


def _window_starts(
    steps: FloatArray, warm_up: float, resets: Sequence[float]
) -> npt.NDArray[np.intp]:
    """(T,) for each evaluation, the index from which on its window may reach."""
    begin = warm_up or -np.inf  # epochs and rows are counted from 0: that one is an evaluation too
    marks = np.sort(np.asarray([begin, *(r for r in resets if r > begin)], dtype=np.float64))
    # The evaluation at a mark still belongs to what was before it.
    first_after = np.searchsorted(steps, marks, side="right")
    return first_after[np.maximum(np.searchsorted(marks, steps, side="left") - 1, 0)]


def _stretch_start(holds: BoolArray, first: int) -> int:
    """Where the unbroken stretch began that holds at the window's first positive."""
    start = first + int(np.argmax(holds[first:]))
    breaks = np.flatnonzero(~holds[:start])
    return int(breaks[-1]) + 1 if len(breaks) else 0
