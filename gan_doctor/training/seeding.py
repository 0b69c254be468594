"""The global random numbers of torch, which layers such as dropout draw from, for one training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def seeded(seed: int, device: str = "cpu") -> Iterator[None]:
    """Starts them from a seed, and puts those of the caller back afterwards.

    Args:
        seed: Of the CPU and of the device.
        device: Where the training runs.
    """
    on_gpu = torch.device(device).type == "cuda"
    devices = [torch.device(device).index or torch.cuda.current_device()] if on_gpu else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            torch.cuda.manual_seed(seed)
        yield


def random_state(device: str) -> dict[str, Tensor]:
    """The state of both, for a checkpoint."""
    state = {"cpu": torch.get_rng_state()}
    if torch.device(device).type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_random_state(state: dict[str, Tensor], device: str) -> None:
    """Goes on from a state."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.device(device).type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
