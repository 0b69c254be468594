"""What the triage of a sweep costs, in time and memory.

    python tests/benchmarks/triage_speed.py [--runs 100 1000] [--steps 10000] [--workers 2]

Run logs of 8 series with every step are made in a temporary folder, 70 MB for 100 runs of 10,000
steps; a third of them goes wrong. Each triage is a process of its own. Its time is that of the
command without the start of Python; its memory is the most that it held, and that any of its
workers did. Writes docs/results/triage_speed.json; the targets are 60 s for 1,000 runs on 2 cores,
and for 1,000 runs at most 1.2 times the memory of 100.
"""

from __future__ import annotations

import argparse
import json
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

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "triage_speed.json"
TARGETS = {"seconds_for_1000_runs": 60, "memory_at_1000_over_100": 1.2}
FLUSH = 50  # steps of one line, as the monitor writes them
CONTENTS = 12  # different logs, which the runs share

# A healthy non-saturating run: where each series wanders about, and how far.
LEVELS = {
    "loss/d": (1.3, 0.1), "loss/g": (0.8, 0.1), "auroc": (0.7, 0.04), "logit/real": (0.3, 0.1),
    "logit/fake": (-0.3, 0.1), "logit/gradient": (-0.4, 0.02), "gradient/d": (1.0, 0.1),
    "gradient/g": (1.0, 0.1),
}  # fmt: skip


def scalars(seed: int, steps: int) -> bytes:
    """A file of scalars as the monitor writes it; of every third seed D wins half way."""
    rng = np.random.default_rng(seed)
    values = {name: m + sd * rng.standard_normal(steps) for name, (m, sd) in LEVELS.items()}
    if seed % 3 == 0:
        half = slice(steps // 2, None)
        values["auroc"][half] = 1
        values["loss/d"][half] = 1e-4
        values["loss/g"][half] = 10 + rng.standard_normal(steps - steps // 2)
    text = {name: [f"{value:.7g}" for value in column] for name, column in values.items()}
    lines = []
    for first in range(0, steps, FLUSH):
        last = min(first + FLUSH, steps)
        columns = [f'"step":{list(range(first + 1, last + 1))}']
        columns += [f'"{name}":[{",".join(all_[first:last])}]' for name, all_ in text.items()]
        lines.append("{" + ",".join(columns) + "}\n")
    return "".join(lines).encode()


def make(folder: Path, runs: int, steps: int) -> None:
    """The logs of a sweep: ten seeds of each configuration."""
    setup = {"objective": {"family": "non-saturating", "reduction": "sum"}, "total_steps": steps}
    header = orjson.dumps({"format": 1, "gan_doctor": "0.1.0", "segment": 0, "setup": setup})
    contents = [scalars(seed, steps) for seed in range(min(CONTENTS, runs))]
    for n in range(runs):
        run = folder / f"lr{n // 10:03d}_s{n % 10}"
        run.mkdir()
        (run / "run.json").write_bytes(header)
        (run / "scalars.jsonl").write_bytes(contents[n % len(contents)])


def measure(folder: Path, workers: int) -> dict[str, Any]:
    """One triage in this process."""
    from joblib.externals.loky import get_reusable_executor

    from gan_doctor.triage import Sweep, groups

    start = time.perf_counter()
    rows = Sweep([str(folder)], workers=workers).look()
    groups(rows)
    wall = time.perf_counter() - start
    get_reusable_executor().shutdown(wait=True)
    own = resource.getrusage(resource.RUSAGE_SELF)
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(wall, 2),
        "milliseconds_per_run": round(1e3 * wall / len(rows), 1),
        "processor_seconds": round(sum(u.ru_utime + u.ru_stime for u in (own, theirs)), 2),
        "peak_mb": round(own.ru_maxrss / 2**10),
        "peak_mb_of_a_worker": round(theirs.ru_maxrss / 2**10),
        "outlooks": {o: sum(r.outlook == o for r in rows) for o in {r.outlook for r in rows}},
    }


def main() -> None:
    """Measures each size and writes the results."""
    options = _options()
    if options.folder:
        print(json.dumps(measure(options.folder, options.workers)))
        return
    sizes = {runs: _measured(runs, options) for runs in options.runs}
    results: dict[str, Any] = {
        "command": f"python tests/benchmarks/triage_speed.py --runs {' '.join(map(str, sizes))} "
        f"--steps {options.steps} --workers {options.workers}",
        "machine": platform.processor() or platform.machine(),
        "steps": options.steps,
        "series": len(LEVELS),
        "workers": options.workers,
        "targets": TARGETS,
        **{f"{runs} runs": row for runs, row in sizes.items()},
    }
    if {100, 1000} <= set(sizes):
        results["memory_at_1000_over_100"] = round(_memory(sizes[1000]) / _memory(sizes[100]), 3)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def _measured(runs: int, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), runs, options.steps)
        command = [sys.executable, __file__, "--folder", folder, "--workers", str(options.workers)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _memory(row: dict[str, Any]) -> float:
    """Of the process and its workers, if all were at their peak together."""
    workers = row["peak_mb_of_a_worker"]
    return float(row["peak_mb"] + workers)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="measure the triage of this one here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
