"""What it costs to measure fakes against reals, and to prepare the real side.

    python tests/benchmarks/sample_measures.py [--n 1024] [--size 32] [--rounds 10]

Images are smooth random ones. The real side is prepared once for a training (its null, its
clusters); a measure of fakes is what a training pays again and again. Where the time of each goes
is the profile of one more round. Writes docs/results/sample_measures.json; the target is 500 ms for
a measure of 1,024 fakes of 3 x 32 x 32 on two cores.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import platform
import pstats
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import interpolate

from gan_doctor.sampling import Reference

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "sample_measures.json"
TARGET_MS = 500
THREADS = 2
SHOWN = 10  # functions of a profile


def images(n: int, size: int, seed: int) -> Tensor:
    """(n, 3, size, size) in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(n, 3, size // 4, size // 4, generator=generator)
    return interpolate(coarse, size=(size, size), mode="bilinear").tanh()


def main() -> None:
    """Times both sides and writes the results."""
    options = _options()
    torch.set_num_threads(THREADS)
    real, fake = images(2 * options.n, options.size, 0), images(options.n, options.size, 1)
    prepared, measured = [], []
    for _ in track(range(options.rounds)):
        start = _clocks()
        reference = Reference(real, options.n)
        prepared.append(_clocks() - start)
        start = _clocks()
        reference.measure(fake)
        measured.append(_clocks() - start)
    results = {
        "command": f"python tests/benchmarks/sample_measures.py --n {options.n} "
        f"--size {options.size} --rounds {options.rounds}",
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "threads": THREADS,
        "n": options.n,
        "shape": [3, options.size, options.size],
        "target_ms": TARGET_MS,
        "measure": _summary(measured) | _profile(lambda: reference.measure(fake)),
        "real_side": _summary(prepared) | _profile(lambda: Reference(real, options.n)),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def _clocks() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Wall and processor time."""
    return np.array([time.perf_counter(), time.process_time()])


def _summary(taken: list[np.ndarray[Any, Any]]) -> dict[str, float]:
    wall, processor = 1e3 * np.array(taken).T
    return {
        "wall_ms": round(float(np.median(wall)), 1),
        "wall_ms_quickest": round(float(wall.min()), 1),
        "processor_ms": round(float(np.median(processor)), 1),
    }


def _profile(call: Callable[[], object]) -> dict[str, dict[str, float]]:
    """Processor milliseconds within each of our functions, what it calls included."""
    with cProfile.Profile(time.process_time) as profile:
        call()
    spent: dict[str, float] = {}
    for (file, _, name), row in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if "gan_doctor" in file and not name.startswith("<"):
            place = f"{Path(file).stem}.{name}"
            spent[place] = spent.get(place, 0) + 1e3 * row[3]
    most = sorted(spent.items(), key=lambda item: -item[1])[:SHOWN]
    return {"processor_ms_within": {name: round(value, 1) for name, value in most}}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=1_024, help="samples on each side")
    parser.add_argument("--size", type=int, default=32, help="of the images")
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
