"""Kills trainings with SIGKILL at random moments, and looks at what is left of their run logs.

    PYTHONPATH=tests python tests/benchmarks/kill.py [--times 200]

Five times in a row the same run is killed and resumed, and then let end; this is a life. Processes
are forked from one that has loaded torch, and say in shared memory how far they have come. Writes
docs/results/kill.json; what is already in that file is not run again. Fails if a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, MutableSequence
from ctypes import c_long
from multiprocessing.sharedctypes import RawArray
from pathlib import Path

import numpy as np
import orjson
import torch
from loops.gan_loops import plain, points
from rich.progress import track

import gan_doctor
from gan_doctor.core import ReadError

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "kill.json"
KILLS = 5  # of one run
LONGEST = 90  # steps that a process makes; one in ten is not even let begin
STEP_SECONDS = 0.02  # more or less
BUDGETS = (400, 2_000, 20_000)  # generator steps: a flush every 2, 10 and 50
FORK = multiprocessing.get_context("fork")

# What a process tells: the clock when it began (-1: not yet) and now, and the findings it was told.
BEGAN, STEP, FINDINGS = range(3)


def train(directory: Path, budget: int, told: MutableSequence[int], steps: int) -> None:
    """The loop of a person who resumes after each crash."""
    torch.set_num_threads(1)
    t = points()

    def count(finding: object) -> None:
        told[FINDINGS] += 1

    with gan_doctor.Monitor(
        directory, t.G, t.D, "non-saturating", budget,
        sample_every=20, exists="resume", on_finding=count,
    ) as doctor:  # fmt: skip
        told[STEP] = told[BEGAN] = doctor.state_dict()["step"]
        for _ in range(steps):
            plain(t, doctor, 1)
            told[STEP] += 1


def load_everything() -> None:
    """Uses a monitor once, so that forked processes need not import what it imports on the way.

    Without a backward pass: torch wants to be forked before it.
    """
    torch.set_num_threads(1)
    t = points()
    with (
        tempfile.TemporaryDirectory() as directory,
        gan_doctor.Monitor(directory, t.G, t.D, attach="manual", sample_every=20) as doctor,
    ):
        for _ in range(40):
            doctor.observe(real=t.real(), fake=t.real())
            doctor.step(loss_d=1.0, loss_g=1.0)


class Life:
    """A run that is killed and resumed again and again.

    Args:
        directory: Of its log.
        seed: Of the moments.
    """

    def __init__(self, directory: Path, seed: int) -> None:
        self._directory, self._random = directory, random.Random(seed)
        self._budget = BUDGETS[seed % len(BUDGETS)]
        self._flush = min(50, self._budget // 200)
        self._told = RawArray(c_long, 3)
        self._before: gan_doctor.Run | None = None
        self._torn = 0

    def kills(self, n: int) -> Iterator[dict[str, object]]:
        """Kills it n times; each time what was found, with the promises that were broken."""
        for _ in range(n):
            self._live(self._random.randint(-LONGEST // 9, LONGEST), killed=True)
            yield self._examined()

    def ends_well(self) -> bool:
        """Lets it go on for some steps, and close."""
        self._live(23)
        run = gan_doctor.read(self._directory)
        return run.last_step == self._told[BEGAN] + 23 and not any(self._lost_since_before(run))

    def _live(self, steps: int, killed: bool = False) -> None:
        """Lets it make so many steps; to be killed, it is let go on until a moment later."""
        self._told[BEGAN] = -1
        end = 100 * LONGEST if killed else steps
        process = FORK.Process(target=train, args=(self._directory, self._budget, self._told, end))
        process.start()
        if killed:
            while process.is_alive() and steps >= 0 and not self._has_made(steps):
                time.sleep(STEP_SECONDS / 10)
            time.sleep(self._random.uniform(0, STEP_SECONDS))
            process.kill()
        process.join()
        expected = -signal.SIGKILL if killed else 0
        assert process.exitcode == expected, f"it ended by itself, with {process.exitcode}"

    def _has_made(self, steps: int) -> bool:
        return self._told[BEGAN] >= 0 and self._told[STEP] - self._told[BEGAN] >= steps

    def _examined(self) -> dict[str, object]:
        began, step = self._told[BEGAN], self._told[STEP]
        attached = began >= 0
        try:
            run = gan_doctor.read(self._directory)
        except ReadError as error:
            fine = self._before is None and step <= self._flush  # before the first flush
            return {"found": "nothing", "broken": [] if fine else [str(error)]}
        last = run.parts[-1].get("loss/d")
        read = int(run.last_step)
        torn = self._torn_lines()
        self._torn += torn
        broken = [*self._unreadable(run), *self._lost_since_before(run)]
        if attached and step - read > self._flush:
            broken.append(f"{step - read} steps lost, where a flush has {self._flush}")
        if attached and self._before is not None and began != self._before.last_step:
            broken.append(f"resumed at {began}, not at {self._before.last_step:g}")
        if attached and last is not None and not _without_holes(last.steps, began):
            broken.append("steps have holes")
        if torn > 1:
            broken.append(f"{torn} torn lines")
        self._before = run
        return {
            "began": began if attached else step,
            "step": step,
            "read": read,
            "flush": self._flush,
            "torn": torn,
            "broken": broken,
        }

    def _torn_lines(self) -> int:
        files = self._directory.glob("*.jsonl")
        return sum(content[-1:] not in (b"", b"\n") for content in map(Path.read_bytes, files))

    def _unreadable(self, run: gan_doctor.Run) -> Iterator[str]:
        broken = [note for note in run.notes if "broken" in note]
        if sum(int(note.split()[1]) for note in broken) > self._torn:
            yield f"lines are broken that were never torn: {broken}"
        for batch in run.samples:
            batch.load()
        findings = self._directory / "findings.jsonl"
        lines = findings.read_bytes().split(b"\n") if findings.is_file() else []
        whole = sum(_is_json(line) for line in lines)
        if whole < self._told[FINDINGS]:
            yield f"{whole} findings, where {self._told[FINDINGS]} were told"

    def _lost_since_before(self, run: gan_doctor.Run) -> Iterator[str]:
        for series in self._before.series if self._before else ():
            now = next((s for s in run.series if s.key == series.key), None)
            kept = now is not None and np.array_equal(
                now.values[: len(series)], series.values, equal_nan=True
            )
            if not kept:
                yield f"of {series.key} something is gone that was there before"


def _without_holes(steps: np.ndarray, began: int) -> bool:
    return np.array_equal(steps, np.arange(began + 1, began + 1 + len(steps)))


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def main() -> None:
    """Runs the lives that are missing, and sums up all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=200, help="kills in all")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    results: Path = options.results
    lives = json.loads(results.read_text())["lives"] if results.is_file() else {}
    load_everything()
    todo = [str(seed) for seed in range(-(-options.times // KILLS)) if str(seed) not in lives]
    for seed in track(todo, "Killing", auto_refresh=False):
        with tempfile.TemporaryDirectory() as directory:
            life = Life(Path(directory) / "run", int(seed))
            kills = list(life.kills(KILLS))
            lives[seed] = {"kills": kills, "ended well": life.ends_well()}
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(summed_up(lives, options.times), indent=1) + "\n")
    summary = summed_up(lives, options.times)["summary"]
    print(json.dumps(summary, indent=1))
    sys.exit(bool(summary["promises broken"]))


def summed_up(lives: dict[str, dict], times: int) -> dict[str, object]:
    """The results as they are written."""
    kills = [kill for life in lives.values() for kill in life["kills"]]
    found = [kill for kill in kills if "read" in kill]
    ends = [f"life {seed} did not end well" for seed in lives if not lives[seed]["ended well"]]
    return {
        "command": f"PYTHONPATH=tests python tests/benchmarks/kill.py --times {times}",
        "versions": {"gan_doctor": gan_doctor.__version__, "torch": torch.__version__},
        "summary": {
            "kills": len(kills),
            "before the first flush": len(kills) - len(found),
            "steps trained": sum(kill["step"] - kill["began"] for kill in found),
            "torn lines": sum(kill["torn"] for kill in found),
            "most steps lost, in flushes": max(
                ((kill["step"] - kill["read"]) / kill["flush"] for kill in found), default=None
            ),
            "promises broken": [text for kill in kills for text in kill["broken"]] + ends,
        },
        "lives": lives,
    }


if __name__ == "__main__":
    main()
