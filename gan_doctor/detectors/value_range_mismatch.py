"""GD405: values, or the pixels at the border, tell fakes from reals without a look at the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Key, Missing, Run, Series
from gan_doctor.core.setup import Range
from gan_doctor.detectors._base import THREE_CHECKS, Detector, Limit, Score, share_of_budget
from gan_doctor.detectors._evidence import measured, percent
from gan_doctor.detectors._signals import NO_SAMPLES, against_null, excess_over_null
from gan_doctor.stats import Alarm, Persistence, latest_by_tick

__all__ = ["ValueRangeMismatch"]


class ValueRangeMismatch(Detector):
    """Finds reals that G cannot make because of their range, and ranges or borders that differ.

    What it does:
        Holds the range of the reals against what G's last activation can give, the values of the
        fakes against the range of the reals and the other way round, and the values of the
        outermost pixels of both against each other.

    Why this is a problem:
        A single value that only one side has is enough for D to be right, whatever the image shows:
        reals scaled to [0, 1] beside a tanh, standardised reals beyond 1, padding on one side. D
        wins, and the gradient that G gets is about the range and not about the image.

    How it is measured:
        A fact from the start: the share of the real range beyond the reach of G's last activation.
        It is dropped where fakes were seen beyond that reach, and is over where next to none of
        the reals' values is beyond what the fakes reach. It is critical where many of them are.

        In the samples: the share of the fakes' values outside the real range, and of the reals'
        values outside that of the fakes, less the same between halves of the reals. They count
        where the fakes are realistic: noise and early samples have a range of their own. Those
        outside count at once where no real uses much of what G's activation gives. Values that are
        not reached do not count where G's activation could reach them.

        The border: total variation between the values of the outermost pixels, where it is large
        and several times that of all pixels. In samples that are far off both are large.

        No alarm but the fact sounds in the first tenth of the budget. Measured on 512 MNIST digits
        of 28 pixels against as many others: none outside, none unreached, .004 for all pixels and
        .001 for the border; digits in [0, 1] against [-1, 1] .87 unreached; a white frame one pixel
        wide 1.0 at the border and .14 in all. A healthy DCGAN has none outside and none unreached
        from a twentieth of its training on, and .8 / .42 (border / all) at 15% of it, .43 / .22 at
        25%, .16 / .12 at 40% and .07 / .08 at its end: never more than 2.3 times, in two others
        neither. Trained on digits in [0, 1], a tanh had .14 to .36 of its values
        outside throughout.

    Limits:
        beyond .05 of the real range, many .1 of the real values (critical), values .05 of the
        values of either, unused .4 of G's reach, border .3, apart 3 times, realistic .1 of real
        precision, earliest .1 of the budget; all proposals, chosen on the digits above.

    Known false alarms:
        A G that scales its output after the last activation module: the fact stands until its
        samples are seen to reach the range. Rare outliers in the reals. Noise that is added to
        reals on purpose is outside of the reach of G, and is seen as such.

    Remedies:
        Scale the reals to [-1, 1] for a tanh, to [0, 1] for a sigmoid, or give G a linear output
        where the data has no bounds. Crop or pad both sides in the same way.

    References:
        Catalogue 6.1; Radford et al. 2016 (1511.06434), section 4.
    """

    code = "GD405"
    title = "Value range mismatch"
    limits = {
        "beyond": Limit(0.05, "share of the real range that G cannot reach", "proposal"),
        "many": Limit(0.1, "share of real values that G cannot reach, critical", "proposal"),
        "values": Limit(0.05, "share of values of one side beyond the other's range", "proposal"),
        "unused": Limit(
            0.4, "share of G's reach that no real uses, from which on the ranges differ", "proposal"
        ),
        "border": Limit(0.3, "total variation between the outermost pixels", "proposal"),
        "apart": Limit(3.0, "times that of all pixels from which it is the border", "proposal"),
        "realistic": Limit(
            0.1, "share of real precision from which the range of fakes counts", "proposal"
        ),
        "earliest": Limit(0.1, "share of the budget before which only facts alarm", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """The fact at each tick; values that cannot be made, and differences, at each check."""
        fact, signs = self._fact(run, player), _signs(run, player)
        if isinstance(signs, Missing):
            if np.isnan(fact).all():
                return signs
            signs = _Signs.none()
        earliest = share_of_budget(run, self._limit["earliest"])
        beyond = self._limit["beyond"]
        share = share_beyond(run, player)
        # Fakes that are no images reach less of the range than G could.
        counts = (signs.precision >= self._limit["realistic"]) | (share >= _MOST)
        cannot = np.where(counts & (share >= beyond), signs.unreached, np.nan)
        differ = np.fmax.reduce(self._degrees(run, signs, player))
        many, steps = self._limit["many"], signs.steps
        return [
            Score("warning", run.ticks, fact, beyond, Persistence(1, 1.0), fact=True),
            Score("critical", steps, cannot, many, THREE_CHECKS, earliest),
            Score("warning", steps, differ, 1.0, THREE_CHECKS, earliest),
        ]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says which values cannot be made, or which differ."""
        signs = _signs(run, player)
        if isinstance(signs, Missing):
            signs = _Signs.none()
        if score.fact or score.severity == "critical":
            message, evidence = self._unreachable(run, alarm, signs, player)
        else:
            message, evidence = self._different(run, alarm, signs, player)
        return self._report(score, alarm, player, message, evidence)

    def _fact(self, run: Run, player: str) -> FloatArray:
        """(T,) share of the real range beyond G's reach, 0 where samples belie it; NaN if none."""
        beyond, ticks = share_beyond(run, player), run.ticks
        if not beyond > 0:
            return np.full(len(ticks), np.nan)
        signs = _signs(run, player)
        if isinstance(signs, Missing):
            return np.full(len(ticks), beyond)
        latest = latest_by_tick(Series(Key("sample"), signs.steps, signs.unreached), ticks)
        return np.where(latest < _NEXT_TO_NONE, 0.0, beyond)

    def _degrees(
        self, run: Run, signs: _Signs, player: str
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(C,) outside, unreached and border over their limits, NaN where they do not count."""
        realistic = signs.precision >= self._limit["realistic"]
        # Where reals use a part of G's reach, values beyond it tell fakes however far they are.
        told = realistic | (share_unused(run, player) >= self._limit["unused"])
        outside = np.where(told, signs.outside, np.nan) / self._limit["values"]
        # What G's activation could give was not learned; what it could not is the fact's.
        reached = realistic & (reach_of(run, player) is None)
        unreached = np.where(reached, signs.unreached, np.nan) / self._limit["values"]
        at_border = signs.border >= self._limit["apart"] * np.maximum(signs.value, 0)
        border = np.where(at_border, signs.border, np.minimum(signs.border, 0))
        return outside, unreached, border / self._limit["border"]

    def _unreachable(
        self, run: Run, alarm: Alarm, signs: _Signs, player: str
    ) -> tuple[str, tuple[Evidence, ...]]:
        reach, real, beyond = reach_of(run, player), run.setup.real_range, share_beyond(run, player)
        assert reach is not None
        assert real is not None
        network = run.setup.network("g", player)
        activation = network.output_activation if network else ""
        end = run.last_step if alarm.cleared is None else alarm.cleared
        values = measured(
            run, alarm, "sample/unreached", "mean above the reals", signs.steps, signs.unreached,
            self._limit["many"],
        )  # fmt: skip
        evidence = (
            Evidence(
                "setup", f"share of the real range that {activation} does not reach", beyond,
                self._limit["beyond"], (alarm.onset, end), important=True,
            ),
            *values,
        )  # fmt: skip
        message = (
            f"Since step {alarm.onset:g} G cannot make all reals: their values go from "
            f"{real[0]:.3g} to {real[1]:.3g}, those of its {activation} from {reach[0]:.3g} to "
            f"{reach[1]:.3g}, so {percent(beyond)} of the real range is out of reach"
        )
        if values and values[0].value > 0:
            message += f", and {percent(values[0].value)} of the real values are not reached"
        return f"{message}.", evidence

    def _different(
        self, run: Run, alarm: Alarm, signs: _Signs, player: str
    ) -> tuple[str, tuple[Evidence, ...]]:
        words = "mean above the reals"
        limits = (self._limit["values"], self._limit["values"], self._limit["border"])
        names = ("sample/outside", "sample/unreached", "sample/border_distance")
        shares = (signs.outside, signs.unreached, signs.border)
        found: dict[str, tuple[float, float]] = {}  # by name: degree, value
        degrees = self._degrees(run, signs, player)
        for name, values, degree in zip(names, shares, degrees, strict=True):
            strength = measured(run, alarm, name, words, signs.steps, degree)
            value = measured(run, alarm, name, words, signs.steps, values)
            if strength and value:
                found[name] = (strength[0].value, value[0].value)
        worst = max(found, key=lambda name: found[name][0])
        end = run.last_step if alarm.cleared is None else alarm.cleared
        evidence = [
            Evidence(name, words, found[name][1], limit, (alarm.onset, end), name == worst)
            for name, limit in zip(names, limits, strict=True)
            if name in found
        ]
        evidence += measured(run, alarm, "sample/value_distance", words, signs.steps, signs.value)
        said = {
            "sample/outside": "{} of the values of the fakes lie beyond the range of the reals",
            "sample/unreached": "{} of the values of the reals lie beyond the range of the fakes",
            "sample/border_distance": (
                "{} of the outermost pixels have other values in the fakes than in the reals, many "
                "times more than of all pixels: look for padding, a frame or a crop on one side"
            ),
        }[worst]
        share = percent(min(max(found[worst][1], 0), 1))
        return f"Since step {alarm.onset:g} {said.format(share)}.", tuple(evidence)


# Share of the reals' values below which a range that cannot be reached is none (proposal).
_NEXT_TO_NONE = 1e-3

# Share of the real range out of reach from which fakes cannot be realistic (proposal): standardised
# digits beside a tanh have .56.
_MOST = 0.5

_REACH: dict[str, Range] = {
    "Tanh": (-1, 1),
    "Softsign": (-1, 1),
    "Sigmoid": (0, 1),
    "Hardsigmoid": (0, 1),
    "ReLU": (0, np.inf),
}
# Of the reach of an activation, by which fakes lie beyond it where it is not G's last word.
_ROUNDING = 0.01


def reach_of(run: Run, player: str) -> Range | None:
    """The lowest and highest value that G can give, None where that is not known."""
    network, seen = run.setup.network("g", player), run.setup.fake_range
    reach = _REACH.get(network.output_activation) if network else None
    if reach and seen and (seen[0] < reach[0] - _ROUNDING or seen[1] > reach[1] + _ROUNDING):
        return None
    return reach


def share_beyond(run: Run, player: str) -> float:
    """The share of the real range that lies beyond G's reach, NaN where it is not known."""
    reach, real = reach_of(run, player), run.setup.real_range
    if reach is None or real is None or not np.isfinite(real).all() or not real[1] > real[0]:
        return np.nan
    below, above = min(reach[0], real[1]) - real[0], real[1] - max(reach[1], real[0])
    return float((max(below, 0) + max(above, 0)) / (real[1] - real[0]))


def share_unused(run: Run, player: str) -> float:
    """The share of G's reach that no real uses, NaN where it is not known or has no end."""
    reach, real = reach_of(run, player), run.setup.real_range
    if reach is None or real is None or not np.isfinite([*reach, *real]).all():
        return np.nan
    used = min(real[1], reach[1]) - max(real[0], reach[0])
    return 1 - max(used, 0.0) / (reach[1] - reach[0])


@dataclass(frozen=True)
class _Signs:
    """What the samples show at each check, less the same between halves of the reals."""

    steps: FloatArray
    outside: FloatArray
    unreached: FloatArray
    border: FloatArray
    value: FloatArray
    precision: FloatArray

    @classmethod
    def none(cls) -> _Signs:
        nothing = np.empty(0)
        return cls(nothing, nothing, nothing, nothing, nothing, nothing)


def _signs(run: Run, player: str) -> _Signs | Missing:
    precision = against_null(run, "sample/precision", player)
    if isinstance(precision, Missing):
        return precision
    found: dict[str, FloatArray] = {}
    for name in ("outside", "unreached", "border_distance", "value_distance"):
        excess = excess_over_null(run, f"sample/{name}", player)
        if isinstance(excess, Missing):
            return Missing("no series", f"images, and sample/{name} of them", NO_SAMPLES.how)
        found[name.removesuffix("_distance")] = np.where(
            np.isfinite(excess.values), excess.values, np.nan
        )
    return _Signs(precision.steps, **found, precision=precision.values)
