"""The G and D of a training, with the same weights for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from gan_doctor.nn import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator
from gan_doctor.training.config import TrainConfig
from gan_doctor.tricks import Plan


def build(config: TrainConfig, plan: Plan, shape: Sequence[int]) -> tuple[nn.Module, nn.Module]:
    """G and D for samples of a shape, on the device of the training.

    Args:
        config: Widths.
        plan: What D sees as one input, and what wraps D.
        shape: (2,) for points, (C, H, W) for images.
    """
    channels, width = shape[0], config.width
    seen = channels * plan.group  # by D at once
    G: nn.Module
    D: nn.Module
    with _seeded(plan.subseed("weights of G")):
        if len(shape) == 3:
            G = DCGANGenerator(config.latent, channels, shape[1], width)
        else:
            G = MLPGenerator(config.latent, channels, width)
    with _seeded(plan.subseed("weights of D")):
        if len(shape) == 3:
            D = DCGANDiscriminator(seen, shape[1], width, plan.d_norm)
        else:
            D = MLPDiscriminator(seen, width)
        for wrap in plan.d_wrappers:
            D = wrap(D)
    return G.to(plan.device), D.to(plan.device)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    # torch initialises from its global generator; the one of the caller is put back.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
