"""What a diagnosis of a long run costs, afterwards and live.

    python tests/benchmarks/diagnose_speed.py [--steps 1000000] [--rounds 5]

Afterwards: a run with every step of 20 series, as a reader gives it. Live: the same run at its last
step as the monitor remembers it, one mean a tick. Each diagnosis is in a process of its own, whose
peak memory is then its own too; what detectors import is counted afterwards only. Where the time
goes is the profile of one more. Writes docs/results/diagnose_speed.json; the targets are 2 s and
1 GB afterwards, 100 ms live.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import platform
import pstats
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gan_doctor import diagnose
from gan_doctor.core import Band, FloatArray, Key, Objective, Run, Series, Setup
from gan_doctor.core.run import TICK_STEPS

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "diagnose_speed.json"
TARGETS = {"afterwards_s": 2, "afterwards_mb": 1_000, "live_ms": 100}
SHOWN = 12  # functions of a profile
SAMPLE_STEPS = 5_000

# A healthy non-saturating run: where each series wanders about, and how far.
LEVELS = {
    "loss/d": (1.3, 0.1), "loss/g": (0.8, 0.1), "loss/d/clean": (1.3, 0.1),
    "loss/d/real": (0.65, 0.06), "loss/d/fake": (0.65, 0.06), "auroc": (0.7, 0.04),
    "logit/real": (0.3, 0.1), "logit/fake": (-0.3, 0.1), "logit/sd": (0.6, 0.05),
    "gradient/d": (1.0, 0.1), "gradient/g": (1.0, 0.1), "gradient/d/first": (0.4, 0.04),
    "gradient/d/hidden": (0.4, 0.04), "gradient/d/last": (0.4, 0.04), "weight/d": (30, 0.01),
    "weight/g": (30, 0.01), "update/d": (1e-3, 1e-4), "lr/d": (2e-4, 0), "lr/g": (2e-4, 0),
    "steps/d": (1, 0),
}  # fmt: skip
SAMPLES = {"coverage": 0.95, "precision": 0.8, "recall": 0.8}


def recorded(steps: int) -> dict[str, FloatArray]:
    """(steps,) values of each of the 20 series."""
    rng = np.random.default_rng(0)
    return {name: level + sd * rng.standard_normal(steps) for name, (level, sd) in LEVELS.items()}


def afterwards(steps: int) -> Callable[[], Run]:
    """The run as a reader gives it."""
    at = np.arange(1.0, steps + 1)
    series = [Series(Key(name), at, values) for name, values in recorded(steps).items()]
    samples, bands = _samples(steps)
    run = Run("long", series=(*series, *samples), bands=bands, setup=_setup(steps))
    return lambda: run


def live(steps: int) -> Callable[[], Run]:
    """The run as the monitor remembers it."""
    from gan_doctor.monitor.history import History
    from gan_doctor.monitor.window import Columns

    history, values = History("long", _setup(steps), 0), recorded(steps)
    samples, bands = _samples(steps)
    history.bands += bands
    for first in range(0, steps, TICK_STEPS):
        last = min(first + TICK_STEPS, steps)
        rows = {name: column[first:last] for name, column in values.items()}
        history.add([Columns([*range(first + 1, last + 1)], rows)])
    for one in samples:
        at = [int(step) for step in one.steps]
        history.add([Columns(at, {str(one.key): one.values})])
    return history.run


def _samples(steps: int) -> tuple[list[Series], tuple[Band, ...]]:
    at = np.arange(SAMPLE_STEPS, steps + 1, SAMPLE_STEPS, dtype=float)
    rng = np.random.default_rng(1)
    keys = {name: Key(f"sample/{name}", features="random-conv") for name in SAMPLES}
    series = [
        Series(keys[name], at, level + 0.01 * rng.standard_normal(len(at)))
        for name, level in SAMPLES.items()
    ]
    bands = tuple(
        Band(keys[name], 1_024, level, 0.01, level - 0.03, level + 0.03, 0)
        for name, level in SAMPLES.items()
    )
    return series, bands


def _setup(steps: int) -> Setup:
    return Setup(objective=Objective("non-saturating", "sum"), total_steps=steps)


def measure(arm: str, steps: int) -> dict[str, Any]:
    """One diagnosis and its profile, alone in its process."""
    make = {"afterwards": afterwards, "live": live}[arm](steps)
    if arm == "live":  # it is not the first check of its training, but follows upon the last one
        diagnose(make().until(steps - SAMPLE_STEPS))
    before = _peak()
    wall, processor = time.perf_counter(), time.process_time()
    diagnosis = diagnose(make())
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = _peak()
    # A second one of the same run would find what the first has left with it.
    fresh = Run(**{name: value for name, value in vars(make()).items() if name in _FIELDS})
    with cProfile.Profile(time.process_time) as profile:
        diagnose(fresh)
    return {
        "wall": wall,
        "processor": processor,
        "before": before,
        "peak": peak,
        "findings": [f"{finding.code}" for finding in diagnosis.findings],
        "within": _within(profile),
    }


_FIELDS = Run.__dataclass_fields__


def _within(profile: cProfile.Profile) -> dict[str, float]:
    """Processor milliseconds within each function, what it calls included; not diagnose itself."""
    spent: dict[str, float] = {}
    for (file, _, name), row in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if "gan_doctor" in file and not name.startswith("<") and "diagnose" not in name:
            place = f"{Path(file).stem}.{name}"
            spent[place] = spent.get(place, 0) + 1e3 * row[3]
    most = sorted(spent.items(), key=lambda item: -item[1])[:SHOWN]
    return {name: round(value, 1) for name, value in most}


def main() -> None:
    """Runs both in turn and writes the results."""
    options = _options()
    if options.arm:
        print(json.dumps(measure(options.arm, options.steps)))
        return
    results = {
        "command": f"python tests/benchmarks/diagnose_speed.py --steps {options.steps} "
        f"--rounds {options.rounds}",
        "machine": platform.processor() or platform.machine(),
        "steps": options.steps,
        "series": len(LEVELS),
        "targets": TARGETS,
        **{arm: _summary(arm, options) for arm in ("afterwards", "live")},
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def _summary(arm: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--arm", arm, "--steps", str(options.steps)]
    taken: list[dict[str, Any]] = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(options.rounds)
    ]
    return {
        "wall_ms": round(1e3 * float(np.median([one["wall"] for one in taken])), 1),
        "wall_ms_quickest": round(1e3 * min(one["wall"] for one in taken), 1),
        "processor_ms": round(1e3 * float(np.median([one["processor"] for one in taken])), 1),
        "peak_mb": round(max(one["peak"] for one in taken)),
        "before_mb": round(max(one["before"] for one in taken)),
        "findings": taken[0]["findings"],
        "processor_ms_within": taken[0]["within"],
    }


def _peak() -> float:
    """The largest resident size so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--arm", choices=["afterwards", "live"], help="measure this one here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
