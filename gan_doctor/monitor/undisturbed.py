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
    kept = [(part, part.training, dict(part._buffers)) for part in parts]
    python, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = sorted({p.device.index or 0 for m in modules for p in m.parameters() if p.is_cuda})
    try:
        # Copies are written to inside, not the buffers themselves: a graph of the training that has
        # yet to run backwards may hold these, and would refuse them once they were written to.
        for part, _, buffers in kept:
            copies = {name: None if b is None else b.clone() for name, b in buffers.items()}
            part._buffers.update(copies)
        with torch.random.fork_rng(devices), torch.no_grad():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        for part, mode, buffers in kept:
            part.training = mode
            part._buffers.clear()
            part._buffers.update(buffers)
