"""Reading an event file of TensorBoard: ours against tensorboard's EventAccumulator and tbparse.

    python tests/benchmarks/tensorboard_speed.py [--scalars 200000] [--rounds 7]

The file has 8 tags and is written by PyTorch's SummaryWriter. Ours is the whole reader, up to a
run; theirs is up to steps and values by tag. The arms take turns, each round in another order, and
what counts is the ratio within a round: of the processor times where others use the machine too,
since all run on one thread. All must give the same numbers. Also told is how long our parsing takes
beside tensorboard's own protobuf classes on the same records.

Writes docs/results/tensorboard_speed.json. The targets are ratios of 6 to EventAccumulator and of 8
to tbparse, which takes part only where it is installed.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import importlib.util
import json
import math
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from struct import unpack_from

import numpy as np
from rich.progress import track

from gan_doctor.core import Source
from gan_doctor.readers._event_file import EventFile
from gan_doctor.readers.tensorboard import TensorboardReader

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "tensorboard_speed.json"
TARGETS = {"event_accumulator": 6, "tbparse": 8}
# Each tag is read as a series of another name.
TAGS = {
    "Loss/D": "loss/d", "Loss/G": "loss/g", "D(x)": "score/real", "D(G(z))": "score/fake",
    "GP": "penalty/d", "lr_d": "lr/d", "lr_g": "lr/g", "FID": "metric/fid",
}  # fmt: skip

CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}

Taken = dict[str, dict[str, list[float]]]  # seconds, by arm and clock
Values = Mapping[str, tuple[list[float], list[float]]]


def write(folder: Path, scalars: int) -> Path:
    """The event file."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for step in range(scalars // len(TAGS)):
            for i, tag in enumerate(TAGS):
                writer.add_scalar(tag, 2 + math.sin(0.01 * step + i), step)
    (path,) = folder.glob("events*")
    return path


def ours(path: Path) -> Values:
    """By our reader."""
    run, _ = TensorboardReader().read(Source.of(path))
    found = {str(series.key): series for series in run.series}
    return {
        tag: (found[name].steps.tolist(), found[name].values.tolist()) for tag, name in TAGS.items()
    }


def event_accumulator(path: Path) -> Values:
    """By tensorboard."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0})
    accumulator.Reload()
    found = {tag: accumulator.Scalars(tag) for tag in accumulator.Tags()["scalars"]}
    return {tag: ([e.step for e in some], [e.value for e in some]) for tag, some in found.items()}


def tbparse(path: Path) -> Values:
    """By tbparse."""
    from tbparse import SummaryReader

    tables = SummaryReader(str(path)).scalars.groupby("tag")
    return {tag: (table["step"].tolist(), table["value"].tolist()) for tag, table in tables}


def by_hand(path: Path) -> None:
    """Our parsing alone, with its checksums."""
    EventFile("").feed(Source.of(path))


def by_protobuf(path: Path) -> None:
    """The same records by tensorboard's protobuf classes, without any checksum."""
    from tensorboard.compat.proto.event_pb2 import Event

    data, at, found = path.read_bytes(), 0, {}
    while at < len(data):
        n = unpack_from("<Q", data, at)[0]
        event = Event.FromString(data[at + 12 : at + 12 + n])
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, value.simple_value))
        at += n + 16


def main() -> None:
    """Runs the arms in turn and writes the results."""
    options = _options()
    arms: dict[str, Callable[[Path], Values]] = {
        "ours": ours,
        "event_accumulator": event_accumulator,
    }
    if importlib.util.find_spec("tbparse"):
        arms["tbparse"] = tbparse
    else:
        print("tbparse is not installed: it takes no part.")
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), options.scalars)
        size = path.stat().st_size
        found = {name: arm(path) for name, arm in arms.items()}
        taken = _rounds(arms, path, options.rounds)
        parsing = _rounds({"by_hand": by_hand, "by_protobuf": by_protobuf}, path, options.rounds)
    results = {
        "command": f"python tests/benchmarks/tensorboard_speed.py --scalars {options.scalars} "
        f"--rounds {options.rounds}",
        "machine": platform.processor() or platform.machine(),
        "tensorboard": importlib.metadata.version("tensorboard"),
        "tbparse": importlib.metadata.version("tbparse") if "tbparse" in arms else "not installed",
        "scalars": options.scalars,
        "tags": len(TAGS),
        "file_mb": round(size / 1e6, 1),
        "seconds": {name: _median(taken[name]) for name in arms},
        "targets": TARGETS,
        "ratios": {name: _ratio(taken[name], taken["ours"]) for name in arms if name != "ours"},
        "equal_values": all(found[name] == found["ours"] for name in arms),
        "parsing_seconds": {name: _median(some) for name, some in parsing.items()},
        "protobuf_over_by_hand": _ratio(parsing["by_protobuf"], parsing["by_hand"]),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def _rounds(arms: Mapping[str, Callable[[Path], object]], path: Path, rounds: int) -> Taken:
    """Seconds of each arm in each round, after one that does not count."""
    taken: Taken = {name: {clock: [] for clock in CLOCKS} for name in arms}
    for turn in track(range(rounds + 1)):
        for name in arms if turn % 2 else reversed(arms):
            gc.collect()
            begun = {clock: now() for clock, now in CLOCKS.items()}
            arms[name](path)
            for clock, now in CLOCKS.items():
                taken[name][clock] += [now() - begun[clock]] if turn else []
    return taken


def _median(taken: Mapping[str, list[float]]) -> dict[str, float]:
    return {clock: round(float(np.median(some)), 3) for clock, some in taken.items()}


def _ratio(
    theirs: Mapping[str, list[float]], ours_: Mapping[str, list[float]]
) -> dict[str, dict[str, float]]:
    ratios = {clock: np.array(theirs[clock]) / np.array(ours_[clock]) for clock in CLOCKS}
    return {
        clock: {
            "median": round(float(np.median(some)), 2),
            "lowest": round(float(some.min()), 2),
            "highest": round(float(some.max()), 2),
        }
        for clock, some in ratios.items()
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scalars", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
