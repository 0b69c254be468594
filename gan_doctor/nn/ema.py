"""An exponential average of G's weights, to sample from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from gan_doctor.core import ConfigError


class ExponentialAverage:
    """A copy of a network whose weights follow with `average = decay average + (1 - decay) live`.

    ProGAN (Karras 2018) and Yazici 2019 sample from it. Buffers are not averaged but copied, as in
    StyleGAN: the running statistics of BatchNorm are those of the live network. The average hides
    what the live network is going through, so watch the live one for the dynamics.

    Args:
        module: The network, of which a deep copy is made. Wrap it, compile it or attach a monitor
            to it as you like; the copy is apart.
        decay: In [0, 1); .999 to .9999 are in use, `stylegan_decay` gives StyleGAN's.

    Attributes:
        module: The copy, in evaluation mode; its parameters want no gradient.

    Raises:
        ConfigError: `decay` is out of its range.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay = _checked(decay)
        self.module = copy.deepcopy(module).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, module: nn.Module, decay: float | None = None) -> None:
        """Takes in the weights of the live network, after its step.

        Args:
            module: The live network.
            decay: For this update alone, in [0, 1).

        Raises:
            ConfigError: `decay` is out of its range, or the network has other parameters or
                buffers than the one that was copied.
        """
        decay = self.decay if decay is None else _checked(decay)
        averaged, live = dict(self.module.named_parameters()), dict(module.named_parameters())
        kept, current = dict(self.module.named_buffers()), dict(module.named_buffers())
        if averaged.keys() != live.keys() or kept.keys() != current.keys():
            names = sorted((averaged | kept).keys() ^ (live | current).keys())
            raise ConfigError(
                f"The live network and its average differ in {', '.join(names[:4])}: update with "
                "the network that was copied, not with a wrapper of it or with one changed since"
            )
        if averaged:
            old: list[torch.Tensor] = list(averaged.values())
            now: list[torch.Tensor] = [live[name] for name in averaged]
            torch._foreach_lerp_(old, now, 1 - decay)
        for name, buffer in kept.items():
            buffer.copy_(current[name])

    def state_dict(self) -> dict[str, Any]:
        """That of the copy, which a plain network of its kind can load too."""
        return self.module.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave."""
        self.module.load_state_dict(state)


def stylegan_decay(
    batch_size: int,
    seen_images: int,
    half_life_images: float = 10_000,
    rampup: float | None = 0.05,
) -> float:
    """The decay of StyleGAN2: a half-life in images, short at first (Karras 2020, official code).

    Args:
        batch_size: Images of a step.
        seen_images: Images seen so far.
        half_life_images: After how many images a weight counts half.
        rampup: The half-life is at most this share of `seen_images`, so that the average does not
            lag behind early on; None for no such limit.

    Returns:
        `0.5 ** (batch_size / half-life)`; 0 before the first image.

    Example:
        >>> round(stylegan_decay(32, 1_000_000), 4)
        0.9978
        >>> stylegan_decay(32, 640)
        0.5
    """
    half_life = half_life_images
    if rampup is not None:
        half_life = min(half_life, seen_images * rampup)
    return float(0.5 ** (batch_size / max(half_life, 1e-8)))


def _checked(decay: float) -> float:
    if not 0 <= decay < 1:
        raise ConfigError(f"decay must lie in [0, 1), got {decay}")
    return decay
