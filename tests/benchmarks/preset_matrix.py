"""Every sick preset and its healthy twin, trained and diagnosed: who fires on whom.

    python tests/benchmarks/preset_matrix.py [--seeds 1] [--presets NAME ...] [--workers 1]
        [--keep FOLDER]

A preset is trained on its home (digits for most) and, where it has a meaning there, on the ring.
Each training is a line of docs/results/presets.jsonl with the findings of all detectors; what is
there is not run again. The tables go to docs/results/presets.md: for each code, whether its sick
presets raise it, and on which trainings without that fault it was raised. These are the trainings
that the limits were looked at on, so it is no examination. What is kept in a folder is not trained
again: after a change to the detectors, remove the lines and the trainings are only diagnosed anew.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from joblib import Parallel, delayed
from rich.progress import track

import gan_doctor
from gan_doctor.detectors import known
from gan_doctor.training import PRESETS, TrainConfig, train

RESULTS = Path(__file__).parents[2] / "docs" / "results"
LOG, TABLES = RESULTS / "presets.jsonl", RESULTS / "presets.md"
CHECKS = 50

Job = tuple[str, str, bool, int]  # preset, data, twin, seed


def main() -> None:
    """Runs what is missing, then writes the tables."""
    options = _options()
    done = {_job(run) for run in _runs()}
    missing = [
        job
        for seed in range(options.seeds)
        for name in options.presets
        for data in _grounds(name)
        for twin in (False, True)
        if (job := (name, data, twin, seed)) not in done and not (twin and name == "healthy")
    ]
    runs = Parallel(n_jobs=options.workers, return_as="generator_unordered")(
        delayed(diagnosed)(*job, keep=options.keep) for job in missing
    )
    for run in track(runs, "Training", total=len(missing)):
        with LOG.open("a", encoding="utf-8") as log:
            log.write(json.dumps(run) + "\n")
    TABLES.write_text(page(_runs()), encoding="utf-8")


def diagnosed(name: str, data: str, twin: bool, seed: int, keep: Path | None) -> dict[str, Any]:
    """One training, and what stands against it at its end."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    config = TrainConfig.of(name, settings={"data": data, "seed": seed, "twin": twin})
    with tempfile.TemporaryDirectory() as temporary:
        run = (keep or Path(temporary)) / f"{name}-{data}-{'twin' if twin else 'sick'}-{seed}"
        start = time.process_time()
        if not (run / "done").exists():
            every = max(1, config.steps // CHECKS)
            train(config, run, sample_every=every, exists="overwrite")
            (run / "done").touch()
        seconds = time.process_time() - start
        diagnosis = gan_doctor.diagnose(run)
    return {
        "preset": name, "data": data, "twin": twin, "seed": seed, "steps": config.steps,
        "seconds": round(seconds, 1), "outlook": diagnosis.outlook.action,
        "findings": [
            {
                "code": f.code, "severity": f.severity, "onset": f.onset, "alarm": f.alarm,
                "cleared": f.cleared, "cause": f.cause, "remedies": [r.slug for r in f.remedies],
                "message": f.message,
            }
            for f in diagnosis.findings
        ],
        "not_assessed": [v.code for v in diagnosis.verdicts if v.status == "not assessed"],
    }  # fmt: skip


def _grounds(name: str) -> list[str]:
    preset = PRESETS[name]
    grounds = [preset.home]
    return grounds if preset.points is None or preset.home == "ring" else [*grounds, "ring"]


def _runs() -> list[dict[str, Any]]:
    if not LOG.exists():
        return []
    lines = LOG.read_text(encoding="utf-8").splitlines()
    return list({_job(run): run for run in map(json.loads, lines)}.values())


def _job(run: Mapping[str, Any]) -> Job:
    return run["preset"], run["data"], run["twin"], run["seed"]


def page(runs: list[dict[str, Any]]) -> str:
    """The tables in Markdown."""
    kinds = sorted(known().values(), key=lambda kind: kind.code)
    rows = [_row(kind.code, kind().slug, runs) for kind in kinds]
    head = "| code | signature | its sick presets | raised elsewhere (warning or critical) |"
    sick = [f"| {_name(run)} | {_said(run)} |" for run in runs if not run["twin"]]
    well = [f"| {_name(run)} | {_said(run)} |" for run in runs if run["twin"]]
    per_run = "| training | standing at its end |\n|---|---|"
    return "\n".join(
        [_HEAD, "", head, "|---|---|---|---|", *rows, "", "## Sick", "", per_run, *sick, "",
         "## Healthy twins", "", per_run, *well, ""]
    )  # fmt: skip


_HEAD = """# The presets, diagnosed

Written by `python tests/benchmarks/preset_matrix.py`; each training is a line of `presets.jsonl`.
A sick preset counts as found when a finding of its code stands at the end, or for a fault that the
training overcomes, when it was raised. The limits were looked at on these trainings: no
examination."""


def _row(code: str, slug: str, runs: list[dict[str, Any]]) -> str:
    mine = [run for run in runs if PRESETS[run["preset"]].code == code and not run["twin"]]
    found = [f"{_name(run)}: {_found(run, code)}" for run in mine]
    elsewhere = [
        _name(run)
        for run in runs
        if (run["twin"] or PRESETS[run["preset"]].code != code)
        and any(
            f["code"] == code and not f["cause"] and f["severity"] != "info"
            for f in run["findings"]
        )
    ]
    return f"| {code} | {slug} | {'; '.join(found)} | {', '.join(elsewhere)} |"


def _found(run: Mapping[str, Any], code: str) -> str:
    said = [f for f in run["findings"] if f["code"] == code]
    if not said:
        return "not assessed" if code in run["not_assessed"] else "**missed**"
    first = said[0]
    state = first["severity"] if first["cleared"] is None else f"cleared at {first['cleared']:g}"
    return f"{state}, alarm {first['alarm']:g} of {run['steps']}"


def _name(run: Mapping[str, Any]) -> str:
    seed = f", seed {run['seed']}" if run["seed"] else ""
    return f"{run['preset']}{' (twin)' if run['twin'] else ''} on {run['data']}{seed}"


def _said(run: Mapping[str, Any]) -> str:
    standing = [f for f in run["findings"] if f["cleared"] is None and not f["cause"]]
    said = [f"{f['code']} {f['severity']} ({f['alarm']:g})" for f in standing]
    return f"{run['outlook']}: {', '.join(said) or 'nothing'}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--presets", nargs="+", choices=list(PRESETS), default=list(PRESETS))
    parser.add_argument("--workers", type=int, default=1, help="Trainings at a time.")
    parser.add_argument("--keep", type=Path, help="Where to keep the trainings' logs.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
