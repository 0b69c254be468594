"""Real data that is close to noise, on which a doctor must not see a G that learned nothing."""

from __future__ import annotations

import math

import torch

from gan_doctor.training.data.dataset import Dataset

_IMAGES, _SIDE = 5_000, 16
_GRAIN = 0.08  # cycles a pixel: how slowly it changes along the grain


def texture() -> Dataset:
    """Grain (N, 1, 16, 16): white noise, smoothed along a direction of its own in each image.

    It is ours. Across the grain neighbours have nothing in common, as in noise.
    """
    random = torch.Generator().manual_seed(0)
    angle = math.pi * torch.rand(_IMAGES, 1, 1, generator=random)
    noise = torch.randn(_IMAGES, _SIDE, _SIDE, generator=random)
    frequency = torch.fft.fftfreq(_SIDE)
    along = frequency[:, None] * angle.sin() + frequency * angle.cos()  # (N, 16, 16)
    passed = (-(along / _GRAIN).square() / 2).exp()
    # The real part, as the highest frequency has no partner of its own to cancel with.
    grain = torch.fft.ifft2(torch.fft.fft2(noise) * passed).real
    grain = grain / grain.std((1, 2), keepdim=True)
    return Dataset((grain / 2).tanh().unsqueeze(1))
