"""Everything that a training needs, put together from its configuration."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_doctor.core import ConfigError
from gan_doctor.training.config import TrainConfig
from gan_doctor.training.data import Batches, Dataset, load
from gan_doctor.training.networks import build
from gan_doctor.training.optimizers import optimizers
from gan_doctor.training.steps import Steps
from gan_doctor.tricks import Plan, Training

HELD_OUT = 512  # reals at most: as many as a sample check takes

_NARROW = {"": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def assembled(config: TrainConfig) -> tuple[Steps, Dataset]:
    """Data, networks, optimizers and the two steps of a training, nothing of it run yet.

    Raises:
        ConfigError: The data or the device cannot be used.
    """
    plan = config.plan()
    data = _data(config, plan)
    if (plan.conditional or plan.class_logits) and data.y is None:
        raise ConfigError(
            f"{config.data} has no labels here, and a conditional training needs them: "
            "take data with classes, or switch projection and class-softmax off"
        )
    G, D = build(config, plan, data)
    now = Training(G, D, *optimizers(plan, G, D), steps=config.steps)
    batches = Batches(
        data,
        config.batch_size * plan.group,
        plan.generator("data", "cpu"),
        plan.shuffle,
        plan.device,
    )
    return Steps(plan, now, batches, config.latent, _NARROW[config.amp]), data


def held_out(config: TrainConfig) -> Tensor | None:
    """(N, ...) reals that `data_limit` keeps from the training, which tell whether D remembers.

    None where there are none, or where D takes more than one sample as it is.
    """
    plan = config.plan()
    if not config.data_limit or plan.group > 1 or plan.conditional:
        return None
    rest = _data(config, plan, rest=True)
    return rest.first(HELD_OUT) if len(rest) else None


def _data(config: TrainConfig, plan: Plan, rest: bool = False) -> Dataset:
    data = load(config.data, config.size, config.data_file)
    if config.data_limit:
        data = data.limited(config.data_limit, plan.subseed("data limit"), rest)
    return data.scaled_to_unit() if plan.data_range == "unit" else data
