"""How often the objective of a training is told right, left open, or told wrong.

    python tests/benchmarks/objective_inference.py [--cases 4000]

Draws D's outputs of 32 steps in nine states of a training, computes the losses from them as people
write them in every family, reduction, label and batch size, lays over them what real loops add, and
asks `fitting_objectives` about so many of the combinations. Writes how often the one answer was
right in all it said (`family alone`: reduction unknown), how often there was none or several, and
which were wrong, to docs/results/objective_inference.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    mse_loss,
    relu,
    softplus,
)

from gan_doctor.core import FAMILIES
from gan_doctor.monitor.objective_inference import Fit, fitting_objectives

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "objective_inference.json"
STEPS = 32
BATCHES = (4, 64, 256)

# Of D's outputs: how far real and fake means part, their spread within a batch, their drift.
STATES = {
    "early": (0.3, 0.1, 0.05),
    "mid": (1.0, 1.0, 0.3),
    "D ahead": (6.0, 2.0, 0.5),
    "G ahead": (-1.0, 0.5, 0.3),
    "at chance": (0.0, 0.5, 0.2),
    "collapsed": (0.0, 1e-3, 0.3),  # D says the same of everything
    "all within the margin": (0.4, 0.1, 0.02),
    "fakes follow reals": (0.0, 0.3, 0.3),
    "dead": (0.0, 0.0, 0.0),
}

# What is laid over the plain losses in float32, all of it reported with them.
PLAIN = ("nothing", "float16", "bfloat16", "probabilities", "patch maps", "G shown D's label")
OTHERS = (
    "no G loss", "feature matching", "L1 x 100", "R1", "lazy R1", "gradient penalty",
    "constant penalty", "a term below 0", "flips 5 %", "batch flips 5 %", "soft labels",
    "two-sided labels", "reals scored low", "D loss a quarter", "running mean", "epoch mean",
    "two decimals",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A training of which the objective is known."""

    family: str
    reduction: str
    label: float
    coding: tuple[float, float, float] | None
    state: str
    batch: int
    over: str

    def __str__(self) -> str:
        """For the list of wrong answers."""
        return ", ".join(map(str, (v for v in vars(self).values() if v is not None)))


@dataclass
class Stretch:
    """What the inference is given."""

    loss_d: np.ndarray
    real: list[Tensor]
    fake: list[Tensor]
    loss_g: np.ndarray
    generator: list[Tensor]


def cases() -> Iterator[Case]:
    """Every combination there is."""
    kinds: list[tuple[str, float, tuple[float, float, float] | None]] = []
    for family in FAMILIES:
        if family in ("minimax", "non-saturating"):
            kinds += [(family, label, None) for label in (1.0, 0.9, 0.7)]
        elif family == "least-squares":
            kinds += [(family, 1.0, (0.0, 1.0, 1.0)), (family, 1.0, (-1.0, 1.0, 0.0))]
        else:
            kinds.append((family, 1.0, None))
    grid = itertools.product(kinds, ("sum", "mean"), STATES, BATCHES, PLAIN + OTHERS)
    for (family, label, coding), reduction, state, batch, over in grid:
        if family == "relativistic-paired" and reduction == "mean":
            continue  # a single term
        yield Case(family, reduction, label, coding, state, batch, over)


def outputs(case: Case, rng: torch.Generator) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """D's outputs on reals, on fakes, and on the fakes of the G step."""
    gap, spread, drift = STATES[case.state]
    shape = (case.batch, 1, 6, 6) if case.over == "patch maps" else (case.batch, 1)
    scale = float(torch.exp(0.3 * torch.randn((), generator=rng)))
    real, fake, generator = [], [], []
    offset = 0.0
    for step in range(STEPS):
        offset = 0.9 * offset + drift * float(torch.randn((), generator=rng))
        part = gap * (step + 1) / STEPS
        x, f, g = (spread * torch.randn(shape, generator=rng) + offset for _ in range(3))
        if case.state == "fakes follow reals":
            f = 1.5 * x + 0.02 * f
        real.append(scale * (x + part))
        fake.append(scale * (f - part))
        generator.append(scale * (g - part))
    if case.over in ("float16", "bfloat16"):
        dtype = getattr(torch, case.over)
        return tuple([x.to(dtype) for x in xs] for xs in (real, fake, generator))  # type: ignore[return-value]
    if case.over == "probabilities":
        return tuple([x.sigmoid() for x in xs] for xs in (real, fake, generator))  # type: ignore[return-value]
    return real, fake, generator


def cross_entropy(x: Tensor, target: Tensor | float, case: Case) -> Tensor:
    """As torch computes it from what D gives."""
    target = target if isinstance(target, Tensor) else torch.full_like(x, target)
    if case.over == "probabilities":
        return binary_cross_entropy(x, target)
    if x.dtype in (torch.float16, torch.bfloat16):  # autocast runs it in float32
        x, target = x.float(), target.float()
    return binary_cross_entropy_with_logits(x, target)


def labels(x: Tensor, target: float, case: Case, rng: torch.Generator) -> Tensor:
    """The labels of a batch, as the case has them."""
    full = torch.full_like(x, target)
    if case.over == "flips 5 %":
        return torch.where(torch.rand(x.shape, generator=rng) < 0.05, 1 - full, full)
    if case.over == "soft labels":
        return (full - 0.3 * torch.rand(x.shape, generator=rng)).abs()
    return (full - 0.1).abs() if case.over == "two-sided labels" else full


def d_loss(real: Tensor, fake: Tensor, case: Case, rng: torch.Generator) -> Tensor:
    """D's loss as people write it."""
    if case.over == "batch flips 5 %" and torch.rand((), generator=rng) < 0.05:
        real, fake = fake, real
    if case.over == "reals scored low":
        real, fake = -real, -fake
    family = case.family
    if family in ("minimax", "non-saturating"):
        on_real = cross_entropy(real, labels(real, case.label, case, rng), case)
        loss = on_real + cross_entropy(fake, labels(fake, 0.0, case, rng), case)
    elif case.coding is not None:
        loss = mse_loss(real, torch.full_like(real, case.coding[1]))
        loss = loss + mse_loss(fake, torch.full_like(fake, case.coding[0]))
    elif family == "hinge":
        loss = relu(1 - real).mean() + relu(1 + fake).mean()
    elif family == "wasserstein":
        loss = fake.mean() - real.mean()
    elif family == "relativistic-paired":
        loss = softplus((fake - real).float()).mean()
    else:
        loss = softplus((fake.mean() - real).float()).mean()
        loss = loss + softplus((fake - real.mean()).float()).mean()
    weight = 1.0 if case.reduction == "sum" else 0.5
    return loss * weight * (0.25 if case.over == "D loss a quarter" else 1)


def g_loss(real: Tensor, fake: Tensor, case: Case) -> Tensor:
    """G's loss as people write it."""
    if case.over == "reals scored low":
        real, fake = -real, -fake
    if case.family == "minimax":
        return -cross_entropy(fake, 0.0, case)
    if case.family == "non-saturating":
        return cross_entropy(fake, case.label if case.over == "G shown D's label" else 1.0, case)
    if case.coding is not None:
        return mse_loss(fake, torch.full_like(fake, case.coding[2]))
    if case.family in ("hinge", "wasserstein"):
        return -fake.mean()
    if case.family == "relativistic-paired":
        return softplus((real - fake).float()).mean()
    loss = softplus((real.mean() - fake).float()).mean()
    return loss + softplus((real - fake.mean()).float()).mean()


def stretch(case: Case) -> Stretch:
    """The losses that the case reports, and the outputs they came from."""
    number = zlib.crc32(str(case).encode())
    rng = torch.Generator().manual_seed(number)
    real, fake, generator = outputs(case, rng)
    pairs = zip(real, fake, strict=True)
    d = np.array([float(d_loss(r, f, case, rng)) for r, f in pairs])
    others = zip(real, generator, strict=True)
    g = np.array([float(g_loss(r, f, case)) for r, f in others])
    noise = np.random.default_rng(number)
    slow = np.exp(0.3 * np.cumsum(noise.normal(size=STEPS)) / 4)  # a size that wanders
    every16 = np.arange(STEPS) % 16 == 0
    added_d = {
        "R1": 0.05 * slow,
        "lazy R1": 0.8 * slow * every16,
        "gradient penalty": 10 * (0.3 * slow) ** 2,
        "constant penalty": np.full(STEPS, 2.0),
        "a term below 0": -0.3 * slow,
    }
    added_g = {"feature matching": 0.2 * slow, "L1 x 100": 100 * 0.3 * slow}
    d, g = d + added_d.get(case.over, 0), g + added_g.get(case.over, 0)
    if case.over in ("running mean", "epoch mean"):
        d, g = (averaged(losses, case.over) for losses in (d, g))
    if case.over == "two decimals":
        d, g = d.round(2), g.round(2)
    if case.over == "no G loss":
        return Stretch(d, real, fake, np.array([]), [])
    return Stretch(d, real, fake, g, generator)


def averaged(losses: np.ndarray, how: str) -> np.ndarray:
    """What a progress bar shows."""
    if how == "epoch mean":
        return np.cumsum(losses) / np.arange(1, len(losses) + 1)
    mean, shown = losses[0], []
    for loss in losses:
        mean = 0.9 * mean + 0.1 * loss
        shown.append(mean)
    return np.array(shown)


def told(case: Case, fits: tuple[Fit, ...]) -> str:
    """`right`, `family alone`, `several`, `several, not it`, `none` or `WRONG`."""
    if not fits:
        return "none"
    if len(fits) > 1:
        among = any(fit.objective.family == case.family for fit in fits)
        return "several" if among else "several, not it"
    said = fits[0].objective
    wrong = said.family != case.family or said.penalties is not None or said.flip is not None
    wrong |= said.reduction not in (None, case.reduction)
    wrong |= said.smoothing not in (None, case.label)
    wrong |= said.coding not in (None, case.coding)
    if said.family in ("minimax", "non-saturating"):
        output = "probability" if case.over == "probabilities" else "logit"
        wrong |= fits[0].output != output
    if wrong:
        return "WRONG"
    return "family alone" if said.reduction is None else "right"


def main() -> None:
    """Asks over all cases and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=4_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    drawn = random.Random(0).sample(list(cases()), options.cases)
    tables: dict[str, dict[str, Counter[str]]] = {
        name: {} for name in ("over", "state", "family", "batch")
    }
    wrong = []
    for case in track(drawn, "Asking"):
        answer = told(case, fitting_objectives(**vars(stretch(case))))
        for name, table in tables.items():
            table.setdefault(str(getattr(case, name)), Counter())[answer] += 1
        if answer == "WRONG":
            wrong.append(str(case))
    total = sum(tables["family"].values(), Counter())
    command = f"python tests/benchmarks/objective_inference.py --cases {options.cases}"
    result = {"command": command, "cases": total.total(), "all": total, **tables, "wrong": wrong}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    for name, table in tables.items():
        print(f"\n{name}")
        for row, counts in table.items():
            print(f"  {row:22}", dict(counts))
    print("\nall", dict(total), *wrong[:40], sep="\n")


if __name__ == "__main__":
    main()
