"""How much longer a training step takes with gan_doctor in it, beside what people use instead.

    PYTHONPATH=tests python -m benchmarks.step_overhead [--trainings mlp dcgan32 dcgan64]
        [--seconds 60] [--clock processor] [--device cuda] [--amp] [--compile] [--profile]

One training in one process is run in short blocks, each with another recorder attached, in random
order and then in the reverse order (ABBA), round after round. What a recorder adds is the median
over the rounds of its blocks less those of the bare training, with a bootstrap interval of 95 %.
A second bare arm shows what the noise of the machine alone would give. `inside` is the time from
entry to return of the recorder's own calls: far less noisy, but blind to what a recorder costs
outside of them, and on a GPU to what only the device does. gan_doctor's ticks are timed apart and
spread over their steps. Results go to docs/results/step_overhead.json. With --profile nothing is
written, and a table says where our microseconds go.

Where others use the machine too, take `--clock processor --threads 1`: the processor time of the
main thread is about what the wall clock shows where nobody interrupts. It is blind to the threads
that a recorder starts, such as TensorBoard's writer.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.overhead_profile import print_profile
from benchmarks.overhead_recorders import RECORDERS
from benchmarks.overhead_rounds import Arm, measured
from benchmarks.overhead_trainings import SIZES, Training

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "step_overhead.json"
COMMAND = "PYTHONPATH=tests python -m benchmarks.step_overhead"
CLOCKS = {"wall": time.perf_counter, "processor": time.thread_time}
RESAMPLES = 2_000  # of the bootstrap
MOST_TIMES = 10_000.0  # that are told apart: ours may be lost in the noise, even below 0

# Of issue 3: at most that much added, at least that many times less than the others.
ADDED_US = {"mlp": 100.0}
ADDED_SHARE = {"dcgan64": 0.01}
TIMES_OURS = {"naive": 5.0, "histograms": 50.0}


def main() -> None:
    """Times the trainings asked for and prints their tables."""
    options = _options()
    device, clock = torch.device(options.device), CLOCKS[options.clock]
    for name in options.trainings:
        size = replace(SIZES[name], width=options.width or SIZES[name].width)
        torch.set_num_threads(options.threads or size.threads)
        training = Training(size, options.batch, device, options.amp, options.compile)
        if options.profile:
            print_profile(training, options.seconds, clock)
            continue
        load = [os.getloadavg()[0]]
        arms = measured(training, ["bare", *options.recorders], options.seconds, clock)
        load.append(os.getloadavg()[0])
        result = {"environment": _environment(device, load), **summary(arms)}
        changed = [f"width {options.width}"] if options.width else []
        changed += [f"batch {options.batch}"] if options.batch != 64 else []
        changed += [f"{options.threads} threads"] if options.threads else []
        changed += ["processor time"] if options.clock == "processor" else []
        changed += [word for word in ("amp", "compile") if getattr(options, word)]
        label = ", ".join([name, device.type, *changed])
        _write(label, result)
        _print(name, label, result)


def summary(arms: Mapping[str, Arm]) -> dict[str, Any]:
    """What each recorder adds to a step, in microseconds and as a share, and how we compare."""
    bare = np.array(arms["bare"].whole)
    added = {n: np.array(a.whole) - bare + a.tick for n, a in arms.items() if n != "bare"}
    inside = {n: float(np.median(arms[n].inside)) + arms[n].tick for n in added}
    ours = added.get("gan_doctor")
    return {
        "rounds": len(bare),
        "bare_ms": round(float(np.median(bare)) * 1e3, 3),
        "recorders": {
            name: {
                "added_us": _interval(_median, extra * 1e6),
                "share": _interval(_share, extra, bare),
                "inside_us": _short(inside[name] * 1e6),
                "tick_us": _short(arms[name].tick * 1e6),
                "waits": round(arms[name].waits - arms["bare"].waits, 2),
            }
            for name, extra in added.items()
        },
        "times_ours": {
            name: {
                "added": _interval(_times, added[name], ours),
                "inside": _short(inside[name] / inside["gan_doctor"]),
            }
            for name in TIMES_OURS
            if name in added and ours is not None
        },
    }


def _interval(statistic: Callable[..., Any], *rounds: Any) -> list[float]:
    """The statistic, and the ends of its 95 % interval over resampled rounds."""
    draws = np.random.default_rng(0).integers(len(rounds[0]), size=(RESAMPLES, len(rounds[0])))
    ends = np.quantile(statistic(*(values[draws] for values in rounds)), [0.025, 0.975])
    return [_short(float(x)) for x in (statistic(*rounds), *ends)]


def _median(added: Any) -> Any:
    return np.median(added, -1)


def _share(added: Any, bare: Any) -> Any:
    return np.median(added, -1) / np.median(bare, -1)


def _times(theirs: Any, ours: Any) -> Any:
    ours, theirs = np.median(ours, -1), np.median(theirs, -1)
    return np.where(ours > 0, theirs / np.where(ours > 0, ours, 1), MOST_TIMES).clip(max=MOST_TIMES)


def _short(x: float) -> float:
    return float(f"{x:.4g}")


def _environment(device: torch.device, load: list[float]) -> dict[str, Any]:
    asked = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(
        asked, capture_output=True, text=True, check=False, cwd=RESULTS.parents[2]
    )
    cuda = device.type == "cuda"
    return {
        "command": " ".join([COMMAND, *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "device": torch.cuda.get_device_name(device) if cuda else _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": [round(x, 2) for x in load],
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "tensorboard")},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _write(label: str, result: Mapping[str, Any]) -> None:
    # Read again: another process may be at work on other trainings.
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results | {label: result}, indent=1) + "\n")


def _print(name: str, label: str, result: Mapping[str, Any]) -> None:
    environment = result["environment"]
    print(f"\n{label}: {result['bare_ms']:g} ms a bare step, {result['rounds']} rounds")
    print(", ".join(f"{key} {environment[key]}" for key in ("device", "threads", "load", "commit")))
    print(_row("added to a step", "microseconds", "share", "inside", "tick", "waits"))
    for recorder, seen in result["recorders"].items():
        share = [100 * x for x in seen["share"]]
        numbers = (f"{seen[key]:g}" for key in ("inside_us", "tick_us", "waits"))
        print(_row(recorder, _span(seen["added_us"]), _span(share, " %"), *numbers))
    for target in targets(name, result):
        print(f"{target.verdict:<8}{target}")


@dataclass(frozen=True)
class Target:
    """What is wanted beside what was measured.

    Args:
        text: Of what.
        seen: The value and the ends of its interval, or the value alone.
        limit: That it is to keep.
        at_most: Whether that is an upper limit.
        noise: Whether what was measured cannot be true.
    """

    text: str
    seen: Sequence[float]
    limit: float
    at_most: bool = True
    noise: bool = False

    @property
    def verdict(self) -> str:
        """Whether it is met or missed, or open where the limit lies within the interval."""
        if self.noise:
            return "noise"
        sign = 1 if self.at_most else -1
        met = [sign * value <= sign * self.limit for value in self.seen]
        return "met" if all(met) else "open" if any(met) else "missed"

    def __str__(self) -> str:
        bound = "at most" if self.at_most else "at least"
        return f"{self.text}: {_span(self.seen)}, {bound} {self.limit:g}"


def targets(name: str, result: Mapping[str, Any]) -> Iterator[Target]:
    """The targets of a training.

    Args:
        name: Of the training.
        result: Its `summary`.
    """
    ours = result["recorders"].get("gan_doctor")
    if ours is None:
        return
    # A training cannot become slower by less than what we saw ourselves take.
    noise = ours["added_us"][2] < ours["inside_us"]
    if name in ADDED_US:
        yield Target("microseconds added", ours["added_us"], ADDED_US[name], noise=noise)
        yield Target("microseconds inside", [ours["inside_us"]], ADDED_US[name])
    if name in ADDED_SHARE:
        inside = ours["inside_us"] / 1e3 / result["bare_ms"]
        yield Target("share of the step added", ours["share"], ADDED_SHARE[name], noise=noise)
        yield Target("share of the step inside", [inside], ADDED_SHARE[name])
    for other, times in result["times_ours"].items():
        limit = TIMES_OURS[other]
        yield Target(f"{other} against ours, added", times["added"], limit, False, noise)
        yield Target(f"{other} against ours, inside", [times["inside"]], limit, False)
    yield Target("synchronisations a step", [ours["waits"]], 0)


def _row(name: str, added: str, share: str, inside: str, tick: str, waits: str) -> str:
    return f"{name:<16}{added:>28}{share:>28}{inside:>9}{tick:>8}{waits:>7}"


def _span(values: Sequence[float], unit: str = "") -> str:
    value, *ends = (f"{x:.4g}" for x in values)
    return f"{value}{unit}" + (f" ({' to '.join(ends)})" if ends else "")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trainings", nargs="+", choices=list(SIZES), default=list(SIZES))
    others = [name for name in RECORDERS if name != "bare"]
    parser.add_argument("--recorders", nargs="+", choices=others, default=others)
    parser.add_argument("--seconds", type=float, default=60, help="for each training")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, help="of the networks, in place of each one's own")
    parser.add_argument("--threads", type=int, help="in place of each training's own")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    parser.add_argument("--amp", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--profile", action="store_true", help="where our time goes; no table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
