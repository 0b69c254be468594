"""The checkpoint of a training: one file, from which it goes on bit for bit."""

from __future__ import annotations

import os
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from gan_doctor.core import ConfigError
from gan_doctor.training.config import CONFIG_FILE, TrainConfig
from gan_doctor.training.seeding import random_state, set_random_state
from gan_doctor.training.steps import Steps

FILE = "checkpoint.pt"

# What may differ between a checkpoint and the training that goes on from it.
_FREE = ("device", "data_file")
_PLAYERS = ("G", "D", "opt_g", "opt_d")


def save(folder: Path, config: TrainConfig, steps: Steps) -> None:
    """Writes the state of a training between two steps; a kill leaves one whole file."""
    state = {
        "config": asdict(config),
        "steps": _state(steps),
        "random": random_state(steps.plan.device),
    }
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{FILE}.part"
    torch.save(state, part)
    os.replace(part, folder / FILE)


def load(folder: Path, config: TrainConfig, steps: Steps) -> None:
    """Goes on from the checkpoint of a folder; an empty or absent folder changes nothing.

    Raises:
        ConfigError: There is a run without a checkpoint, or the checkpoint is damaged or is of
            another configuration.
    """
    path = folder / FILE
    if not path.exists():
        if (folder / CONFIG_FILE).exists():
            raise ConfigError(
                f"{folder} holds a training without a checkpoint, so that it cannot go on: "
                "train with checkpoint_every, or start again with exists='overwrite'"
            )
        return
    try:
        state = torch.load(path, map_location=steps.plan.device, weights_only=True)
        other = _differing(state["config"], asdict(config))
        if other:
            raise ConfigError(
                f"{path} is of a training with other settings ({', '.join(other)}): resume it with "
                f"--config {folder / CONFIG_FILE}, or choose another directory"
            )
        _set_state(steps, state["steps"])
        set_random_state({name: s.cpu() for name, s in state["random"].items()}, steps.plan.device)
    except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise ConfigError(f"{path} cannot be read as a checkpoint: {error}") from error


def _state(steps: Steps) -> dict[str, Any]:
    now = steps.now
    return {
        "step": now.step,
        "d_step": now.d_step,
        **{name: getattr(now, name).state_dict() for name in _PLAYERS},
        "batches": steps.batches.state_dict(),
        "scalers": {net: scaler.state_dict() for net, scaler in steps.scalers.items()},
        "plan": steps.plan.state_dict(),
    }


def _set_state(steps: Steps, state: dict[str, Any]) -> None:
    steps.now.step, steps.now.d_step = state["step"], state["d_step"]
    for name in _PLAYERS:
        getattr(steps.now, name).load_state_dict(state[name])
    steps.batches.load_state_dict(state["batches"])
    for net, scaler in steps.scalers.items():
        scaler.load_state_dict(state["scalers"][net])
    steps.plan.load_state_dict(state["plan"])


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [name for name in other if name not in _FREE and one.get(name) != other[name]]
