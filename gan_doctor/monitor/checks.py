"""Measures what was gathered, and puts it on record beside its null."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from gan_doctor.metrics import auroc
from gan_doctor.monitor.gathering import BATCHES, Gathering, N
from gan_doctor.monitor.recorder import Recorder
from gan_doctor.monitor.schedule import Schedule
from gan_doctor.monitor.undisturbed import undisturbed
from gan_doctor.sampling import MIN_SAMPLES, Reference

KEPT = 64  # images kept in the log at each check
SHORT = 2.0  # seconds that the monitor may take in all, below which it halves its samples
REDRAW = 4  # times as many reals seen, until the reference is drawn anew


class SampleChecks:
    """The reference drawn from the reals, and the fakes held against it.

    The reference is drawn anew whenever four times as many reals have been seen: a handful of times
    over a run, so that it comes to cover the whole data set.

    Args:
        record: Where the measures go.
        gathering: Where reals and fakes come from.
        schedule: Is charged for the time.
        generator: G, which the sampler may run.
        discriminator: D.
        sampler: Makes n samples, None where fakes are gathered.
        held_out: (N, ...) reals that D is not trained on.
    """

    def __init__(
        self,
        record: Recorder,
        gathering: Gathering,
        schedule: Schedule,
        generator: nn.Module,
        discriminator: nn.Module,
        sampler: Callable[[int], torch.Tensor] | None,
        held_out: torch.Tensor | None,
    ) -> None:
        self._record, self._gathering, self._schedule = record, gathering, schedule
        self._generator, self._discriminator = generator, discriminator
        self._sampler, self._held_out = sampler, held_out
        self._reference: Reference | None = None
        self._seen_at_reference = 0

    def check(self) -> None:
        """Measures samples, if enough of both sides are there."""
        if not self._gathering.enough_reals:
            return
        if self._sampler is not None:
            networks = undisturbed(self._generator, self._discriminator)
            with self._schedule.charged(), self._record.shield("the sampler"), networks:
                self._gathering.put_fakes(self._sampler(N))
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
                "fakes",
                f"{self._gathering.fakes} fakes in {BATCHES} batches are too few to measure, "
                f"{MIN_SAMPLES} are needed: pass sampler= to the Monitor",
            )

    def _draw(self) -> None:
        """Draws the null of the reals; in a short run with half the samples, at half the cost."""
        allowance = self._schedule.allowance(self._record.step)
        short = allowance is not None and allowance < SHORT
        reals, n = self._gathering.take_reals(), min(self._gathering.n, N // 2 if short else N)
        if self._reference is None:
            shape = tuple(reals.shape[1:])
            self._record.learn(sample_shape=shape, batch_size=self._gathering.batch_size)
        else:
            n = max(n, self._reference.n)
        self._seen_at_reference = self._gathering.reals.seen
        self._reference = Reference(reals, n, step=self._record.step)
        self._record.bands(self._reference.bands)
        self._record.samples("real", self._gathering.stored(self._reference.real))

    def _measure(self, reference: Reference) -> None:
        fakes = self._gathering.take_fakes()[-reference.n :]
        for key, value in reference.measure(fakes).items():
            self._record.put(key, value)
        if self._held_out is not None:
            with self._record.shield("running D on held_out"):
                memory = self._remembered(reference.real, self._held_out)
                self._record.put("auroc/held_out", memory)
        self._record.end_row()
        kept = fakes[:KEPT] if fakes.dim() == 4 else fakes
        self._record.samples("fake", self._gathering.stored(kept))

    def _remembered(self, reals: torch.Tensor, held_out: torch.Tensor) -> torch.Tensor:
        """AUROC of D between reals it was trained on and others: .5 where it remembers none."""
        device = next(self._discriminator.parameters()).device
        with undisturbed(self._discriminator):
            self._discriminator.eval()
            trained = self._discriminator(reals[:N].to(device))
            others = self._discriminator(held_out[:N].to(device))
        return auroc(trained, others)
