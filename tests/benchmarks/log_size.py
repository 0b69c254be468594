"""How large a run log of 10^6 steps x 16 series is, and what it costs to write and to read.

    python tests/benchmarks/log_size.py [--steps 1000000] [--readings 3]

Writes the log as the Monitor does, a flush every 50 steps, of values that use all their digits.
Each reading is a process of its own, which parses the same bytes with orjson alone first; the
quickest one counts, since a busy machine only makes them slower.
Writes docs/results/log_size.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson

import gan_doctor
from gan_doctor.core import Setup
from gan_doctor.core.run import TICK_STEPS

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "log_size.json"
TARGETS = {"megabytes": 200, "read_seconds": 2.0}
NAMES = [
    "loss/d", "loss/g", "loss/d/clean", "auroc", "logit/real", "logit/fake", "logit/sd",
    "logit/gradient", "gradient/d", "gradient/g", "weight/d", "weight/g", "lr/d", "lr/g",
    "steps/d", "monitor/cost",
]  # fmt: skip


def write(directory: Path, steps: int) -> list[float]:
    """The seconds of each flush."""
    from gan_doctor.monitor.window import Columns
    from gan_doctor.monitor.writer import RunLog

    rng = np.random.default_rng(0)
    log = RunLog(directory, Setup(), "error")
    seconds = []
    for first in range(1, steps + 1, TICK_STEPS):
        values = rng.normal(size=(len(NAMES), TICK_STEPS)).astype(np.float32).astype(np.float64)
        rows = Columns([*range(first, first + TICK_STEPS)], dict(zip(NAMES, values, strict=True)))
        started = time.perf_counter()
        log.scalars([rows])
        seconds.append(time.perf_counter() - started)
    log.close()
    return seconds


def read(directory: Path) -> dict[str, float]:
    """One reading, in this process: seconds, and the most memory that it ever held."""
    orjson_seconds, orjson_cpu = timed(lambda: parse(directory / "scalars.jsonl"))
    before = peak_megabytes()
    read_seconds, read_cpu = timed(lambda: gan_doctor.read(directory))
    return {
        "read_seconds": round(read_seconds, 2),
        "orjson_seconds": round(orjson_seconds, 2),
        "read_cpu_seconds": round(read_cpu, 2),
        "orjson_cpu_seconds": round(orjson_cpu, 2),
        "ratio": round(read_cpu / orjson_cpu, 2),
        "peak_megabytes_before": round(before),
        "peak_megabytes": round(peak_megabytes()),
    }


def parse(path: Path) -> None:
    """What any reader of the file must at least do."""
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of the processor: those do not count what else it had to do."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def peak_megabytes() -> float:
    """Of this process, resident. Linux only: elsewhere the peak of the parent may count."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024 / 1e6


def measure(steps: int, readings: int) -> dict:
    """What the file of results holds."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "run"
        flushes = write(log, steps)
        command = [sys.executable, __file__, "--read", str(log)]
        read = [json.loads(subprocess.check_output(command)) for _ in range(readings)]
        size = sum(file.stat().st_size for file in log.rglob("*") if file.is_file())
    best = min(read, key=lambda reading: reading["read_seconds"])
    flush = statistics.median(flushes)
    return {
        "command": f"python tests/benchmarks/log_size.py --steps {steps} --readings {readings}",
        "date": datetime.date.today().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "gan_doctor": gan_doctor.__version__,
            "numpy": np.__version__,
            "orjson": orjson.__version__,
        },
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "steps": steps,
        "series": len(NAMES),
        "megabytes": round(size / 1e6, 1),
        "flush_microseconds": round(flush * 1e6),
        "step_microseconds": round(flush * 1e6 / TICK_STEPS, 1),
        **best,
        "readings": read,
        "targets": TARGETS,
    }


def main() -> None:
    """Measures, writes the results and prints them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--readings", type=int, default=3)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.read)))
        return
    results = measure(options.steps, options.readings)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    for name, target in TARGETS.items():
        print("met" if results[name] < target else "MISSED", name, results[name], "of", target)


if __name__ == "__main__":
    main()
