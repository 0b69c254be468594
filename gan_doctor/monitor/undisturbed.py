"""Runs a network for the doctor's own ends and puts back everything that this changes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def undisturbed(*modules: nn.Module) -> Iterator[None]:
    """Without autograd; afterwards modes, buffers and all global random numbers are as they were.

    Args:
        modules: The networks that run inside.
    """
    parts = [part for module in modules for part in module.modules()]
    modes = [part.training for part in parts]
    buffers = [(buffer, buffer.clone()) for module in modules for buffer in module.buffers()]
    # No gradient is kept and no hook of the training sees a forward without autograd.
    python, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = sorted({b.device.index or 0 for m in modules for b in m.parameters() if b.is_cuda})
    try:
        with torch.random.fork_rng(devices), torch.no_grad():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        for part, mode in zip(parts, modes, strict=True):
            part.training = mode
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
