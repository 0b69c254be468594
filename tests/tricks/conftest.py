from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from gan_doctor.core import Finding
from gan_doctor.training import TrainConfig, train


@pytest.fixture
def finding() -> Callable[[str], Finding]:
    """A finding of a signature, with nothing special about it."""
    return lambda slug: Finding("GD000", slug, "critical", "Something is wrong.", 100, 200)


@pytest.fixture
def two_steps() -> Callable[..., list[torch.Tensor]]:
    """The weights of G and D after two steps of the smallest training with some tricks."""

    def run(data: str = "ring", **tricks: object) -> list[torch.Tensor]:
        settings = {"data": data, "steps": 2, "batch_size": 16, "width": 8, "latent": 4}
        named = {slug.replace("_", "-"): given for slug, given in tricks.items()}
        config = TrainConfig.of(settings={**settings, "tricks": named})
        done = train(config)
        return [*done.generator.state_dict().values(), *done.discriminator.state_dict().values()]

    return run
