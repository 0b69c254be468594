"""What a training comes to, so that one under a fault can be held against one without a doctor."""

from __future__ import annotations

from functools import cache

import torch
from loops.gan_loops import Nobody, Training, plain, points

STEPS = 165  # three flushes and eight sample checks of the monitors in these tests


def bits(t: Training) -> torch.Tensor:
    """The weights, bit for bit: NaN is equal to the same NaN."""
    weights = [p.detach().flatten() for m in (t.G, t.D) for p in m.parameters()]
    return torch.cat(weights).view(torch.int32)


@cache
def undisturbed_bits(steps: int = STEPS) -> torch.Tensor:
    """What `plain` on `points` comes to without a doctor."""
    t = points()
    plain(t, Nobody(), steps)
    return bits(t)
