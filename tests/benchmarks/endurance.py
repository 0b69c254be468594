"""Measures the memory of a process through a long monitored training.

    PYTHONPATH=tests python tests/benchmarks/endurance.py [--steps 1000000] [--attach manual]

With `--attach hooks` a tiny GAN trains; with `manual` nothing does, and the doctor is given losses
and batches. The promise: the peak grows by less than 100 MB over 10^6 steps. The growth counts from
the third sample check on, when everything is imported and every buffer was filled once. Writes
docs/results/endurance.json, one entry for each way and number of steps.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import torch
from loops.gan_loops import Training, plain, points
from rich.progress import track

import gan_doctor

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "endurance.json"
READINGS = 100
WARM = 7  # readings, of which a sample check takes two
GROWTH = 100  # MB that were promised


def told(t: Training, doctor: gan_doctor.Monitor, steps: int) -> None:
    """No training: numbers as one might give."""
    for _ in range(steps):
        real, fake, logits = t.real(), t.real() / 2, torch.randn(2, t.batch)
        doctor.observe(real=real, fake=fake, real_logits=logits[0], fake_logits=logits[1])
        doctor.step(loss_d=logits[0].mean(), loss_g=logits[1].mean(), scalars={"fid": 3.0})


LOOPS: dict[str, Callable[[Training, gan_doctor.Monitor, int], None]] = {
    "hooks": plain,
    "manual": told,
}


def peak() -> float:
    """The most memory that this process has held so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def trained(attach: str, steps: int, directory: Path) -> Iterator[dict[str, float]]:
    """Trains, and from time to time says where it is."""
    torch.set_num_threads(1)
    t, started = points(), time.perf_counter()
    with gan_doctor.Monitor(
        directory, t.G, t.D, "non-saturating", total_steps=steps, attach=attach
    ) as doctor:
        for i in range(READINGS):
            LOOPS[attach](t, doctor, steps // READINGS)
            yield {
                "step": (i + 1) * (steps // READINGS),
                "peak_mb": round(peak(), 1),
                "seconds": round(time.perf_counter() - started, 1),
            }


def main() -> None:
    """Trains once, and adds what it measured to the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--attach", choices=list(LOOPS), default="manual")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        run = Path(directory) / "run"
        running = trained(options.attach, options.steps, run)
        series = list(track(running, "Training", total=READINGS))
        log = sum(file.stat().st_size for file in run.rglob("*"))
        checks = gan_doctor.read(run).get("sample/recall")
    growth = round(series[-1]["peak_mb"] - series[WARM - 1]["peak_mb"], 1)
    results: Path = options.results
    entries = json.loads(results.read_text()) if results.is_file() else {}
    arguments = f"--steps {options.steps} --attach {options.attach}"
    entries[f"{options.attach}, {options.steps} steps"] = {
        "command": f"PYTHONPATH=tests python tests/benchmarks/endurance.py {arguments}",
        "date": date.today().isoformat(),
        "versions": {"gan_doctor": gan_doctor.__version__, "torch": torch.__version__},
        "load average": os.getloadavg()[1],
        "growth_mb": growth,
        "promised_mb": GROWTH,
        "growth_from_start_mb": round(series[-1]["peak_mb"] - series[0]["peak_mb"], 1),
        "sample_checks": 0 if checks is None else len(checks),
        "log_mb": round(log / 1e6, 1),
        "series": series,
    }
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(entries, indent=1) + "\n")
    print(f"{growth} MB of growth from step {series[WARM - 1]['step']} to {series[-1]['step']}")
    sys.exit(growth >= GROWTH)


if __name__ == "__main__":
    main()
