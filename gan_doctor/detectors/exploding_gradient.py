"""GD102: a player's gradient far above its usual size, or weights that double at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Run
from gan_doctor.detectors._base import Detector, Limit, Score, warm_up
from gan_doctor.detectors._evidence import recorded
from gan_doctor.detectors._usual import beyond_usual
from gan_doctor.stats import Alarm, Persistence, latest_by_tick, mean_by_tick

__all__ = ["ExplodingGradient"]

_WITHIN = 100.0  # steps in which weights may not double (catalogue S9)
_THREE = Persistence(3, 1.0)


class ExplodingGradient(Detector):
    """Finds a gradient that leaves its usual size, and weights that double in a few steps.

    What it does:
        Compares the gradient norm of G and of D with what it was so far, and the norm of the
        weights with what it was 100 steps ago. It names the player.

    Why this is a problem:
        A gradient of a hundred times the usual size undoes in a few steps what thousands have
        learned, also where everything stays finite. Weights that double are about to overflow.

    How it is measured:
        The usual size is the median of up to 200 earlier ticks after the warm-up, of at least 20;
        ticks that exceed it do not count towards it, so that it stays what it was. A tick exceeds
        it when its mean is a multiple of that median and lies many robust standard deviations above
        it. Three ticks in a row warn, and so do weights that have doubled within 100 steps. Both
        in the same player, until its gradient is usual again, are critical. A new phase starts
        anew; a new learning rate does not, since it is often what makes a gradient explode.

    Limits:
        factor 10 (proposal, so that a very steady gradient does not alarm), spread 10 times 1.4826
        times the median absolute deviation and growth 2 (catalogue S9).

    Known false alarms:
        A part of the loss that is switched on late, and a resolution that grows without a phase
        being noted. A single spike, a penalty at every 16th step and the fall of an early critic
        raise nothing. What happens before there is a usual size is not seen, nor is what a clipped
        gradient would have been: it is read after the clipping.

    Remedies:
        A third of the learning rate, clipping, R1 or spectral normalisation; in mixed precision the
        penalty in float32.

    References:
        Catalogue S9; Pascanu 2013 (1211.5063) for exploding gradients.
    """

    code = "GD102"
    title = "Exploding gradient"
    limits = {
        "factor": Limit(10.0, "times the median of earlier ticks", "proposal"),
        "spread": Limit(10.0, "robust standard deviations above that median", "catalogue S9"),
        "growth": Limit(2.0, "times the weights have grown within 100 steps", "catalogue S9"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """How far a gradient is above its usual size, how fast weights grow, and both at once."""
        if not any(run.get(f"{what}/{role}", player) for what in _READ for role in "gd"):
            return Missing(
                "no series", "the gradient norms of G and D", "attach the Monitor to G and D"
            )
        players = self._players(run, player)
        either = _largest(reach for p in players for reach in (p.gradient, p.weights))
        both = _largest(p.both for p in players)
        return [
            Score("warning", run.ticks, either, 1.0, _THREE),
            # The three ticks are in it already.
            Score("critical", run.ticks, both, 1.0, Persistence(1, 1.0)),
        ]

    def _players(self, run: Run, player: str) -> list[_Player]:
        return [_look(run, role, player, self._limit) for role in "gd"]

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Names the player, and says how far its gradient or its weights have gone."""
        end = np.inf if alarm.cleared is None else alarm.cleared
        during = (run.ticks >= alarm.onset) & (run.ticks <= end)
        p = min(self._players(run, player), key=lambda p: p.rank(during))
        window = (alarm.onset, min(end, run.last_step))
        times, growth = p.times[during & (p.gradient >= 1)], p.growth[during]
        evidence: list[Evidence] = []
        said, grown = "", float(np.fmax.reduce(growth, initial=0.0))
        grew = f"weights have grown {grown:.3g} times within 100 steps"
        key = f"{p.role}@{player}" if player else p.role
        if len(times):
            mean = float(times.mean())
            words = "mean of those that exceed it, times the median before"
            limit = self._limit["factor"]
            evidence.append(Evidence(f"gradient/{key}", words, mean, limit, window, True))
            said = f"{p.role.upper()}'s gradient has been {mean:.3g} times its usual size"
        if grown:
            words, limit = "largest growth within 100 steps", self._limit["growth"]
            evidence.append(
                Evidence(f"weight/{key}", words, grown, limit, window, important=not said)
            )
        if grown >= self._limit["growth"]:
            said = f"{said}, and its {grew}," if said else f"{p.role.upper()}'s {grew}"
        others = recorded(
            run, alarm, ("gradient/g", "gradient/d", "update/g", "update/d", "loss/d", "loss/g"),
            player,
        )  # fmt: skip
        return self._report(
            score,
            alarm,
            player,
            f"{said} since step {alarm.onset:g}.",
            (*evidence, *(e for e in others if np.isfinite(e.value))),
        )


_READ = ("gradient", "weight")


@dataclass(frozen=True)
class _Player:
    """What G or D does at each tick, 1 at the limit.

    Args:
        role: `g` or `d`.
        times: (T,) the gradient over its usual size.
        growth: (T,) the weights over the smallest that they were within 100 steps.
        gradient: (T,) how far the gradient exceeds its usual size.
        weights: (T,) how fast the weights grow, or grew one or two ticks before.
    """

    role: str
    times: FloatArray
    growth: FloatArray
    gradient: FloatArray
    weights: FloatArray

    @property
    def both(self) -> FloatArray:
        """(T,) the lesser of the two; weights that grew count until the gradient is usual again."""
        both, grown, ticks = np.full(len(self.gradient), np.nan), 0.0, 0
        for i in np.flatnonzero(~np.isnan(self.gradient)):
            ticks = ticks + 1 if self.gradient[i] >= 1 else 0
            grown = max(grown, float(np.nan_to_num(self.weights[i]))) if ticks else 0.0
            both[i] = min(self.gradient[i], grown) if ticks >= _THREE.window else 0.0
        return both

    def rank(self, during: np.ndarray) -> tuple[int, float]:
        """Who reached a limit first comes first, then who went further."""
        found = np.where(during, _largest((self.gradient, self.weights)), np.nan)
        reached = np.flatnonzero(found >= 1)
        return (int(reached[0]), -float(found[reached[0]])) if len(reached) else (len(found), 0)


def _look(run: Run, role: str, player: str, limit: Mapping[str, float]) -> _Player:
    early = run.ticks <= warm_up(run)
    gradient = mean_by_tick(run.get(f"gradient/{role}", player), run.ticks)
    phases = [event.step for event in run.events if event.kind == "phase"]
    anew = set(np.searchsorted(run.ticks, phases, side="right").tolist())
    bounded, times = beyond_usual(
        np.where(early, np.nan, gradient), limit["factor"], limit["spread"], anew
    )
    weights = latest_by_tick(run.get(f"weight/{role}", player), run.ticks)
    growth = _growth(run, np.where(early | ~np.isfinite(weights), np.nan, weights))
    padded = np.concatenate([np.full(2, np.nan), growth / limit["growth"]])
    lately = _largest((padded[:-2], padded[1:-1], padded[2:]))
    return _Player(role, times, growth, bounded, lately)


def _growth(run: Run, weights: FloatArray) -> FloatArray:
    """(T,) weights over the smallest that they were within the last 100 steps."""
    if not run.tick_steps:
        return np.full(len(weights), np.nan)  # rows and epochs are no steps
    first = np.searchsorted(run.ticks, run.ticks - _WITHIN)
    here, least = np.arange(len(weights)), weights
    for back in range(1, int((here - first).max(initial=0)) + 1):
        least = np.fmin(least, np.where(here - back >= first, weights[here - back], np.nan))
    return weights / np.where(least > 0, least, np.nan)


def _largest(arrays: Iterable[FloatArray]) -> FloatArray:
    """(T,) the largest that is known, NaN where none is."""
    return np.asarray(np.fmax.reduce(list(arrays)))
