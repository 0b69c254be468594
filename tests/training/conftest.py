from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from gan_doctor.training import TrainConfig, Trained


@pytest.fixture
def small() -> Callable[..., TrainConfig]:
    """The smallest training on some data, with settings over it."""

    def make(data: str = "ring", **settings: object) -> TrainConfig:
        smallest = {"steps": 4, "batch_size": 16, "width": 8, "latent": 4}
        return TrainConfig.of(settings={"data": data, **smallest, **settings})

    return make


@pytest.fixture
def weights() -> Callable[[Trained], list[torch.Tensor]]:
    """All parameters and buffers of a trained pair."""
    return lambda done: [
        *done.generator.state_dict().values(),
        *done.discriminator.state_dict().values(),
    ]
