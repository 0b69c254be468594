"""Times one training with recorder after recorder attached, block by block."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.overhead_recorders import RECORDERS, GanDoctor, Recorder, Stopwatch
from benchmarks.overhead_trainings import Training
from torch.utils._python_dispatch import TorchDispatchMode

from gan_doctor.core.run import TICK_STEPS

BLOCK = 0.02  # seconds of the bare training; a step that takes longer is a block by itself
ROUNDS = 6  # at least: of fewer, the smallest to the largest is no 95 % interval of the median
TICKS = 5  # that are timed where the rounds had none
COUNTED = 5  # steps whose synchronisations are counted
WAITING = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "unique2"}


@dataclass
class Arm:
    """One recorder and what was measured of it, in seconds a step.

    Args:
        recorder: What is attached.
        whole: Of the training, in each round, without ticks.
        inside: Of that within the recorder's own calls.
        tick: Of a tick, spread over its steps.
        waits: Synchronisations a step.
    """

    recorder: Recorder
    whole: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    tick: float = 0.0
    waits: float = 0.0


def measured(
    training: Training,
    names: Sequence[str],
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Arm]:
    """Runs rounds of blocks until the time is over, `ROUNDS` at least.

    Args:
        training: With nothing attached.
        names: Of the recorders, "bare" among them.
        seconds: Of wall time.
        clock: That the steps are timed with.
    """
    with tempfile.TemporaryDirectory() as folder:
        arms = {
            name: Arm(RECORDERS[name](training, Path(folder) / name, Stopwatch(clock)))
            for name in names
        }
        for arm in arms.values():
            _block(training, arm.recorder, arm.recorder.warm_up)
        steps = max(1, round(BLOCK / _block(training, arms["bare"].recorder, 3)[0]))
        end = time.perf_counter() + seconds
        while len(arms["bare"].whole) < ROUNDS or time.perf_counter() < end:
            _round(training, arms, steps)
        for arm in arms.values():
            if isinstance(arm.recorder, GanDoctor):
                arm.tick = _tick(training, arm.recorder)
            arm.waits = _waits(training, arm.recorder)
            arm.recorder.close()
        return arms


def _round(training: Training, arms: Mapping[str, Arm], steps: int) -> None:
    """A block of each arm in random order, and again in the reverse order."""
    order = random.sample([*arms], len(arms))
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    for name in [*order, *reversed(order)]:
        taken[name].append(_block(training, arms[name].recorder, steps))
    for name, arm in arms.items():
        whole, inside = np.mean(taken[name], 0)
        arm.whole.append(float(whole))
        arm.inside.append(float(inside))


def _block(training: Training, recorder: Recorder, steps: int) -> tuple[float, float]:
    """Seconds a step, in all and inside the recorder, both without ticks."""
    watch = recorder.watch
    inside, tick = watch.total, watch.seconds["tick"]
    with _attached(recorder):
        training.wait()
        start = watch.clock()
        for _ in range(steps):
            training.step(recorder.step)
        training.wait()
        whole = watch.clock() - start
    inside, tick = watch.total - inside, watch.seconds["tick"] - tick
    return (whole - tick) / steps, (inside - tick) / steps


def _tick(training: Training, doctor: GanDoctor) -> float:
    """Seconds of a tick, spread over its steps."""
    with _attached(doctor):
        while len(doctor.ticks) < TICKS:
            doctor.go_to_tick()
            training.step(doctor.step)
    return float(np.median(doctor.ticks)) / TICK_STEPS


def _waits(training: Training, recorder: Recorder) -> float:
    """How often a step waits for the device, or on a CPU would if it were one."""
    with _attached(recorder), _Synchronisations(training.cuda) as seen:
        for _ in range(COUNTED):
            training.step(recorder.step)
    return seen.count / COUNTED


@contextlib.contextmanager
def _attached(recorder: Recorder) -> Iterator[None]:
    recorder.attach()
    try:
        yield
    finally:
        recorder.detach()


class _Synchronisations:
    """Counts them: by torch's own warnings on CUDA, by the operations that need them on a CPU."""

    def __init__(self, cuda: bool) -> None:
        self._cuda, self._stack = cuda, contextlib.ExitStack()

    def __enter__(self) -> _Synchronisations:
        self._operations = _Operations()
        self._warnings = self._stack.enter_context(warnings.catch_warnings(record=True))
        if self._cuda:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            self._stack.callback(torch.cuda.set_sync_debug_mode, "default")
        else:
            self._stack.enter_context(self._operations)
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()

    @property
    def count(self) -> int:
        told = [w for w in self._warnings or () if "synchronizing CUDA" in str(w.message)]
        return len(told) + self._operations.count


class _Operations(TorchDispatchMode):
    """Counts the operations that bring a value from the device to Python."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func.name().removeprefix("aten::").partition(".")[0] in WAITING
        return func(*args, **(kwargs or {}))
