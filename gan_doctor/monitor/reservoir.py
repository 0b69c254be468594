"""A uniform sample of the real data that D was shown, without repeats, in bounded memory."""

from __future__ import annotations

import hashlib

import numpy as np
import torch


class Reservoir:
    """Keeps distinct reals, each seen one with the same chance (Vitter 1985, algorithm R).

    Repeats of a sample that is already held are not held twice: after an epoch they would look like
    duplicates in the data.

    Args:
        capacity: Samples held at most.
        seed: Of its own generator; the global ones are left alone.
    """

    def __init__(self, capacity: int, seed: int = 0) -> None:
        self.capacity = capacity
        self.seen = 0
        self._random = np.random.default_rng(seed)
        self._samples: list[torch.Tensor] = []
        self._labels: list[int | None] = []
        self._held: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def samples(self) -> torch.Tensor:
        """(N, ...) what is held, on the host."""
        return torch.stack(self._samples)

    @property
    def labels(self) -> torch.Tensor | None:
        """(N,) the class of each, on the host; None where that of any is not known."""
        known = [label for label in self._labels if label is not None]
        return torch.tensor(known) if self._labels and len(known) == len(self._labels) else None

    def offer(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> None:
        """Lets each sample of a batch try for a place.

        Args:
            batch: (B, ...) on the host; those that win a place are copied.
            labels: (B,) whole numbers, their classes.
        """
        places = self._random.integers(self.seen + 1 + np.arange(len(batch)))
        self.seen += len(batch)
        chosen = np.flatnonzero(places < self.capacity).tolist()
        if chosen:
            rows = batch[chosen]
            classes = [None] * len(chosen) if labels is None else labels[chosen].tolist()
            for one in zip(rows, places[chosen].tolist(), classes, strict=True):
                self._hold(*one)

    def _hold(self, sample: torch.Tensor, place: int, label: int | None) -> None:
        content = _content(sample)
        if content in self._held:
            return
        if len(self._samples) < self.capacity:
            place = len(self._samples)
            self._samples.append(sample.clone())
            self._labels.append(label)
        else:
            self._held.remove(_content(self._samples[place]))
            self._samples[place], self._labels[place] = sample.clone(), label
        self._held.add(content)


def _content(sample: torch.Tensor) -> bytes:
    return hashlib.blake2b(sample.float().contiguous().numpy().tobytes(), digest_size=16).digest()
