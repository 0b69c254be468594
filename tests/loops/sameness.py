"""All that a training is, and whether two of them are the same to the last bit."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer


def everything(modules: Iterable[nn.Module], optimizers: Iterable[Optimizer]) -> dict[str, Any]:
    """Weights, gradients, modes, optimizers and all global random numbers."""
    networks = nn.ModuleList(modules)
    return {
        "weights": [p.detach().clone() for p in networks.parameters()],
        "buffers": [b.clone() for b in networks.buffers()],
        "gradients": [copy.deepcopy(p.grad) for p in networks.parameters()],
        "modes": [m.training for m in networks.modules()],
        "optimizers": [copy.deepcopy(o.state_dict()) for o in optimizers],
        "torch": torch.get_rng_state(),
        "numpy": list(np.random.get_state()),  # noqa: NPY002
        "python": random.getstate(),
    }


def assert_same(a: Any, b: Any, at: str = "") -> None:
    """Equal to the last bit; NaN equals NaN."""
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key], f"{at} {key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{at} {i}")
    elif isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype, at
        assert torch.equal(a.isnan(), b.isnan()), at
        assert torch.equal(a.nan_to_num(), b.nan_to_num()), at
    elif isinstance(a, np.ndarray):
        assert a.tobytes() == b.tobytes(), at
    else:
        assert a == b, at
