"""What it costs to read a long text log into a run.

    python tests/benchmarks/text_speed.py [--lines 1000000] [--rounds 3]

The log is made up, of the shape that the PyTorch DCGAN example prints, about 85 bytes a line. Each
reading is in a process of its own, from the file to the whole run, after the imports. Prints the
quickest and the median; the target is 5 s for 10^6 lines.
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

from gan_doctor.core import Source
from gan_doctor.readers.printed_text import PrintedTextReader

TARGET_S = 5
BATCHES = 1_000  # of an epoch


def write_log(path: Path, lines: int) -> None:
    """Losses and scores that wander."""
    rng = np.random.default_rng(0)
    epochs = -(-lines // BATCHES)
    with path.open("w", encoding="utf-8") as file:
        for i in range(lines):
            d, g, x, z1, z2 = rng.random(5)
            file.write(
                f"[{i // BATCHES}/{epochs}][{i % BATCHES}/{BATCHES}]\tLoss_D: {2 * d:.4f}\t"
                f"Loss_G: {9 * g:.4f}\tD(x): {x:.4f}\tD(G(z)): {z1:.4f} / {z2:.4f}\n"
            )


def measure(path: Path) -> dict[str, float]:
    """One reading, alone in its process."""
    before = _peak()
    wall, processor = time.perf_counter(), time.process_time()
    run, _ = PrintedTextReader().read(Source.of(path))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    values = sum(map(len, run.series))
    return {
        "wall": wall,
        "processor": processor,
        "before": before,
        "peak": _peak(),
        "values": values,
    }


def main() -> None:
    """Writes the log, reads it a few times, and prints what it took."""
    options = _options()
    if options.read:
        print(json.dumps(measure(options.read)))
        return
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "train.log"
        write_log(path, options.lines)
        size = path.stat().st_size / 1e6
        command = [sys.executable, __file__, "--read", str(path)]
        taken: list[dict[str, Any]] = [
            json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            for _ in range(options.rounds)
        ]
    quickest = min(one["wall"] for one in taken)
    results = {
        "command": f"python tests/benchmarks/text_speed.py --lines {options.lines} "
        f"--rounds {options.rounds}",
        "machine": platform.processor() or platform.machine(),
        "lines": options.lines,
        "values": taken[0]["values"],
        "file_mb": round(size, 1),
        "target_s": TARGET_S,
        "wall_s": round(float(np.median([one["wall"] for one in taken])), 2),
        "wall_s_quickest": round(quickest, 2),
        "processor_s": round(float(np.median([one["processor"] for one in taken])), 2),
        "mb_per_s": round(size / quickest, 1),
        "peak_mb": round(max(one["peak"] for one in taken)),
        "before_mb": round(max(one["before"] for one in taken)),
    }
    print(json.dumps(results, indent=1))


def _peak() -> float:
    """The largest resident size so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--read", type=Path, help="read this log here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
