"""How far the real batches lie apart, against what shuffled data gives."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np
import torch

from gan_doctor.core import FloatArray
from gan_doctor.monitor.host_copy import HostCopy

BATCHES = 64  # the latest, which are compared; the first so many are all taken
ENOUGH = 8  # of one size
PROJECTIONS = 16
_COORDINATES = 4096  # of a sample that are looked at, evenly spaced


class BatchSpread:
    """What is kept of the latest real batches: two numbers for each of a few random directions."""

    def __init__(self) -> None:
        self._directions: torch.Tensor | None = None
        self._arriving: deque[tuple[int, HostCopy]] = deque(maxlen=BATCHES)

    @torch.no_grad()
    def offer(self, batch: torch.Tensor) -> None:
        """Notes where a batch lies, on its own device.

        Args:
            batch: (B, ...) reals. One alone has no spread of its own, and is not noted.
        """
        if len(batch) < 2:
            return
        x = batch.flatten(1)
        x = x[:, :: -(-x.shape[1] // _COORDINATES)].float()  # (B, F)
        along = x @ self._along(x)  # (B, P)
        summary = torch.stack([along.mean(0), along.var(0)])
        self._arriving.append((len(batch), HostCopy(summary)))

    def value(self) -> float | None:
        """The variance between batch means over what the spread within the batches explains.

        It is an F ratio, averaged over the directions: 1 on average where batches are drawn at
        random. Only batches of the commonest size count; None with fewer than 8 of them, or where
        the samples are all alike.
        """
        sizes = Counter(size for size, _ in self._arriving)
        if max(sizes.values(), default=0) < ENOUGH:
            return None
        size = sizes.most_common(1)[0][0]
        noted = [copy.get().numpy() for n, copy in self._arriving if n == size]
        ratio = spread_ratio(np.stack(noted).astype(np.float64), size)
        return ratio if np.isfinite(ratio) else None

    def _along(self, x: torch.Tensor) -> torch.Tensor:
        """(F, P) unit vectors."""
        known = self._directions
        if known is None or len(known) != x.shape[1] or known.device != x.device:
            generator = torch.Generator().manual_seed(0)  # its own: no random number is used up
            drawn = torch.randn(x.shape[1], PROJECTIONS, generator=generator)
            known = self._directions = (drawn / drawn.norm(dim=0)).to(x.device)
        return known


def spread_ratio(summaries: FloatArray, size: int) -> float:
    """The mean over directions of the F ratio between batches and within.

    Args:
        summaries: (K, 2, P) mean and variance of each of K batches along P directions.
        size: Of a batch.
    """
    means, variances = summaries[:, 0], summaries[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float((size * means.var(0, ddof=1) / variances.mean(0)).mean())
