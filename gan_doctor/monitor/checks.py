"""Gathers fakes and reals beside the training, and measures the one against the other."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch

from gan_doctor.core import ConfigError, Key
from gan_doctor.monitor.reservoir import Reservoir
from gan_doctor.sampling import MIN_SAMPLES, Reference

N = 512  # samples on each side (catalogue 2.2.1)
BATCHES = 8  # over which fakes may be gathered: G changes meanwhile
REDRAW = 4  # times as many reals seen, until the reference is drawn anew
_FULL_EVERY = 16  # real batches, once the reservoir is full


class SampleChecks:
    """The real reservoir, the fakes of the last steps, and the reference drawn from the reals.

    The reference is drawn anew whenever four times as many reals have been seen: a handful of times
    over a run, so that it comes to cover the whole data set.
    """

    def __init__(self) -> None:
        self._reals = Reservoir(2 * N)
        self._fakes: deque[torch.Tensor] = deque(maxlen=BATCHES)
        self._observed = False
        self._offers = 0
        self._reference: Reference | None = None
        self._seen_at_reference = 0
        self._range: tuple[float, float] | None = None
        self.batch_size: int | None = None

    def offer_real(self, batch: torch.Tensor) -> None:
        """Lets a real batch into the reservoir; once that is full, only every so often."""
        self._offers += 1
        if len(self._reals) < self._reals.capacity or self._offers % _FULL_EVERY == 0:
            self.batch_size = self.batch_size or len(batch)
            self._reals.offer(batch)

    def offer_fake(self, batch: torch.Tensor, observed: bool = False) -> None:
        """Keeps a copy of a fake batch; those that a person passed go before those that hooks saw."""
        if observed and not self._observed:
            self._fakes.clear()
        self._observed |= observed
        if observed or not self._observed:
            self._fakes.append(batch[:N].detach().clone())

    @property
    def enough_reals(self) -> bool:
        """Whether there are reals for both sides of the null."""
        return len(self._reals) >= 2 * MIN_SAMPLES

    @property
    def ready(self) -> bool:
        """Whether enough of both sides is there."""
        wanted = MIN_SAMPLES if self._reference is None else self._reference.n
        return sum(len(batch) for batch in self._fakes) >= wanted and self.enough_reals

    @property
    def stale(self) -> bool:
        """Whether the reference is to be drawn, or drawn anew."""
        return self._reference is None or self._reals.seen >= REDRAW * self._seen_at_reference

    def draw(self, step: int, most: int = N) -> Reference:
        """Draws the reference from the reals held now.

        Args:
            step: Of the run.
            most: Samples on each side at most; once drawn, the number stays.

        Raises:
            ConfigError: D is shown samples of another shape than G makes.
        """
        reals, fake = self._reals.samples.float(), self._fakes[-1]
        if fake.shape[1:] != reals.shape[1:]:
            raise ConfigError(
                f"D is shown samples of shape {tuple(reals.shape[1:])} and G makes "
                f"{tuple(fake.shape[1:])}: pass both as they are with doctor.observe(real=, fake=)"
            )
        n = min(most, sum(len(batch) for batch in self._fakes), len(reals) // 2)
        n = n if self._reference is None else self._reference.n
        self._range = self._range or _value_range(reals)
        self._reference = Reference(reals, n, step=step)
        self._seen_at_reference = self._reals.seen
        return self._reference

    def measure(self) -> tuple[dict[Key, float], torch.Tensor]:
        """The measures of the gathered fakes, and the fakes on the host; they are let go of."""
        assert self._reference is not None
        fakes = torch.cat(list(self._fakes)).cpu().float()[-self._reference.n :]
        self._fakes.clear()
        return self._reference.measure(fakes), fakes

    def stored(self, samples: torch.Tensor) -> np.ndarray[Any, Any]:
        """Samples as the log keeps them: images as uint8, from the range that the reals have."""
        if samples.dim() != 4 or self._range is None:
            return samples.numpy()
        low, high = self._range
        return ((samples - low) / (high - low) * 255).round().clamp(0, 255).byte().numpy()


def _value_range(images: torch.Tensor) -> tuple[float, float]:
    """The convention that the values of real images follow: [-1, 1], [0, 1] or [0, 255]."""
    low, high = float(images.min()), float(images.max())
    if low < 0:
        bound = max(1.0, -low, high)
        return -bound, bound
    return (0.0, 1.0) if high <= 1 else (0.0, max(255.0, high))
