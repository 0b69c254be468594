"""GD404: the samples were clearly better at an earlier step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import percent
from gan_doctor.detectors._fid import sound_fid
from gan_doctor.detectors._signals import SampleState, sample_state
from gan_doctor.stats import MAD_TO_SD, Alarm, ewma, trailing_median

__all__ = ["QualityRegression"]

_SMOOTHING = 3  # checks over which quality is averaged, as for the best step of a diagnosis
_USUAL = 20  # last second differences that tell how much checks vary


@dataclass(frozen=True)
class _Track:
    """The quality over the checks, on a scale on which higher is better.

    Args:
        series: Text of the key.
        steps: (C,) of the checks.
        values: (C,) as recorded: the share of the data that is reached, or the FID.
        levels: (C,) the share, or minus the logarithm of the FID.
    """

    series: str
    steps: FloatArray
    values: FloatArray
    levels: FloatArray


class QualityRegression(Detector):
    """Finds samples that have become clearly worse than they were.

    What it does:
        Compares the quality of the samples at each check with the best of the run so far, and names
        the step to go back to.

    Why this is a problem:
        A GAN does not keep what it has reached: a learning rate that is too high, a D that learns
        its data by heart or a late collapse ruins good weights, and the losses need not show it. In
        a public log the FID went from 46 to 201 while the losses looked as before.

    How it is measured:
        The share of the data that the samples reach, smoothed over three checks; its best so far
        less its present value. The fall must also be large against the usual changes between
        checks. Where no samples were held against the data, the FID of the log by its ratio to its
        best; a FID that is not finite, not above 0 or beyond 100,000 is a broken metric and left
        out. It must hold at three checks in a row, and no alarm sounds in the first tenth of the
        budget.

    Limits:
        fall .2 of the share that real data gives (warning), lost half of the best (critical), risen
        .3 of the best FID (warning), doubled 1 of it (critical), usual 4 robust sds of a check,
        earliest .1 of the budget; all proposals.

    Known false alarms:
        A dip that recovers within three checks is none. A FID of another number of samples, of
        other features or of the raw weights after those of an average: compare like with like.
        After a resume the best before it is not known.

    Remedies:
        Roll back to the best checkpoint; from there a lower learning rate or its decay, an average
        of G's weights.

    References:
        Catalogue section 6 (article 6.13); section 4 for the answer.
    """

    code = "GD404"
    title = "Quality regression"
    limits = {
        "fall": Limit(0.2, "share of real quality lost since the best, a warning", "proposal"),
        "lost": Limit(0.5, "share of the best quality that is lost, critical", "proposal"),
        "risen": Limit(0.3, "relative rise of the FID over its best, a warning", "proposal"),
        "doubled": Limit(1.0, "relative rise of the FID over its best, critical", "proposal"),
        "usual": Limit(4.0, "robust sds of a check that the fall must exceed", "proposal"),
        "earliest": Limit(0.1, "share of the budget before which no alarm sounds", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The fall since the best over its limits, at each check."""
        track = _track(run, player)
        if isinstance(track, Missing):
            return track
        fallen, lost = self._degrees(track)
        earliest = share_of_budget(run, self._limit["earliest"])
        return [
            Score("warning", track.steps, fallen, 1.0, THREE_CHECKS, earliest),
            Score("critical", track.steps, np.minimum(fallen, lost), 1.0, THREE_CHECKS, earliest),
        ]

    def _degrees(self, track: _Track) -> tuple[FloatArray, FloatArray]:
        """(C,) the fall over its limit, and how much is lost over its limit."""
        smooth = ewma(track.levels, _SMOOTHING)
        best = np.fmax.accumulate(smooth)
        # A check that is as good as ever ends a dip at once; NaN is no check.
        fall = best - np.maximum(smooth, track.levels)
        if track.series.startswith("sample/"):
            enough = self._limit["fall"]
            lost = fall / np.maximum(best, 1e-9) / self._limit["lost"]
        else:
            enough, much = (math.log1p(max(self._limit[n], 0)) for n in ("risen", "doubled"))
            lost = fall / max(much, 1e-9)
        usual = self._limit["usual"] * _usual_error(track.levels)
        return fall / np.maximum(max(enough, 1e-9), usual), lost

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says how good the samples were at their best, how they are now, and where to go back."""
        track = _track(run, player)
        assert not isinstance(track, Missing)
        smooth = ewma(track.levels, _SMOOTHING)
        past = track.steps <= alarm.onset
        best = int(np.nanargmax(np.where(past, smooth, -np.inf)))
        end = np.inf if alarm.cleared is None else alarm.cleared
        fallen = (track.steps >= alarm.onset) & (track.steps <= end) & np.isfinite(track.levels)
        before, now = float(track.values[best]), float(np.mean(track.values[fallen]))
        window = (alarm.onset, float(track.steps[fallen][-1]))
        sense: Literal["above", "below"] = "above"
        if track.series.startswith("sample/"):
            sense, limit = "below", float(smooth[best]) - self._limit["fall"]
            rows = ("mean, share of the data that the samples reach", "at its best")
            said = f"the samples reach {percent(max(now, 0))} of the data"
            said += f", after {percent(max(before, 0))} at step {track.steps[best]:g}"
        else:
            limit = math.exp(-float(smooth[best])) * (1 + self._limit["risen"])
            rows = ("mean", "at its best")
            said = f"the FID is {now:.3g}, after {before:.3g} at step {track.steps[best]:g}"
        at_best = (float(track.steps[best]), float(track.steps[best]))
        evidence = (
            Evidence(track.series, rows[0], now, limit, window, True, sense),
            Evidence(track.series, rows[1], before, None, at_best),
        )
        message = f"Since step {alarm.onset:g} {said}: roll back to step {track.steps[best]:g}."
        return self._report(score, alarm, player, message, evidence)


def _track(run: Run, player: str) -> _Track | Missing:
    """The quality of the samples, else the FID."""
    state = sample_state(run, player)
    if isinstance(state, SampleState):
        return _Track("sample/coverage", state.steps, state.quality, state.quality)
    fid = sound_fid(run, player)
    if isinstance(fid, Missing):
        return fid if run.get("metric/fid", player) else state
    return _Track(str(fid.key), fid.steps, fid.values, -np.log(fid.values))


def _usual_error(levels: FloatArray) -> FloatArray:
    """(C,) the robust sd of one check as it is known at each check, 0 before there are five.

    From the last second differences, in which a steady rise or fall does not show, nor a sudden
    one among many.
    """
    error = np.zeros(len(levels))
    seen = np.flatnonzero(np.isfinite(levels))
    bends = trailing_median(np.abs(np.diff(levels[seen], 2)), _USUAL)
    error[seen[4:]] = MAD_TO_SD * bends[2:] / math.sqrt(6)
    return error
