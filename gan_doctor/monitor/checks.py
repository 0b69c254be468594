"""Measures what was gathered, and puts it on record beside its null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import nn

from gan_doctor.core import ConfigError, Key
from gan_doctor.monitor.gathering import BATCHES, Gathering, N
from gan_doctor.monitor.held_out import HeldOut
from gan_doctor.monitor.players import Players
from gan_doctor.monitor.recorder import Recorder
from gan_doctor.monitor.schedule import Schedule
from gan_doctor.monitor.undisturbed import undisturbed
from gan_doctor.sampling import MIN_SAMPLES, Reference

KEPT = 64  # images kept in the log at each check
SHORT = 2.0  # seconds that the monitor may take in all, below which it halves its samples
REDRAW = 4  # times as many reals seen, until the reference is drawn anew

Sampler = Callable[[int], torch.Tensor | Mapping[str, torch.Tensor]]


class SampleChecks:
    """Holds the fakes of every game against its reals.

    Args:
        record: Where the measures go.
        gatherings: Where reals and fakes come from, by game.
        schedule: Is charged for the time.
        players: Every G and D.
        sampler: Makes n samples, or n for each game; None where fakes are gathered.
        held_out: (N, ...) reals that D is not trained on.
    """

    def __init__(
        self,
        record: Recorder,
        gatherings: Mapping[str, Gathering],
        schedule: Schedule,
        players: Players,
        sampler: Sampler | None,
        held_out: torch.Tensor | None,
    ) -> None:
        self._record, self._schedule = record, schedule
        self._gatherings, self._sampler = gatherings, sampler
        self._networks = [player.module for player in players]
        judge = players.d[0].module
        self._games = [
            _Game(record, name, gathering, schedule, judge, held_out)
            for name, gathering in gatherings.items()
        ]

    def check(self) -> None:
        """Measures samples, of each game where enough of both sides are there."""
        ready = [game for game in self._games if game.ready]
        if ready and self._sampler is not None:
            networks = undisturbed(*self._networks)
            with self._schedule.charged(), self._record.shield("the sampler"), networks:
                self._put(self._sampler(N))
        for game in ready:
            game.check()

    def _put(self, samples: torch.Tensor | Mapping[str, torch.Tensor]) -> None:
        by_game = samples if isinstance(samples, Mapping) else {"": samples}
        if set(by_game) != set(self._gatherings):
            raise ConfigError(
                f"sampler({N}) must return samples for each of {sorted(self._gatherings)}, as a "
                f"dict: got {sorted(by_game)}"
            )
        for name, made in by_game.items():
            self._gatherings[name].put_fakes(made)


class _Game:
    """The reference drawn from the reals of one game, and the fakes held against it.

    The reference is drawn anew whenever four times as many reals have been seen: a handful of times
    over a run, so that it comes to cover the whole data set.
    """

    def __init__(
        self,
        record: Recorder,
        name: str,
        gathering: Gathering,
        schedule: Schedule,
        judge: nn.Module,
        held_out: torch.Tensor | None,
    ) -> None:
        self._record, self._name, self._gathering = record, name, gathering
        self._schedule = schedule
        self._held_out = HeldOut(judge, held_out) if held_out is not None else None
        self._reference: Reference | None = None
        self._seen_at_reference = 0

    @property
    def ready(self) -> bool:
        return self._gathering.enough_reals

    def check(self) -> None:
        wanted = MIN_SAMPLES if self._reference is None else self._reference.n
        if self._gathering.fakes < wanted:
            self._say_what_is_missing()
            return
        stale = self._gathering.reals.seen >= REDRAW * self._seen_at_reference
        if stale and self._schedule.affords_once_more(self._record.step):
            with self._schedule.charged(once=True), self._record.shield("the null of the samples"):
                self._draw()
        if self._reference is not None:
            with self._schedule.charged(), self._record.shield("the sample check"):
                self._measure(self._reference)

    def _say_what_is_missing(self) -> None:
        if self._reference is None and self._gathering.full:
            self._record.shield.tell_once(
                f"fakes {self._name}",
                f"{self._gathering.fakes} fakes in {BATCHES} batches are too few to measure, "
                f"{MIN_SAMPLES} are needed: pass sampler= to the Monitor",
            )

    def _draw(self) -> None:
        """Draws the null of the reals; in a short run with half the samples, at half the cost."""
        allowance = self._schedule.allowance(self._record.step)
        short = allowance is not None and allowance < SHORT
        reals, n = self._gathering.take_reals(), min(self._gathering.n, N // 2 if short else N)
        if self._reference is not None:
            n = max(n, self._reference.n)
        elif self._record.setup.sample_shape is None:
            self._record.learn(
                sample_shape=tuple(reals.shape[1:]),
                batch_size=self._gathering.batch_size,
                real_range=_range(reals),
                fake_range=_range(self._gathering.latest_fake),
            )
        self._seen_at_reference = self._gathering.reals.seen
        labels = self._gathering.reals.labels
        self._reference = Reference(reals, n, step=self._record.step, labels=labels)
        bands = self._reference.bands
        self._record.bands([replace(b, key=replace(b.key, player=self._name)) for b in bands])
        self._record.samples("real", self._gathering.stored(self._reference.real), self._name)

    def _measure(self, reference: Reference) -> None:
        made = self._gathering.take_fakes().last(reference.n)
        fakes = made.samples
        self._put(reference.measure(*made))
        spread = self._gathering.spread.value()
        if spread is not None:
            self._record.put(str(Key("batch/spread", self._name)), spread)
        if self._held_out is not None:
            with self._record.shield("running D on held_out"):
                self._put(self._held_out.measure(reference, fakes))
                self._put(self._held_out.copying(reference, fakes))
        self._record.end_row()
        kept = fakes[:KEPT] if fakes.dim() == 4 else fakes
        self._record.samples("fake", self._gathering.stored(kept), self._name)

    def _put(self, found: Mapping[Key, float] | Mapping[Key, torch.Tensor]) -> None:
        for key, value in found.items():
            self._record.put(str(replace(key, player=self._name)), value)


def _range(samples: torch.Tensor) -> tuple[float, float] | None:
    finite = samples[samples.isfinite()]
    return (float(finite.min()), float(finite.max())) if len(finite) else None
