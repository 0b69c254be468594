"""One training in several processes, and what each of them saw of it."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from loops.gan_loops import loss_of_d, loss_of_g, points
from loops.witness import Witness, play
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from gan_doctor import Monitor

WORLD = 2
STEPS = 20
# How the doctor is attached, and by which ranks.
WAYS: dict[str, tuple[bool, tuple[int, ...]]] = {
    "alone": (False, ()),
    "wrappers": (False, (0, 1)),
    "inner": (True, (0, 1)),
    "first-rank-only": (False, (0,)),
}


@dataclass
class Seen:
    """What one rank saw, and what its training came to."""

    rows: list[dict[str, float]]
    came_to: dict[str, Any]


def ddp(w: Witness, rank: int, inner: bool) -> None:
    """DistributedDataParallel around both, each rank with data of its own."""
    t = points()
    G, D = DistributedDataParallel(t.G), DistributedDataParallel(t.D)
    doctor = w.attach(*((t.G, t.D) if inner else (G, D)))
    torch.manual_seed(rank)
    for _ in w.steps:
        with torch.no_grad():
            made = G(t.z())
        real, fake = D(t.real()), D(made)
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(D(G(t.z())))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def train(rank: int, folder: Path) -> None:
    """Runs in a process of its own: every way in turn, and writes down what was seen."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    meeting = (folder / "meeting").as_uri()
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=WORLD)
    for way, (inner, ranks) in WAYS.items():
        doctors: list[Monitor] = []
        attach = partial(_attach, folder / way, doctors) if rank in ranks else None
        witness = Witness(attach, STEPS)
        came_to = play(partial(ddp, rank=rank, inner=inner), witness)
        for doctor in doctors:
            doctor.close()
        (folder / f"{way}.{rank}.pickle").write_bytes(pickle.dumps(Seen(witness.rows, came_to)))
    dist.destroy_process_group()


def _attach(
    directory: Path, doctors: list[Monitor], generator: nn.Module, discriminator: nn.Module
) -> Monitor:
    doctors.append(Monitor(directory, generator, discriminator, loss="non-saturating"))
    return doctors[-1]
