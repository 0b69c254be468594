"""GD104: losses or D's outputs that run away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import recorded
from gan_doctor.detectors._signals import (
    only_where,
    sample_evidence,
    sample_state,
    samples_in_words,
)
from gan_doctor.stats import Alarm, mean_by_tick, trailing_median

__all__ = ["Divergence"]

_SMOOTHED = 5  # ticks whose median counts, so that spikes do not
_EARLY = 0.1  # share of the budget that shows what size is the run's own
_LEAST = 20  # ticks that do so where nothing tells how long the run is
_STILL = 1.1  # times the size at nine tenths of the time, from which it still grows


class Divergence(Detector):
    """Finds losses of either player, or outputs of D, that grow without end.

    What it does:
        Follows the size of D's loss, G's loss and D's outputs, and asks whether they have left all
        proportion, by a measure that suits the loss family.

    Why this is a problem:
        Nothing bounds D any more, or the players drive each other apart. G learns from a D that
        changes faster than it can follow, and the numbers end in an overflow.

    How it is measured:
        The size is the median over five ticks of the absolute value. The losses and logits of
        cross-entropy, least squares and hinge rest near 1, so that a thousand times that is out of
        proportion. Relativistic losses know differences of logits only: there the gap between
        reals and fakes counts, and the spread. The Wasserstein loss has no scale: there
        the gap must be ten times what it was in the first tenth of the budget, grow fourfold while
        the run doubles in length, and still grow, and it is away until it is smaller than it was
        then; its offset, and with it G's loss, may drift. A
        family that is not known must be out of proportion and grow. It warns while the samples are
        not real, and is critical where they are bad.

    Limits:
        huge 1,000 (catalogue S9), growth 4, grown 10, real .75 and bad .2 of the data (proposals).

    Known false alarms:
        Losses with a large factor in front of them, such as a pixel loss of weight 1,000 that was
        logged as G's loss under a declared family. A G loss that climbs to 5 or 10 while D wins is
        no divergence: see discriminator-overpowering.

    Remedies:
        A lower learning rate, clipping, R1 or a gradient penalty, spectral normalisation.

    References:
        Catalogue S9 and S11.
    """

    code = "GD104"
    title = "Divergence"
    limits = {
        "huge": Limit(1e3, "size of a loss or logit that rests near 1", "catalogue S9"),
        "growth": Limit(4.0, "times the size at half of the time", "proposal"),
        "grown": Limit(10.0, "times the size in the first tenth of the budget", "proposal"),
        "real": Limit(0.75, "samples that reach this share of the data count as real", "proposal"),
        "bad": Limit(0.2, "samples that reach less than this share of the data", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """How far the worst of them is out of proportion, where the samples are not real."""
        signals = _signals(run, player)
        if not signals:
            return Missing(
                "no series", "losses or D's logits", "pass loss_d= and loss_g= to doctor.step"
            )
        away = np.fmax.reduce([self._away(run, signal) for signal in signals])
        state = sample_state(run, player)
        if isinstance(state, Missing):
            nothing = np.full(len(away), np.nan)
            return [
                Score("warning", run.ticks, away, 1.0),
                Score("critical", run.ticks, nothing, 1.0),
            ]
        real = state.at(run.ticks, state.quality >= self._limit["real"])
        bad = state.at(run.ticks, state.quality < self._limit["bad"])
        warning = only_where(real != 1, away)
        critical = only_where(bad == 1, warning)
        return [
            Score("warning", run.ticks, warning, 1.0),
            Score("critical", run.ticks, np.where(np.isnan(bad), np.nan, critical), 1.0),
        ]

    def _away(self, run: Run, signal: _Signal) -> FloatArray:
        """(T,) how far a signal is out of proportion, 1 at the limit."""
        huge = signal.size / self._limit["huge"]
        if run.setup.objective.family not in (None, "wasserstein"):
            return huge
        growth = _growth(run, signal.size, 0.5) / self._limit["growth"]
        still = _growth(run, signal.size, 0.9) / _STILL
        grown = signal.size / (self._limit["grown"] * _early(run, signal.size))
        growing = np.minimum(np.minimum(growth, still), grown)
        growing = np.fmax(growing, _still_out(signal.size, growing))
        return growing if run.setup.objective.family else np.minimum(growing, huge)

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Names what runs away furthest, and how far it has gone."""
        end = run.last_step if alarm.cleared is None else alarm.cleared
        during = (run.ticks >= alarm.onset) & (run.ticks <= end)

        def furthest(signal: _Signal) -> float:
            return float(np.fmax.reduce(self._away(run, signal)[during], initial=-1.0))

        signal = max(_signals(run, player), key=furthest)
        samples = sample_state(run, player)
        sizes = signal.size[during & np.isfinite(signal.size)]
        now = float(sizes.max())
        limited = run.setup.objective.family != "wasserstein"
        evidence = (
            Evidence(
                signal.series,
                "largest size, median of 5 ticks",
                now,
                self._limit["huge"] if limited else None,
                (alarm.onset, end),
                important=True,
            ),
            *sample_evidence(run, alarm, samples, self._limit["bad"]),
            *recorded(
                run, alarm,
                ("loss/d", "loss/g", "logit/real", "logit/fake", "logit/sd", "gradient/d"), player,
            ),
        )  # fmt: skip
        said = f"{signal.words} has run away since step {alarm.onset:g}, to {now:.3g}"
        return self._report(
            score,
            alarm,
            player,
            f"{said}{_before(run, signal, alarm, now)}, {samples_in_words(samples, alarm)}.",
            tuple(e for e in evidence if np.isfinite(e.value)),
            (samples,) if isinstance(samples, Missing) else (),
        )


@dataclass(frozen=True)
class _Signal:
    """Something that may run away.

    Args:
        words: What it is.
        series: The series that it is read from.
        size: (T,) its smoothed absolute value at each tick, NaN where it is not finite.
    """

    words: str
    series: str
    size: FloatArray


def _signals(run: Run, player: str) -> list[_Signal]:
    """What is recorded of the sizes that mean something under the loss family."""
    names = ("loss/d", "loss/g", "logit/real", "logit/fake", "logit/sd")
    found = {name: series for name in names if (series := run.get(name, player)) is not None}
    values = {name: mean_by_tick(series, run.ticks) for name, series in found.items()}
    family = run.setup.objective.family
    if family == "wasserstein":
        values.pop("loss/g", None)  # -E D(G(z)), whose offset drifts
    if "logit/real" in values and "logit/fake" in values:
        real, fake = values.pop("logit/real"), values.pop("logit/fake")
        offset_free = family in (None, "wasserstein") or str(family).startswith("relativistic")
        with np.errstate(invalid="ignore"):
            values["logit/real"] = (
                real - fake if offset_free else np.fmax(np.abs(real), np.abs(fake))
            )
    words = {
        "loss/d": "D's loss",
        "loss/g": "G's loss",
        "logit/real": "D's output",
        "logit/sd": "The spread of D's outputs",
    }
    return [
        _Signal(text, str(found[name].key), _size(values[name]))
        for name, text in words.items()
        if name in values
    ]


def _before(run: Run, signal: _Signal, alarm: Alarm, now: float) -> str:
    """What the size was at half of the time, if less, as a part of the sentence."""
    begun = run.segments[0].first_step
    earlier = np.flatnonzero(run.ticks <= (begun + alarm.onset) / 2)
    size = signal.size[earlier[-1]] if len(earlier) else np.nan
    return f" from {size:.3g} at step {run.ticks[earlier[-1]]:g}" if size < now else ""


def _size(values: FloatArray) -> FloatArray:
    """(T,) the median over five ticks of the absolute value; NaN where none is finite."""
    return trailing_median(np.abs(values), _SMOOTHED)


def _growth(run: Run, size: FloatArray, share: float) -> FloatArray:
    """(T,) the size over the one at a share of the time since the segment began."""
    begun = run.segments[0].first_step
    then = np.searchsorted(run.ticks, begun + share * (run.ticks - begun), side="right") - 1
    before = np.where(then >= 0, size[np.maximum(then, 0)], np.nan)
    return size / np.where(before > 0, before, np.nan)


def _still_out(size: FloatArray, growing: FloatArray) -> FloatArray:
    """(T,) the size over the one at which it ran away for some ticks, NaN if it never did.

    What has run away need not speed up to stay away: what grows with the square of the time grows
    fourfold whenever the time doubles, and ever less from tick to tick.
    """
    steady = np.cumsum(np.concatenate([np.zeros(_SMOOTHED), growing >= 1]))
    away = steady[_SMOOTHED:] - steady[:-_SMOOTHED] == _SMOOTHED
    first = int(np.argmax(away)) if away.any() else len(size)
    return np.concatenate([np.full(first, np.nan), size[first:] / size[first : first + 1]])


def _early(run: Run, size: FloatArray) -> FloatArray:
    """(T,) the largest size in the first tenth of the budget, NaN until it is over."""
    if not len(size):
        return size
    begun = run.segments[0].first_step
    end = begun + share_of_budget(run, _EARLY)
    if end == begun:  # rows, of which nobody knows how many there will be
        end = run.ticks[min(_LEAST, len(run.ticks)) - 1]
    early = run.ticks <= end
    most = np.fmax.reduce(size[early], initial=0.0)
    return np.where(early | (most == 0), np.nan, most)
