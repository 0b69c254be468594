"""Where in a training the rows of a log stand: step, or epoch and batch, or nothing at all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gan_doctor.core import FloatArray
from gan_doctor.core.run import Clock

# What a row may say of its place; the plurals are how many there will be.
PLACES = ("step", "kimg", "epoch", "batch", "steps", "epochs", "batches")

_LARGEST = 2.0**53  # beyond it a float has no next number


@dataclass(frozen=True)
class Placed:
    """The clock of a log.

    Args:
        name: What a step is.
        steps: (N,) the clock at each row.
        total: The budget, None if the log does not tell.
        notes: How it was worked out.
    """

    name: Clock
    steps: FloatArray
    total: int | None = None
    notes: tuple[str, ...] = ()


def placed(places: Mapping[str, FloatArray], n: int, crowded: bool = False) -> Placed:
    """The clock that the rows of a log tell of.

    A row that says nothing stands where the row before it does.

    Args:
        places: (N,) numbers by the words of `PLACES` that any row tells, in the order of the log;
            NaN where a row does not say.
        n: N, which no place may tell.
        crowded: Whether rows of one shape share their epoch.
    """
    # What no clock can show is a misprint, and tells nothing.
    shown = {
        word: np.where(np.abs(numbers) <= _LARGEST, numbers, np.nan)
        for word, numbers in places.items()
    }
    told = {word: numbers for word, numbers in shown.items() if np.isfinite(numbers).any()}
    if "kimg" in told:
        return Placed("kimg", _carried(told["kimg"]))
    step, steps = told.get("step"), told.get("steps")
    batch, batches = told.get("batch"), told.get("batches")
    epoch = told.get("epoch")
    of_epoch = steps is not None and "epochs" in told  # "Epoch [1/10], Step [100/600]"
    if (
        step is not None
        and epoch is not None
        and batch is None
        and (of_epoch or _begins_anew(step, epoch))
    ):
        step, steps, batch, batches = None, None, step, steps
    if step is not None:
        return Placed("iteration", _carried(step), _most(steps))
    if epoch is not None and batch is not None:
        return _by_epoch_and_batch(epoch, batch, batches, told.get("epochs"))
    if epoch is not None and not crowded:
        return Placed("epoch", _carried(epoch), _most(told.get("epochs")))
    if batch is not None and epoch is None:
        return Placed("iteration", _carried(batch), _most(batches))
    why = "an epoch has several rows, and nothing says where in it each stands" * (
        epoch is not None
    )
    rows = np.arange(1.0, 1 + n)
    return Placed("row", rows, notes=(f"steps are rows of the log: {why or 'it has none'}",))


def _by_epoch_and_batch(
    epoch: FloatArray, batch: FloatArray, batches: FloatArray | None, epochs: FloatArray | None
) -> Placed:
    n = _most(batches) or _guessed_batches(batch)
    first = 0.0 if (epoch == 0).any() else 1.0
    steps = (_carried(epoch) - first) * n + _carried(batch)
    all_epochs = _most(epochs)
    return Placed(
        "iteration",
        np.asarray(steps),
        all_epochs * n if all_epochs else None,
        (f"steps are counted as epoch x {n} + batch",),
    )


def _guessed_batches(batch: FloatArray) -> int:
    """One stride beyond the largest batch that was printed."""
    known = batch[np.isfinite(batch)]
    strides = np.diff(known)
    strides = strides[strides > 0]
    stride = float(np.median(strides)) if len(strides) else 1.0
    largest = float(known.max())
    # Counted from 0 the first row of an epoch is batch 0, and the largest is one stride short.
    return max(1, math.ceil(largest + (stride if (known == 0).any() else 0)))


def _begins_anew(step: FloatArray, epoch: FloatArray) -> bool:
    """Whether the steps do not rise with most new epochs: then they are batches."""
    known = np.isfinite(step) & np.isfinite(epoch)
    later = np.diff(epoch[known]) > 0
    return bool(later.any() and (np.diff(step[known])[later] <= 0).mean() > 0.5)


def _carried(numbers: FloatArray) -> FloatArray:
    """With the last known number in the rows that have none, and the first one before it."""
    known = np.flatnonzero(np.isfinite(numbers))
    last = np.searchsorted(known, np.arange(len(numbers)), side="right") - 1
    return np.asarray(numbers[known[np.maximum(last, 0)]])


def _most(numbers: FloatArray | None) -> int | None:
    if numbers is None:
        return None
    return int(np.nanmax(numbers)) or None
