"""What the command line takes from start to end: `--help`, and `report` of a long run.

    python tests/benchmarks/cli_speed.py [--steps 100000] [--rounds 10]

The run is made up: a log of ours with 16 series at every step and 3 sample measures at 400 of them,
in which D wins half-way. Each command is a process of its own. Its processor time, user and system,
is what counts: wall time depends on what else the machine does. Writes the medians to
docs/results/cli_speed.json; the targets are 0.3 s for --help and 1 s for the report.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson

import gan_doctor
from gan_doctor.core import FloatArray

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "cli_speed.json"
TARGETS_S = {"help": 0.3, "report": 1.0}
FLUSH = 50  # steps of a line: a tick of the monitor
CHECKS = 400
# From where to where each series goes when D wins, and how far it wanders.
WON = {
    "loss/d": (1.2, 0.02, 0.01), "loss/g": (1.0, 9.0, 0.1), "auroc": (0.75, 0.9999, 1e-5),
    "logit/real": (0.3, 9.0, 0.1), "logit/fake": (-0.3, -9.0, 0.1), "logit/sd": (0.6, 9.0, 0.05),
    "gradient/d": (1.0, 0.02, 1e-3), "gradient/g": (1.0, 5.0, 0.1), "weight/d": (30, 40, 0.01),
    "weight/g": (30, 31, 0.01), "update/d": (1e-3, 1e-4, 1e-6), "update/g": (1e-3, 2e-3, 1e-6),
    "lr/d": (2e-4, 2e-4, 0), "lr/g": (2e-4, 2e-4, 0), "steps/d": (1, 1, 0),
    "gradient/d/first": (0.4, 0.01, 1e-3),
}  # fmt: skip
SAMPLES = {"coverage": (0.9, 0.1, 0.01), "precision": (0.8, 0.2, 0.01), "recall": (0.8, 0.1, 0.01)}


def write_log(folder: Path, steps: int) -> float:
    """Writes the log, and gives its size in MB."""
    rng, won = np.random.default_rng(0), 1 / (1 + np.exp(np.linspace(20, -20, steps)))

    def course(before: float, after: float, sd: float) -> FloatArray:
        wandering = before + (after - before) * won + sd * rng.standard_normal(steps)
        return np.asarray(wandering, dtype=float)

    at = np.arange(1, steps + 1)
    columns = {"step": at} | {name: course(*levels) for name, levels in WON.items()}
    checks = at[steps // CHECKS - 1 :: steps // CHECKS]
    measures = {
        f"sample/{name}#random-conv": course(*levels)[checks - 1]
        for name, levels in SAMPLES.items()
    }
    setup = {"objective": {"family": "non-saturating", "reduction": "sum"}, "total_steps": steps}
    header = {"format": 1, "gan_doctor": gan_doctor.__version__, "segment": 0, "setup": setup}
    (folder / "run.json").write_bytes(orjson.dumps(header))
    with (folder / "scalars.jsonl").open("wb") as file:
        for start in range(0, steps, FLUSH):
            line = {name: values[start : start + FLUSH] for name, values in columns.items()}
            file.write(_line(line))
        file.write(_line({"step": checks, **measures}))
    return (folder / "scalars.jsonl").stat().st_size / 1e6


def measure(arguments: list[str], rounds: int, compiled: Path) -> dict[str, Any]:
    """Medians of the processor and wall time of a command, in a process of its own each time.

    Args:
        arguments: Of the command.
        rounds: How often; one before them, which compiles, does not count.
        compiled: Where Python keeps what it compiled, as it does where the package is installed.
    """
    processor, wall = [], []
    settings = {"OMP_NUM_THREADS": "1", "PYTHONPYCACHEPREFIX": str(compiled)}
    environment = {**os.environ, **settings}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for _ in range(rounds + 1):
        before, start = _children(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "gan_doctor", *arguments],
            capture_output=True,
            check=False,
            env=environment,
        )
        assert done.returncode in (0, 1), done.stderr.decode()
        wall.append(time.perf_counter() - start)
        processor.append(_children() - before)
    return {
        "processor_s": round(float(np.median(processor[1:])), 3),
        "processor_s_least": round(min(processor[1:]), 3),
        "wall_s": round(float(np.median(wall[1:])), 3),
    }


def main() -> None:
    """Measures both commands, and writes what they took."""
    options = _options()
    with tempfile.TemporaryDirectory() as directory:
        log, compiled = Path(directory) / "log", Path(directory) / "compiled"
        log.mkdir()
        size = write_log(log, options.steps)
        taken = {
            "help": measure(["--help"], options.rounds, compiled),
            "report": measure(["report", str(log)], options.rounds, compiled),
        }
    results = {
        "command": f"python tests/benchmarks/cli_speed.py --steps {options.steps} "
        f"--rounds {options.rounds}",
        "machine": platform.processor() or platform.machine(),
        "load": round(os.getloadavg()[0], 1),  # above the number of cores, all takes longer
        "rounds": options.rounds,
        "steps": options.steps,
        "log_mb": round(size, 1),
        "targets_s": TARGETS_S,
        **taken,
    }
    text = json.dumps(results, indent=1)
    print(text)
    if not options.dry:
        RESULTS.write_text(text + "\n", encoding="utf-8")


def _line(columns: dict[str, FloatArray]) -> bytes:
    plain = {name: values.tolist() for name, values in columns.items()}
    rounded = {k: [float(f"{x:.7g}") for x in v] if k != "step" else v for k, v in plain.items()}
    return orjson.dumps(rounded, option=orjson.OPT_APPEND_NEWLINE)


def _children() -> float:
    """Processor time of all child processes that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--dry", action="store_true", help="print only")
    return parser.parse_args()


if __name__ == "__main__":
    main()
