"""The six hard cases of real training, each a loop of its own with the Monitor's two lines in it.

    GAN_DOCTOR_DATA=DIR python tests/benchmarks/hard_cases.py [--seeds 3] [--cases healthy ...]

DIR holds mnist10k.npz. Trains a DCGAN on 16x16 MNIST, batch 64, non-saturating, 1,200 steps, with
the learning rates of the case, and writes what the doctor said to docs/results/hard_cases.json.
What is already in that file is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import nn
from torch.nn import functional

import gan_doctor

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "hard_cases.json"
STEPS, BATCH, LATENT, WIDTH = 1_200, 64, 64, 32

# What differs from lr 2e-4 for both, beta1 .5 and one D step; and the verdict that is right.
CASES = {
    "healthy": ({}, "nothing critical"),
    "D far ahead, healthy in the end": ({"lr_d": 4e-3, "d_steps": 3}, "nothing critical"),
    "D overpowers G": ({"lr_d": 2e-3, "lr_g": 1e-5}, "discriminator-overpowering"),
    "D fails": ({"lr_d": 1e-6}, "discriminator-failing"),
    "stalled at 2 ln 2": ({"lr_g": 5e-3, "lr_d": 1e-4}, "a warning or critical"),
    "momentum .9": ({"lr_d": 2e-3, "lr_g": 2e-3, "beta1": 0.9}, "a warning or critical"),
}


def mnist16() -> torch.Tensor:
    """(10000, 1, 16, 16) in [-1, 1]."""
    if "GAN_DOCTOR_DATA" not in os.environ:
        raise SystemExit("Set GAN_DOCTOR_DATA to the folder that holds mnist10k.npz.")
    with np.load(Path(os.environ["GAN_DOCTOR_DATA"]) / "mnist10k.npz") as data:
        images = torch.tensor(data["images"], dtype=torch.float32)[:, None] / 127.5 - 1
    return functional.interpolate(images, size=16, mode="bilinear", antialias=True)


def networks() -> tuple[nn.Module, nn.Module]:
    """A DCGAN for 16x16, with its weights' initial law."""
    generator = nn.Sequential(
        nn.ConvTranspose2d(LATENT, 4 * WIDTH, 4, bias=False),
        nn.BatchNorm2d(4 * WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(4 * WIDTH, 2 * WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, 1, 4, 2, 1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 2 * WIDTH, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * WIDTH, 4 * WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(4 * WIDTH),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4 * WIDTH, 1, 4),
        nn.Flatten(),
    )
    for module in [*generator.modules(), *discriminator.modules()]:
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.02)
    return generator, discriminator


def train(
    data: torch.Tensor,
    directory: str,
    seed: int,
    lr_g: float = 2e-4,
    lr_d: float = 2e-4,
    beta1: float = 0.5,
    d_steps: int = 1,
) -> None:
    """The loop of a person who has added two lines: the constructor and `step`."""
    torch.manual_seed(seed)
    G, D = networks()
    opt_g = torch.optim.Adam(G.parameters(), lr_g, (beta1, 0.999))
    opt_d = torch.optim.Adam(D.parameters(), lr_d, (beta1, 0.999))
    doctor = gan_doctor.Monitor(
        directory, generator=G, discriminator=D, loss="non-saturating", total_steps=STEPS
    )
    for _ in range(STEPS):
        for _ in range(d_steps):
            real = data[torch.randint(len(data), (BATCH,))]
            fake = G(torch.randn(BATCH, LATENT, 1, 1)).detach()
            loss_d = functional.softplus(-D(real)).mean() + functional.softplus(D(fake)).mean()
            opt_d.zero_grad()
            loss_d.backward()
            opt_d.step()
        loss_g = functional.softplus(-D(G(torch.randn(BATCH, LATENT, 1, 1)))).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        doctor.step(loss_d=loss_d, loss_g=loss_g)
    doctor.close()


def is_right(expected: str, findings: list[dict]) -> bool:
    """Whether the verdict is the one expected, by what stands at the end."""
    standing = {f["slug"]: f["severity"] for f in findings if f["cleared"] is None}
    if expected == "nothing critical":
        return all(f["severity"] != "critical" for f in findings)
    if expected == "a warning or critical":
        return bool(set(standing.values()) & {"warning", "critical"})
    return standing.get(expected) == "critical"


def examined(directory: str, expected: str, seconds: float) -> dict:
    """What the doctor says of a run, and the numbers behind it."""
    diagnosis = gan_doctor.diagnose(directory)
    findings = [
        {
            name: getattr(f, name)
            for name in ("slug", "severity", "onset", "alarm", "cleared", "cause")
        }
        for f in diagnosis.findings
    ]
    recall = diagnosis.run.get("sample/recall")
    loss, auroc = diagnosis.run.get("loss/d"), diagnosis.run.get("auroc")
    return {
        "right": is_right(expected, findings),
        "findings": findings,
        "outlook": diagnosis.outlook.action,
        "loss_d": [round(float(q), 4) for q in np.quantile(loss.values[100:], [0.05, 0.95])],
        "auroc": [round(float(q), 4) for q in np.quantile(auroc.values[100:], [0.05, 0.95])],
        "recall": {
            int(s): round(float(v), 3) for s, v in zip(recall.steps, recall.values, strict=True)
        },
        "checks": len(recall),
        "monitor_cost": round(float(diagnosis.run.get("monitor/cost").values[-1]), 4),
        "seconds": round(seconds, 1),
    }


def written() -> dict:
    """The results so far, by case and seed."""
    return json.loads(RESULTS.read_text())["runs"] if RESULTS.is_file() else {}


def main() -> None:
    """Runs what is missing and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES))
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = mnist16()
    results = written()
    todo = [(case, seed) for seed in range(options.seeds) for case in options.cases]
    todo = [(case, seed) for case, seed in todo if f"{case}, seed {seed}" not in results]
    for case, seed in track(todo, "Training"):
        changes, expected = CASES[case]
        with tempfile.TemporaryDirectory() as directory:
            started = time.perf_counter()
            train(data, directory, seed, **changes)
            result = examined(directory, expected, time.perf_counter() - started)
        # Read again: another process may be at work on other cases.
        results = written() | {f"{case}, seed {seed}": {"expected": expected, **result}}
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        command = "GAN_DOCTOR_DATA=DIR python tests/benchmarks/hard_cases.py --seeds 3"
        RESULTS.write_text(json.dumps({"command": command, "runs": results}, indent=1) + "\n")
    for name, result in results.items():
        said = [
            f"{f['severity']} {f['slug']} ({f['onset']:g}, {f['alarm']:g})"
            for f in result["findings"]
            if f["cleared"] is None
        ]
        print("right" if result["right"] else "WRONG", "|", name, "|", "; ".join(said) or "nothing")


if __name__ == "__main__":
    main()
