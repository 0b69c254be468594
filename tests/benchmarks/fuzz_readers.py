"""Breaks logs for every reader, and sees that each is read in part or refused, soon and in little.

    python tests/benchmarks/fuzz_readers.py --files 10000

Prints a line a reader: how many logs were read and how many refused, the slowest, and the memory
that the process has taken for reading them.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

sys.path.insert(0, str(Path(__file__).parents[1]))

from readers.fuzzing import SOUND, broken_logs, read_by, written

LONGEST = 10  # seconds a log may take
MOST_MEMORY = 100  # MB, beyond ten times the largest log


def main() -> None:
    """Breaks logs until there are enough."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000, help="broken logs for each reader")
    parser.add_argument("--reader", action="append", help="only this one; may be repeated")
    parser.add_argument("--out", type=Path, help="where to write the results as JSON")
    asked = parser.parse_args()
    rows = [fuzzed(slug, asked.files) for slug in asked.reader or sorted(SOUND)]
    if asked.out:
        command = f"python tests/benchmarks/fuzz_readers.py --files {asked.files}"
        asked.out.write_text(json.dumps({"command": command, "readers": rows}, indent=1) + "\n")


def fuzzed(slug: str, files: int) -> dict[str, object]:
    """Breaks logs for one reader."""
    counts = {"read": 0, "refused": 0}
    slowest = taken = largest = 0.0

    @settings(
        max_examples=files, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(broken_logs(slug))
    def run(log: dict[str, bytes]) -> None:
        nonlocal slowest, taken, largest
        with tempfile.TemporaryDirectory() as folder:
            path = written(log, Path(folder))
            largest = max(largest, sum(map(len, log.values())) / 1e6)
            before = _memory()  # what hypothesis takes for its examples is not the reader's
            began = time.perf_counter()
            signal.alarm(LONGEST)
            try:
                found = read_by(slug, path)
            finally:
                signal.alarm(0)
            slowest = max(slowest, time.perf_counter() - began)
            taken += _memory() - before
            counts["read" if found is not None else "refused"] += 1

    run()
    row = {
        "reader": slug, **counts, "slowest_s": round(slowest, 3),
        "largest_mb": round(largest, 2), "memory_mb": round(taken, 1),
    }  # fmt: skip
    print(json.dumps(row), flush=True)
    assert taken <= MOST_MEMORY + 10 * largest, f"{slug} has taken {taken:.0f} MB"
    return row


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
