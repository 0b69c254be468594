"""Where the microseconds go that gan_doctor adds to a step."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
import time
from pathlib import Path

from overhead_recorders import GanDoctor, Stopwatch
from overhead_trainings import Training

ROWS = 45  # of the table of functions


def print_profile(training: Training, seconds: float) -> None:
    """Prints our time by entry point, then by function.

    Args:
        training: With nothing attached.
        seconds: Of wall time, for each of the two.
    """
    watch = Stopwatch()
    steps = _run(training, watch, seconds)
    print(f"By entry point, microseconds a step over {steps} steps; {watch.total / steps:.3g} s:")
    for name, spent in watch.seconds.most_common():
        print(f"{spent / steps * 1e6:9.1f}  {name}")
    profile = cProfile.Profile()
    steps = _run(training, Stopwatch(profile), seconds)
    print(
        f"\nBy function over {steps} steps, microseconds as cProfile sees them, who adds to each:"
    )
    print(f"{'own':>9}{'in all':>9}{'calls':>9}")
    entries = pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
    for (file, line, name), (_, calls, own, whole, _) in sorted(entries, key=lambda e: -e[1][2])[
        :ROWS
    ]:
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
