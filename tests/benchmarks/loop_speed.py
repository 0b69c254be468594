"""Steps per second of the reference training against a bare loop that does the same work.

    python tests/benchmarks/loop_speed.py [--rounds 20] [--trainings ring digits texture]

Both train the same networks on the same data from the same seed, with no monitor, tricks or
checkpoints. They run in turn, each round in another order; what counts is the ratio within a round.
Times are those of the process, between the first and the last of a hundred reports, so that the
set-up is left out. Results go to docs/results/loop_speed.json; the target is a median of .97.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import softplus
from torch.optim import Adam

from gan_doctor.training import TrainConfig, train
from gan_doctor.training.data import load
from gan_doctor.training.networks import build

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "loop_speed.json"
TRAININGS: Mapping[str, Mapping[str, Any]] = {
    "ring": {"data": "ring", "steps": 1_500},
    "digits": {"data": "digits", "steps": 200},
    "texture": {"data": "texture", "steps": 100},
}
RESAMPLES = 2_000  # of the bootstrap

Tell = Callable[[int], None]


def bare(config: TrainConfig, tell: Tell) -> None:
    """The hand-written loop: what a person writes who wants this training and nothing else."""
    data = load(config.data, config.size)
    G, D = build(config, config.plan(), data)
    x = data.batch(torch.arange(len(data)))[0]
    betas = (config.beta1, config.beta2)
    opt_g = Adam(G.parameters(), config.lr_g, betas)
    opt_d = Adam(D.parameters(), config.lr_d, betas)
    n, step = config.batch_size, 0
    while True:
        for chosen in torch.randperm(len(x)).split(n):
            if len(chosen) < n:
                continue
            real = x[chosen]
            with torch.no_grad():
                fake = G(torch.randn(n, config.latent))
            loss_d = softplus(-D(real)).mean() + softplus(D(fake)).mean()
            opt_d.zero_grad()
            loss_d.backward()
            opt_d.step()
            loss_g = softplus(-D(G(torch.randn(n, config.latent)))).mean()
            opt_g.zero_grad()
            loss_g.backward()
            opt_g.step()
            step += 1
            if step % (config.steps // 100) == 0:
                _read(loss_d, loss_g)
                tell(step)
            if step == config.steps:
                return


def ours(config: TrainConfig, tell: Tell) -> None:
    """The reference training."""
    train(config, progress=lambda step, _: tell(step))


def seconds(run: Callable[[TrainConfig, Tell], None], config: TrainConfig) -> float:
    """Processor time for a step."""
    told: list[tuple[int, float]] = []
    run(config, lambda step: told.append((step, time.process_time())))
    (first, start), (last, end) = told[0], told[-1]
    return (end - start) / (last - first)


def main() -> None:
    """Times the trainings asked for and writes the results."""
    options = _options()
    torch.set_num_threads(1)
    results: dict[str, Any] = {
        "command": f"python tests/benchmarks/loop_speed.py --rounds {options.rounds}",
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "trainings": {},
    }
    for name in options.trainings:
        config = TrainConfig.of(settings=TRAININGS[name])
        times: dict[str, list[float]] = {"bare": [], "ours": []}
        for turn in track(range(options.rounds), name):
            for arm in (bare, ours) if turn % 2 else (ours, bare):
                times[arm.__name__].append(seconds(arm, config))
        results["trainings"][name] = found = _compared(times)
        print(f"{name}: {found}")
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _compared(times: Mapping[str, list[float]]) -> dict[str, Any]:
    """Speed of ours for that of the bare loop, by round, with a bootstrap interval of 95 %."""
    ratios = np.array(times["bare"]) / np.array(times["ours"])
    drawn = np.random.default_rng(0).choice(ratios, (RESAMPLES, len(ratios)))
    low, high = np.quantile(np.median(drawn, axis=1), (0.025, 0.975))
    return {
        "bare_ms": round(1e3 * float(np.median(times["bare"])), 3),
        "ours_ms": round(1e3 * float(np.median(times["ours"])), 3),
        "speed_ratio": round(float(np.median(ratios)), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def _read(*losses: Tensor) -> None:
    for loss in losses:
        loss.item()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--trainings", nargs="+", choices=list(TRAININGS), default=list(TRAININGS))
    return parser.parse_args()


if __name__ == "__main__":
    main()
