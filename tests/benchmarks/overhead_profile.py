"""Where the microseconds go that gan_doctor adds to a step."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.overhead_recorders import GanDoctor, Stopwatch
from benchmarks.overhead_trainings import Training

import gan_doctor

PACKAGE = str(Path(gan_doctor.__file__).parent)
ROWS = 30  # of a table of functions
_OWN, _WHOLE = 2, 3  # seconds, in an entry of pstats


def print_profile(training: Training, seconds: float, clock: Callable[[], float]) -> None:
    """Prints our time by entry point, then by function.

    Args:
        training: With nothing attached.
        seconds: Of wall time, for each of the two.
        clock: That they are timed with.
    """
    watch = Stopwatch(clock)
    steps = _run(training, watch, seconds)
    print(f"Microseconds a step over {steps} steps, {watch.total / steps * 1e6:.1f} in all:")
    for name, spent in watch.seconds.most_common():
        print(f"{spent / steps * 1e6:9.1f}  {name}")
    profile = cProfile.Profile(clock)
    steps = _run(training, Stopwatch(profile=profile), seconds)
    functions = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    ours = {key: seen for key, seen in functions.items() if key[0].startswith(PACKAGE)}
    theirs = {key: seen for key, seen in functions.items() if key not in ours}
    print(f"\nThe same by function over {steps} steps; cProfile adds its own to each call.")
    print("Ours, with what they call:")
    _print_functions(ours, steps, by=_WHOLE)
    print("\nTorch's and Python's, for us:")
    _print_functions(theirs, steps, by=_OWN)


def _print_functions(functions: Mapping[Any, Any], steps: int, by: int) -> None:
    print(f"{'own':>9}{'in all':>9}{'calls':>9}")
    largest = sorted(functions.items(), key=lambda entry: -entry[1][by])[:ROWS]
    for (file, line, name), (_, calls, own, whole, _) in largest:
        where = "" if file == "~" else f"{'/'.join(Path(file).parts[-2:])}:{line} "
        print(
            f"{own / steps * 1e6:9.1f}{whole / steps * 1e6:9.1f}{calls / steps:9.2f}  {where}{name}"
        )


def _run(training: Training, watch: Stopwatch, seconds: float) -> int:
    """Trains for that long, warm, and returns the number of steps."""
    with tempfile.TemporaryDirectory() as folder:
        doctor = GanDoctor(training, Path(folder) / "run", watch)
        doctor.attach()
        for _ in range(doctor.warm_up):
            training.step(doctor.step)
        watch.clear()
        steps, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            training.step(doctor.step)
            steps += 1
        doctor.detach()
        doctor.close()
    return steps
