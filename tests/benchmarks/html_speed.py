"""What the page of a long run costs: the whole process of `gan-doctor report RUN --html FILE`.

    python tests/benchmarks/html_speed.py [--steps 1000000] [--rounds 3]

The run is that of `diagnose_speed.py`, every step of 20 series, written as a run log. Two arms in
turn: with the page and without, so that what the page adds can be told from what reading and
judging take; processor time depends little on what else the machine does. Writes
docs/results/html_speed.json; the targets are 5 s and 5 MB with the page.
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

import numpy as np
import orjson

from gan_doctor.core import FloatArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.diagnose_speed import recorded

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "html_speed.json"
TARGETS = {"with_page_s": 5, "page_mb": 5}
ROWS = 1_000  # of one flush


def written(folder: Path, steps: int) -> Path:
    """The run as a log of ours."""
    folder.mkdir()
    header = {
        "format": 1,
        "gan_doctor": "0.1.0",
        "segment": 0,
        "setup": {
            "objective": {"family": "non-saturating", "reduction": "sum"},
            "total_steps": steps,
        },
    }
    (folder / "run.json").write_bytes(orjson.dumps(header))
    columns = {name: _seven_digits(values) for name, values in recorded(steps).items()}
    with (folder / "scalars.jsonl").open("wb") as file:
        for first in range(0, steps, ROWS):
            last = min(first + ROWS, steps)
            rows = {name: values[first:last].tolist() for name, values in columns.items()}
            file.write(orjson.dumps({"step": [*range(first + 1, last + 1)], **rows}) + b"\n")
    return folder


def _seven_digits(values: FloatArray) -> FloatArray:
    """Rounded as the monitor writes them."""
    return np.array([float(f"{value:.7g}") for value in values.tolist()])


def measure(log: Path, page: Path | None) -> tuple[float, float]:
    """Wall and processor seconds of one whole process."""
    command = [sys.executable, "-m", "gan_doctor", "report", str(log), "--fail-on", "never"]
    command += [] if page is None else ["--html", str(page)]
    wall, processor = time.perf_counter(), _of_children()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - wall, _of_children() - processor


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _summary(arm: str, taken: FloatArray) -> dict[str, float]:
    wall, processor = taken.T
    return {
        f"{arm}_s": round(float(np.median(wall)), 2),
        f"{arm}_s_quickest": round(float(wall.min()), 2),
        f"{arm}_processor_s": round(float(np.median(processor)), 2),
    }


def main() -> None:
    """Runs both arms in turn and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log, page = written(Path(folder, "run"), options.steps), Path(folder, "page.html")
        rounds = [(measure(log, page), measure(log, None)) for _ in range(options.rounds)]
        log_mb = (log / "scalars.jsonl").stat().st_size / 1e6
        page_mb = page.stat().st_size / 1e6
    taken = np.array(rounds)  # (rounds, with and without, wall and processor)
    results = {
        "command": f"python tests/benchmarks/html_speed.py --steps {options.steps} "
        f"--rounds {options.rounds}",
        "machine": platform.processor() or platform.machine(),
        "steps": options.steps,
        "targets": TARGETS,
        "log_mb": round(log_mb, 1),
        "page_mb": round(page_mb, 3),
        **_summary("with_page", taken[:, 0]),
        **_summary("without_page", taken[:, 1]),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
