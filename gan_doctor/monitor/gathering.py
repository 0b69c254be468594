"""The reals and fakes that are gathered beside the training, for the sample checks."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import numpy as np
import torch

from gan_doctor.core import ConfigError
from gan_doctor.monitor.batch_spread import BATCHES as SPREAD_BATCHES
from gan_doctor.monitor.batch_spread import BatchSpread
from gan_doctor.monitor.host_copy import HostCopy
from gan_doctor.monitor.reservoir import Reservoir
from gan_doctor.sampling import MIN_SAMPLES

N = 512  # samples on each side (catalogue 2.2.1)
WHOLE_BATCHES = 8  # over which fakes may be gathered: G changes meanwhile
BATCHES = WHOLE_BATCHES + 1  # beside a short one at the end of an epoch
MAX_BYTES = 1 << 28  # of the reals held, 256 MB: 170 samples on each side at 256 x 256 pixels
_FULL_EVERY = 16  # real batches, once the reservoir is full


class Fakes(NamedTuple):
    """What G made for one check.

    Args:
        samples: (M, ...) on the host.
        labels: (M,) the classes that were asked for; None where those of any are not known.
        batch: (M,) which of the batches each came in: G changes from one to the next.
    """

    samples: torch.Tensor
    labels: torch.Tensor | None
    batch: torch.Tensor

    def last(self, n: int) -> Fakes:
        """The latest n."""
        labels = None if self.labels is None else self.labels[-n:]
        return Fakes(self.samples[-n:], labels, self.batch[-n:])


class _Batch:
    """A batch on its way to the host, with its classes where they are known."""

    def __init__(self, samples: torch.Tensor, labels: torch.Tensor | None) -> None:
        self.samples = HostCopy(samples)
        self.labels = None if labels is None else HostCopy(labels.flatten())

    def __len__(self) -> int:
        return len(self.samples)

    def arrived(self) -> bool:
        return self.samples.arrived() and (self.labels is None or self.labels.arrived())


class Gathering:
    """The reservoir of reals, and the fakes of the last steps.

    What a person passes goes before what hooks see: from the first batch passed on, only such
    batches are taken.
    """

    def __init__(self) -> None:
        self.reals = Reservoir(2 * N)
        self.wanted = True  # whether fakes of this step may belong to the next check
        self.batch_size: int | None = None
        self.spread = BatchSpread()  # of the reals
        self._fakes: deque[_Batch] = deque(maxlen=BATCHES)
        self._arriving: deque[_Batch] = deque()
        self._passed = {"real": False, "fake": False}
        self._offers = 0
        self._range: tuple[float, float] | None = None

    def offer_real(
        self, batch: torch.Tensor, passed: bool = False, labels: torch.Tensor | None = None
    ) -> None:
        """Lets a real batch into the reservoir; once that is full, only every so often.

        Args:
            batch: (B, ...) reals.
            passed: By a person, rather than seen by hooks.
            labels: (B,) their classes.

        Raises:
            ConfigError: There are not as many labels as reals.
        """
        _check_labels("labels", labels, batch)
        if not self._takes("real", passed):
            return
        self._offers += 1
        now_and_then = self._offers % _FULL_EVERY == 0
        if now_and_then or self._offers <= SPREAD_BATCHES:
            self.spread.offer(batch)
        if self.filling or now_and_then:
            if self.batch_size is None:
                self.batch_size = len(batch)
                self.reals = Reservoir(_capacity(batch))
            self._arriving.append(_Batch(batch, labels))
        self._let_in()

    def offer_fake(
        self, batch: torch.Tensor, passed: bool = False, labels: torch.Tensor | None = None
    ) -> None:
        """Keeps a copy of a fake batch, if fakes are wanted.

        Args:
            batch: (B, ...) fakes.
            passed: By a person, rather than seen by hooks.
            labels: (B,) the classes that G was asked for.

        Raises:
            ConfigError: There are not as many labels as fakes.
        """
        _check_labels("fake_labels", labels, batch)
        if self._takes("fake", passed) and self.wanted:
            self._fakes.append(_Batch(batch[:N], None if labels is None else labels[:N]))
            while self.fakes - len(self._fakes[0]) >= self.reals.capacity // 2:
                self._fakes.popleft()

    def put_fakes(self, samples: torch.Tensor) -> None:
        """Takes what a sampler made in place of anything gathered.

        Raises:
            ConfigError: There are too few.
        """
        if len(samples) < MIN_SAMPLES:
            raise ConfigError(
                f"sampler({N}) made {len(samples)} samples: at least {MIN_SAMPLES} are needed"
            )
        self._fakes.clear()
        self._fakes.append(_Batch(samples[:N], None))

    @property
    def filling(self) -> bool:
        """Whether every batch of reals is wanted. A small data set never fills the reservoir."""
        capacity = self.reals.capacity
        return len(self.reals) < capacity and self.reals.seen < 4 * capacity

    @property
    def enough_reals(self) -> bool:
        """Whether there are reals for both sides of the null."""
        return len(self.reals) >= 2 * MIN_SAMPLES

    @property
    def fakes(self) -> int:
        """How many fakes are held."""
        return sum(map(len, self._fakes))

    @property
    def full(self) -> bool:
        """Whether more steps would bring no more fakes."""
        return len(self._fakes) == BATCHES

    @property
    def n(self) -> int:
        """The most samples on each side that can be had again and again, `N` at most."""
        largest = max(map(len, self._fakes), default=0)
        return min(N, self.fakes, WHOLE_BATCHES * largest, len(self.reals) // 2)

    @property
    def latest_fake(self) -> torch.Tensor:
        """(B, ...) the latest batch of fakes that is held, on the host."""
        return self._fakes[-1].samples.get()

    def take_fakes(self) -> Fakes:
        """The fakes held; they are let go of."""
        fakes = torch.cat([batch.samples.get() for batch in self._fakes]).float()
        asked = [batch.labels.get() for batch in self._fakes if batch.labels is not None]
        labels = torch.cat(asked).long() if len(asked) == len(self._fakes) else None
        sizes = torch.tensor([len(batch) for batch in self._fakes])
        self._fakes.clear()
        return Fakes(fakes, labels, torch.arange(len(sizes)).repeat_interleave(sizes))

    def take_reals(self) -> torch.Tensor:
        """(M, ...) the reals held.

        Raises:
            ConfigError: D is shown samples of another shape than G makes.
        """
        self._let_in(wait=True)
        reals, fake = self.reals.samples.float(), self.latest_fake
        if fake.shape[1:] != reals.shape[1:]:
            raise ConfigError(
                f"D is shown samples of shape {tuple(reals.shape[1:])} and G makes "
                f"{tuple(fake.shape[1:])}: pass both as they are with doctor.observe(real=, fake=)"
            )
        self._range = self._range or _value_range(reals)
        return reals

    def stored(self, samples: torch.Tensor) -> np.ndarray[Any, Any]:
        """Samples as the log keeps them: images as uint8, from the range that the reals have."""
        if samples.dim() != 4 or self._range is None:
            return samples.numpy()
        low, high = self._range
        return ((samples - low) / (high - low) * 255).round().clamp(0, 255).byte().numpy()

    def _let_in(self, wait: bool = False) -> None:
        while self._arriving and (wait or self._arriving[0].arrived()):
            batch = self._arriving.popleft()
            labels = None if batch.labels is None else batch.labels.get()
            self.reals.offer(batch.samples.get(), labels)

    def _takes(self, kind: str, passed: bool) -> bool:
        if passed and not self._passed[kind]:
            self._passed[kind] = True
            if kind == "real":
                self.reals, self.batch_size = Reservoir(2 * N), None
                self.spread, self._offers = BatchSpread(), 0
                self._arriving.clear()
            else:
                self._fakes.clear()
        return passed or not self._passed[kind]


def _check_labels(name: str, labels: torch.Tensor | None, batch: torch.Tensor) -> None:
    if labels is not None and (labels.numel() != len(batch) or labels.is_floating_point()):
        raise ConfigError(
            f"{name} must be ({len(batch)},) whole numbers, one for each sample: got "
            f"{tuple(labels.shape)} of {labels.dtype}"
        )


def _capacity(batch: torch.Tensor) -> int:
    """Reals that may be held, enough for a check in any case."""
    sample = batch[:1]
    fit = MAX_BYTES // max(sample.numel() * sample.element_size(), 1)
    return max(2 * MIN_SAMPLES, min(2 * N, fit))


def _value_range(images: torch.Tensor) -> tuple[float, float]:
    """The convention that the values of real images follow: [-1, 1], [0, 1] or [0, 255]."""
    low, high = float(images.min()), float(images.max())
    if low < 0:
        bound = max(1.0, -low, high)
        return -bound, bound
    return (0.0, 1.0) if high <= 1 else (0.0, max(255.0, high))
