"""The G and D of a training, with the same weights for the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import nn

from gan_doctor.nn import (
    ClassDiscriminator,
    ConditionalGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    Discriminator,
    MaxoutDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
    MultiGenerator,
    ProjectionDiscriminator,
    ResNetDiscriminator,
    ResNetGenerator,
    condition_embedding,
    normal_init,
    spectral_norm,
    with_classifier,
)
from gan_doctor.training.config import TrainConfig
from gan_doctor.training.data import Dataset
from gan_doctor.training.seeding import seeded
from gan_doctor.tricks import Plan

EMBEDDED = 16  # numbers that G is told a class in; our choice


def build(config: TrainConfig, plan: Plan, data: Dataset) -> tuple[nn.Module, nn.Module]:
    """G and D for a data set, on the device of the training.

    Args:
        config: Widths and depths.
        plan: What they are made of, and what wraps them.
        data: What they are to learn.
    """
    shape = data.sample_shape
    condition = {"vector": data.told} if data.paired else {"classes": data.classes}

    def bare_generator() -> nn.Module:
        latent = config.latent + (EMBEDDED if plan.conditional else 0)
        return _generator(config, plan, shape, latent)

    with seeded(plan.subseed("weights of G")):
        G: nn.Module
        if plan.generators > 1:
            G = MultiGenerator(bare_generator, plan.generators)
        else:
            G = bare_generator()
        if plan.conditional:
            G = ConditionalGenerator(G, condition_embedding(**condition, dim=EMBEDDED))
        for wrap in plan.g_wrappers:
            G = wrap(G)
    with seeded(plan.subseed("weights of D")):
        bare = _discriminator(config, plan, shape)
        D: nn.Module = bare
        if plan.class_logits:
            D = ClassDiscriminator(bare, data.classes)
        elif plan.conditional:
            D = ProjectionDiscriminator(bare, **condition)
        if plan.generators > 1:
            D = with_classifier(D, plan.generators)
        if plan.spectral_norm:
            D = spectral_norm(D)
        for wrap in plan.d_wrappers:
            D = wrap(D)
    return G.to(plan.device), D.to(plan.device)


def _generator(config: TrainConfig, plan: Plan, shape: tuple[int, ...], latent: int) -> nn.Module:
    if plan.network in ("mlp", "maxout"):
        flat = math.prod(shape)
        G = MLPGenerator(latent, flat, config.width, config.depth, plan.g_norm, plan.g_slope, shape)
        # PacGAN's networks for points start alike (Lin 2018, official code).
        return normal_init(G) if plan.network == "maxout" else G
    kinds: dict[str, Callable[..., nn.Module]] = {
        "dcgan": DCGANGenerator,
        "resnet": ResNetGenerator,
    }
    return kinds[plan.network](
        latent,
        shape[0],
        shape[1],
        config.width,
        norm=plan.g_norm,
        slope=plan.g_slope,
        upsampling=plan.upsampling,
        attention=plan.attention,
    )


def _discriminator(config: TrainConfig, plan: Plan, shape: tuple[int, ...]) -> Discriminator:
    width, seen = config.d_width or config.width, shape[0] * plan.group  # by D at once
    flat = math.prod(shape) * plan.group
    ends: dict[str, Any] = {"dropout": plan.dropout, "late": plan.d_layers}
    depth = config.d_depth or config.depth
    if plan.network == "mlp":
        return MLPDiscriminator(flat, width, depth, plan.d_norm, plan.d_slope, **ends)
    if plan.network == "maxout":
        return MaxoutDiscriminator(flat, width, depth, **ends)
    kinds: dict[str, Callable[..., Discriminator]] = {
        "dcgan": DCGANDiscriminator,
        "resnet": ResNetDiscriminator,
    }
    return kinds[plan.network](
        seen,
        shape[1],
        width,
        norm=plan.d_norm,
        slope=plan.d_slope,
        attention=plan.attention,
        **ends,
    )
