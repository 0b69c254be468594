"""GD103: next to nothing of G's gradient is left, and G stands still or its samples are bad."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score
from gan_doctor.detectors._evidence import measured, recorded
from gan_doctor.detectors._signals import (
    only_where,
    sample_evidence,
    sample_state,
    samples_in_words,
)
from gan_doctor.stats import Alarm, latest_by_tick, mean_by_tick

__all__ = ["VanishingGeneratorGradient"]

_FIRST_STEPS = 20  # whose median gradient is what the network began with (catalogue S8)
_EPS = 1e-8  # of torch's Adam; a run log does not tell another
_IN_DEPTH = 1e-3  # of the last layer's gradient, below which the first one's counts as lost


class VanishingGeneratorGradient(Detector):
    """Finds a G whose gradient has shrunk to a thousandth while its samples are not real.

    What it does:
        Holds the norm of G's gradient against that of the same network's first 20 steps, and looks
        whether G still moves and how its samples stand.

    Why this is a problem:
        G learns from this gradient alone. Where D is sure and the loss saturates, or where a deep G
        loses it from layer to layer, G stays what it is for the rest of the run.

    How it is measured:
        A small norm alone does not stop Adam, which divides by it. So the gradient must have shrunk
        and one of these must hold: the relative update of G's weights has shrunk likewise, the
        gradient of a single weight is near Adam's eps of 1e-8, or the samples are bad. Bad samples
        make it critical. Samples that are real mean that G has converged, and silence.

    Limits:
        share .001 (catalogue S8), moving .01, eps 10 times 1e-8, real .75 and bad .2 of the data
        (proposals).

    Known false alarms:
        A converged G that nobody looks at: pass samples. Half precision without a scaled loss gives
        the same picture; the finding says where the type is known. A gradient that is clipped at
        each step began small and stays where it is, which raises nothing.

    Remedies:
        A slower D, instance noise, the non-saturating or least-squares loss; for a loss in depth,
        residual blocks, leaky ReLUs and normalisation in G.

    References:
        Catalogue S8; Arjovsky and Bottou 2017 (1701.04862), theorem 2.4.
    """

    code = "GD103"
    title = "Vanishing generator gradient"
    limits = {
        "share": Limit(1e-3, "of the gradient in the network's first 20 steps", "catalogue S8"),
        "moving": Limit(
            0.01, "of the update in its first 20 steps, below which G stands still", "proposal"
        ),
        "eps": Limit(
            10.0, "times Adam's eps, up to which a weight's gradient stops it", "proposal"
        ),
        "real": Limit(0.75, "samples that reach this share of the data count as real", "proposal"),
        "bad": Limit(0.2, "samples that reach less than this share of the data", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """How far the gradient is below its limit, where G stands still or its samples are bad."""
        shrunk = _over_first(run, "gradient/g", player)
        if isinstance(shrunk, Missing):
            return shrunk
        with np.errstate(divide="ignore"):
            lost = self._limit["share"] / shrunk
        still, state = self._still(run, player), sample_state(run, player)
        if isinstance(state, Missing):
            # Where nothing tells that G moves, a gradient this small is what there is to go by.
            return [
                Score("warning", run.ticks, only_where(still != 0, lost), 1.0),
                Score("critical", run.ticks, np.full(len(lost), np.nan), 1.0),
            ]
        real = state.at(run.ticks, state.quality >= self._limit["real"])
        bad = state.at(run.ticks, state.quality < self._limit["bad"])
        warning = only_where((real != 1) & ((still != 0) | (bad == 1)), lost)
        critical = only_where(bad == 1, warning)
        return [
            Score("warning", run.ticks, warning, 1.0),
            Score("critical", run.ticks, np.where(np.isnan(bad), np.nan, critical), 1.0),
        ]

    def _still(self, run: Run, player: str) -> FloatArray:
        """(T,) whether G stands still, NaN where nothing tells."""
        moved, single = _over_first(run, "update/g", player), _of_one_weight(run, player)
        told = np.full(len(run.ticks), np.nan)
        if not isinstance(moved, Missing):
            told = np.where(np.isnan(moved), np.nan, moved < self._limit["moving"])
        if single is not None:
            told = np.where(single <= self._limit["eps"] * _EPS, 1.0, told)
        return told

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says what is left of the gradient, where it is lost, and how the samples stand."""
        samples = sample_state(run, player)
        evidence = (
            *measured(
                run, alarm, _key("gradient/g", player), "mean, over that of the first 20 steps",
                run.ticks, _over_first(run, "gradient/g", player), self._limit["share"], "below",
                important=True,
            ),
            *measured(
                run, alarm, _key("update/g", player), "mean, over that of the first 20 steps",
                run.ticks, _over_first(run, "update/g", player), self._limit["moving"], "below",
            ),
            *sample_evidence(run, alarm, samples, self._limit["bad"]),
            *recorded(
                run, alarm,
                ("gradient/g", "gradient/g/first", "gradient/g/last", "loss/g", "loss/d", "auroc"),
                player,
            ),
        )  # fmt: skip
        evidence = tuple(e for e in evidence if e.important or np.isfinite(e.value))
        left = evidence[0].value
        lost = f"1/{1 / left:,.0f} of its first size" if left > 1e-12 else "nothing"
        said = f"G's gradient has shrunk to {lost} since step {alarm.onset:g}"
        return self._report(
            score,
            alarm,
            player,
            f"{said}{_where(run, alarm, player)}, {samples_in_words(samples, alarm)}.",
            evidence,
            (samples,) if isinstance(samples, Missing) else (),
        )


def _over_first(run: Run, name: str, player: str) -> FloatArray | Missing:
    """(T,) a series over its median in the first 20 steps, NaN up to their end."""
    series = run.get(name, player)
    if series is None:
        return Missing("no series", "the norm of G's gradient", "attach the Monitor to G and D")
    begun, rate = run.segments[0].first_step, run.tick_steps
    if not rate or begun or series.steps[0] > rate:
        return Missing(
            "too short",
            "G's gradient in the first 20 steps of the network",
            "record it from the first step on",
        )
    end = max(_FIRST_STEPS, series.steps[0])
    first = float(np.median(series.values[series.steps <= end]))
    if not 0 < first < np.inf:
        return Missing("degenerate data", f"a gradient of G in its first {_FIRST_STEPS} steps")
    # An update is read now and then, a gradient at each step.
    by_tick = mean_by_tick if name.startswith("gradient") else latest_by_tick
    values = by_tick(series, run.ticks)
    return np.where((run.ticks > end) & np.isfinite(values), values / first, np.nan)


def _of_one_weight(run: Run, player: str) -> FloatArray | None:
    """(T,) the root mean square of the gradient over G's weights, None where Adam does not step."""
    network, optimizer = run.setup.network("g", player), run.setup.optimizer("g", player)
    if network is None or optimizer is None or "Adam" not in optimizer.kind:
        return None
    norm = mean_by_tick(run.get("gradient/g", player), run.ticks)
    return norm / np.sqrt(network.parameters) if network.parameters else None


def _where(run: Run, alarm: Alarm, player: str) -> str:
    """Where the gradient is lost, as far as layers and types tell, as a part of the sentence."""
    said = ""
    layers = recorded(run, alarm, ("gradient/g/first", "gradient/g/last"), player)
    if len(layers) == 2 and 0 < layers[0].value < _IN_DEPTH * layers[1].value:
        share = layers[1].value / layers[0].value
        said = f", in depth: its first layer gets 1/{share:,.0f} of what its last one gets"
    if run.setup.amp == "float16":
        said += ", in float16, which loses small numbers where the loss is not scaled"
    return said


def _key(name: str, player: str) -> str:
    return f"{name}@{player}" if player else name
