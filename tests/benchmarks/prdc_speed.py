"""Precision, recall, density and coverage of large sets: our blocks against the prdc package.

    python tests/benchmarks/prdc_speed.py [--n 10000] [--features 2048] [--rounds 5]

Each measure runs in a process of its own, whose peak memory is then its own too; the arms take
turns, each round in another order, and what counts is the ratio within a round. The package runs on
float64 features, where it is exact and also faster, and once on the float32 that its docstring asks
for. Results go to docs/results/prdc_speed.json; the target is a ratio of 3 and less than 2 GB.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from prdc import compute_prdc
from rich.progress import track
from torch import Tensor

from gan_doctor.metrics.prdc import prdc

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "prdc_speed.json"
K = 5  # of all four: the package has only one
ARMS = ("ours", "package")
MEASURES = ("precision", "recall", "density", "coverage")


def features(n: int, f: int) -> tuple[Tensor, Tensor]:
    """Reals and fakes whose directions differ in variance, as those of a trained network do."""
    generator = torch.Generator().manual_seed(0)
    sd = torch.arange(1, f + 1).float().rsqrt()
    real, fake = torch.randn(2, n, f, generator=generator) * sd
    return real, 0.95 * fake + 0.1 * sd


def measure(arm: str, n: int, f: int) -> dict[str, Any]:
    """One measure, alone in its process."""
    real, fake = features(n, f)
    if arm == "package":
        real, fake = real.double(), fake.double()
    before = _peak()
    wall, processor = time.perf_counter(), time.process_time()
    if arm == "ours":
        found = vars(prdc(real, fake, K, K))
    else:
        with contextlib.redirect_stdout(io.StringIO()):
            found = compute_prdc(real.numpy(), fake.numpy(), K)
    return {
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "peak": _peak(),
        "before": before,
        **{name: float(found[name]) for name in MEASURES},
    }


def main() -> None:
    """Runs the arms in turn and writes the results."""
    options = _options()
    if options.arm:
        print(json.dumps(measure(options.arm, options.n, options.features)))
        return
    taken: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
    for turn in track(range(options.rounds)):
        for arm in ARMS if turn % 2 else reversed(ARMS):
            taken[arm].append(_child(arm, options))
    on_float32 = _child("package-float32", options)
    results = {
        "command": f"python tests/benchmarks/prdc_speed.py --n {options.n} "
        f"--features {options.features} --rounds {options.rounds}",
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "n": options.n,
        "features": options.features,
        **{arm: _summary(taken[arm]) for arm in ARMS},
        "package_on_float32": _summary([on_float32]),
        "ratio_of_wall_times": _ratio(taken, "wall"),
        "ratio_of_processor_times": _ratio(taken, "processor"),
        "largest_difference": max(
            abs(taken["ours"][0][name] - taken["package"][0][name]) for name in MEASURES
        ),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def _child(arm: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--arm", arm]
    command += ["--n", str(options.n), "--features", str(options.features)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _summary(taken: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "wall_s": round(float(np.median([one["wall"] for one in taken])), 2),
        "processor_s": round(float(np.median([one["processor"] for one in taken])), 2),
        "peak_mb": round(max(one["peak"] for one in taken)),
        "added_mb": round(max(one["peak"] - one["before"] for one in taken)),
        **{name: taken[0][name] for name in MEASURES},
    }


def _ratio(taken: dict[str, list[dict[str, Any]]], clock: str) -> dict[str, float]:
    ours, package = (np.array([one[clock] for one in taken[arm]]) for arm in ARMS)
    ratios = package / ours
    return {
        "median": round(float(np.median(ratios)), 3),
        "lowest": round(float(ratios.min()), 3),
        "highest": round(float(ratios.max()), 3),
    }


def _peak() -> float:
    """The largest resident size so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=10_000, help="samples on each side")
    parser.add_argument("--features", type=int, default=2_048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--arm", help="measure this one here, and print what came out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
