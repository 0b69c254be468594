"""The tables of the papers, with a reduced budget, on the reference training.

    python tests/benchmarks/papers.py grid ring [--seeds 5] [--workers 1]
    GAN_DOCTOR_DATA=DIR python tests/benchmarks/papers.py stacked [--seeds 3]

- grid: 25 Gaussians, PacGAN's architecture (Lin 2018): GAN against packing with m = 2.
- ring: 8 Gaussians (Metz 2017): GAN against unrolling, packing, minibatch discrimination and R1.
- stacked: 1,000 modes of stacked MNIST (Lin 2018, setting of table 3): GAN against packing. DIR
  holds mnist10k.npz.

Each training is one line of docs/results/papers.jsonl, with its modes over time; what is there is
not run again. The tables are written to docs/results/papers.md from all of them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from rich.progress import track
from scipy import stats

from gan_doctor.metrics import mixture_quality, mode_coverage
from gan_doctor.training import TrainConfig, train
from gan_doctor.training.classifier import digit_classifier, stacked_modes
from gan_doctor.training.data import load
from gan_doctor.training.drawing import Drawing

RESULTS = Path(__file__).parents[2] / "docs" / "results"
LOG, TABLES = RESULTS / "papers.jsonl", RESULTS / "papers.md"
LOOKS = {"grid": 20, "ring": 20, "stacked": 5}  # over a training
SHOWN = 5  # of them

# Of the paper: networks, betas, batch, latent; of ours: width, rate and steps.
GRID: Mapping[str, Any] = {
    "data": "grid", "network": "maxout", "g_norm": "batch", "depth": 4, "d_depth": 3,
    "width": 128, "d_width": 64, "latent": 2, "batch_size": 100, "beta1": 0.8, "beta2": 0.999,
    "lr_g": 3e-4, "lr_d": 3e-4, "steps": 30_000,
}  # fmt: skip
RING: Mapping[str, Any] = {
    "data": "ring", "latent": 256, "width": 128, "batch_size": 128, "beta1": 0.5, "beta2": 0.999,
    "lr_g": 1e-3, "lr_d": 1e-4, "steps": 5_000,
}  # fmt: skip
STACKED: Mapping[str, Any] = {
    "data": "stacked-mnist", "size": 28, "latent": 256, "width": 16, "d_width": 4, "d_norm": "none",
    "batch_size": 64, "beta1": 0.5, "beta2": 0.99, "lr_g": 1e-4, "lr_d": 2e-4, "steps": 5_000,
}  # fmt: skip

Tricks = Mapping[str, Mapping[str, Any]]
TRAININGS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Tricks]]] = {
    "grid": (GRID, {"GAN": {}, "packing, m = 2": {"packing": {"m": 2}}}),
    "ring": (
        RING,
        {
            "GAN": {},
            "unrolled, K = 5": {"unrolled": {"steps": 5}},
            "packing, m = 2": {"packing": {"m": 2}},
            "minibatch discrimination": {"minibatch-discrimination": {"kernels": 16, "dims": 4}},
            "R1, gamma = .1": {"r1-penalty": {"gamma": 0.1}},
        },
    ),
    "stacked": (STACKED, {"GAN": {}, "packing, m = 2": {"packing": {"m": 2}}}),
}
SAMPLES = {"grid": 2_500, "ring": 2_500, "stacked": 26_000}


def main() -> None:
    """Runs what is missing, then writes the tables."""
    options = _options()
    done = _done()
    missing = [
        (table, method, seed)
        for table in options.tables
        for seed in range(options.seeds)
        for method in TRAININGS[table][1]
        if not any(_is(run, table, method, seed) for run in done)
    ]
    jobs = (delayed(measured)(*job) for job in missing)
    runs = Parallel(n_jobs=options.workers, return_as="generator_unordered")(jobs)
    RESULTS.mkdir(parents=True, exist_ok=True)
    for run in track(runs, "Training", total=len(missing)):
        with LOG.open("a", encoding="utf-8") as log:
            log.write(json.dumps(run) + "\n")
    TABLES.write_text(_page(_done()), encoding="utf-8")
    print(f"{TABLES} says:\n\n{TABLES.read_text(encoding='utf-8')}")


def measured(table: str, method: str, seed: int) -> dict[str, Any]:
    """One training and its modes over time."""
    torch.set_num_threads(1)
    base, methods = TRAININGS[table]
    settings = {**base, "tricks": methods[method], "seed": seed}
    if table == "stacked":
        settings["data_file"] = _mnist()
    config = TrainConfig.of(settings=settings)
    judge = _judge(table)
    looks: list[dict[str, float]] = []

    def look(step: int, drawing: Drawing) -> None:
        looks.append({"step": step, **judge(drawing.fakes(SAMPLES[table]))})

    start = time.process_time()
    train(config, look=look, look_every=config.steps // LOOKS[table])
    hours = (time.process_time() - start) / 3600
    return {
        "table": table, "method": method, "seed": seed, "cpu_hours": round(hours, 4),
        "settings": {**base, "tricks": methods[method]}, "looks": looks,
    }  # fmt: skip


def _judge(table: str) -> Callable[[torch.Tensor], dict[str, float]]:
    if table == "stacked":
        classifier = digit_classifier(_mnist())

        def stacked(x: torch.Tensor) -> dict[str, float]:
            modes, reverse_kl = mode_coverage(stacked_modes(classifier, x), 1000)
            return {"modes": modes.item(), "reverse_kl": reverse_kl.item()}

        return stacked
    mixture = load(table, 0)
    assert mixture.means is not None
    means, sd = mixture.means, mixture.sd

    def quality(x: torch.Tensor) -> dict[str, float]:
        found = mixture_quality(x, means, sd)
        return {
            "modes": found.modes.item(),
            "high_quality": found.high_quality.item(),
            "reverse_kl": found.reverse_kl.item(),
        }

    return quality


def _mnist() -> str:
    if "GAN_DOCTOR_DATA" not in os.environ:
        raise SystemExit("Set GAN_DOCTOR_DATA to the folder that holds mnist10k.npz.")
    return str(Path(os.environ["GAN_DOCTOR_DATA"]) / "mnist10k.npz")


def _done() -> list[dict[str, Any]]:
    """The runs on record that were made with today's settings."""
    if not LOG.exists():
        return []
    runs = [json.loads(line) for line in LOG.read_text(encoding="utf-8").splitlines()]
    today = [run for run in runs if run["settings"] == _settings(run["table"], run["method"])]
    # Two processes may have run the same one, and a seed counts once.
    return list({(r["table"], r["method"], r["seed"]): r for r in today}.values())


def _settings(table: str, method: str) -> dict[str, Any] | None:
    base, methods = TRAININGS[table]
    return {**base, "tricks": methods[method]} if method in methods else None


def _is(run: Mapping[str, Any], table: str, method: str, seed: int) -> bool:
    return (run["table"], run["method"], run["seed"]) == (table, method, seed)


def _page(runs: list[dict[str, Any]]) -> str:
    parts = [_HEAD]
    for table, (base, methods) in TRAININGS.items():
        found = {m: [r for r in runs if (r["table"], r["method"]) == (table, m)] for m in methods}
        if all(found.values()):
            parts += [
                _TITLES[table],
                _rows(found),
                _welch(found),
                _over_time(found),
                _made_with(base),
            ]
    hours = sum(run["cpu_hours"] for run in runs)
    return "\n\n".join(parts) + f"\n\nAll of it took {hours:.1f} CPU hours.\n"


_HEAD = """# The papers' tables, on the reference training

Written by `python tests/benchmarks/papers.py grid ring stacked`; each training is a line of
`papers.jsonl`. Budgets are reduced to what two cores do in hours, so order and effect are to be
compared with the papers, not absolute numbers. A sample is of high quality within 3 sd of the
nearest mean; a mode is hit by one such sample; reverse KL is ln K less the entropy of the histogram
of modes, in nats. All figures are those of the last step (fixed latents, raw G): mean and standard
error over the seeds."""

_TITLES = {
    "grid": "## Grid of 25 (Lin 2018: GAN 17.3 modes, reverse KL .70; packing m = 2 23.8, .13)\n\n"
    "PacGAN's architecture (batch-normalised G of 4 layers, maxout D of 3) with 128 and 64 units\n"
    "instead of 400 and 200, D and G in turn instead of at once, and a fraction of its 400,000\n"
    "iterations. Real data gives 25 modes and 98.89 % of high quality.",
    "ring": "## Ring of 8 (Metz 2017 shows figures only)",
    "stacked": "## Stacked MNIST (Lin 2018, table 3: GAN 78.5 modes, packing m = 2 484.5)\n\n"
    "Modes among 26,000 samples, by a classifier of digits trained on real ones.",
}


def _rows(found: Mapping[str, list[dict[str, Any]]]) -> str:
    first = next(iter(found.values()))[0]["looks"][-1]
    names = [name for name in first if name != "step"]
    lines = [
        "| method | seeds | " + " | ".join(n.replace("_", " ") for n in names) + " |",
        "|---" * (len(names) + 2) + "|",
    ]
    for method, runs in found.items():
        cells = [_mean(run["looks"][-1][name] for run in runs) for name in names]
        lines.append(f"| {method} | {len(runs)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(values: Iterable[float]) -> str:
    x = np.array([v for v in values if not math.isnan(v)])
    if not len(x):
        return "none"
    error = f" +- {x.std(ddof=1) / math.sqrt(len(x)):.3g}" if len(x) > 1 else ""
    return f"{x.mean():.3g}{error}"


def _welch(found: Mapping[str, list[dict[str, Any]]]) -> str:
    """Each method against the first, on the last reverse KL."""
    last = {m: [r["looks"][-1]["reverse_kl"] for r in runs] for m, runs in found.items()}
    base, *others = last
    said = []
    for other in others:
        pair = [np.array(last[m])[~np.isnan(last[m])] for m in (base, other)]
        if min(map(len, pair)) < 2:
            continue
        test = stats.ttest_ind(*pair, equal_var=False, alternative="greater")
        said.append(f"{other} below {base}: t = {test.statistic:.2f}, p = {test.pvalue:.2g}")
    return "Reverse KL, Welch's test, one-sided: " + "; ".join(said) + "." if said else ""


def _over_time(found: Mapping[str, list[dict[str, Any]]]) -> str:
    shown = _shown(next(iter(found.values()))[0])
    lines = [
        "Modes over time:\n",
        "| method | " + " | ".join(f"step {look['step']:,}" for look in shown) + " |",
        "|---" * (len(shown) + 1) + "|",
    ]
    for method, runs in found.items():
        means = np.mean([[look["modes"] for look in _shown(run)] for run in runs], axis=0)
        lines.append(f"| {method} | " + " | ".join(f"{m:.1f}" for m in means) + " |")
    return "\n".join(lines)


def _shown(run: Mapping[str, Any]) -> list[dict[str, float]]:
    """Some looks of a run, evenly spaced, the last among them."""
    every = len(run["looks"]) // SHOWN
    return run["looks"][every - 1 :: every]  # type: ignore[no-any-return]


def _made_with(base: Mapping[str, Any]) -> str:
    return "Settings: " + ", ".join(f"{name} = {value}" for name, value in base.items()) + "."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tables", nargs="+", choices=list(TRAININGS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1, help="Trainings at a time.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
